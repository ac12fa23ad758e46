package modules

import "sync"

// RetcodeKey is the memo key under which command functions leave the exit
// status (int64) of the last command, Salt's __context__["retcode"].
const RetcodeKey = "cmd/retcode"

// Memo keeps what one run has learnt about its host, so that nothing is asked
// twice. Keys are "family/question" ("pkg/installed"); a function that changes
// what was asked drops the family.
type Memo struct {
	mu sync.Mutex
	m  map[string]any
}

// NewMemo returns an empty memo.
func NewMemo() *Memo { return &Memo{m: map[string]any{}} }

// Remember returns the value kept under key, or asks for it and keeps it. An
// error is not kept. Concurrent askers may ask twice.
func Remember[T any](m *Memo, key string, ask func() (T, error)) (T, error) {
	m.mu.Lock()
	v, ok := m.m[key]
	m.mu.Unlock()
	if ok {
		return v.(T), nil
	}
	t, err := ask()
	if err != nil {
		return t, err
	}
	m.Put(key, t)
	return t, nil
}

// Get returns the value kept under key.
func (m *Memo) Get(key string) (any, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.m[key]
	return v, ok
}

// Put keeps a value.
func (m *Memo) Put(key string, v any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.m[key] = v
}

// Drop forgets a key, or with a final slash every key below it; "" is all.
func (m *Memo) Drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if key == "" {
		clear(m.m)
		return
	}
	if n := len(key); key[n-1] == '/' {
		for k := range m.m {
			if len(k) >= n && k[:n] == key {
				delete(m.m, k)
			}
		}
		return
	}
	delete(m.m, key)
}
