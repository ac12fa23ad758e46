package ssh

import (
	"sync"
	"sync/atomic"
	"time"
)

// silence watches for a host that says nothing while someone waits for it. The
// nil watcher never fires.
type silence struct {
	after time.Duration
	fire  func()
	last  atomic.Int64 // UnixNano of the last sign of life or start of waiting

	mu      sync.Mutex
	waiting int
	timer   *time.Timer
	stopped bool
}

// newSilence returns a watcher, or nil when after is 0.
func newSilence(after time.Duration, fire func()) *silence {
	if after <= 0 {
		return nil
	}
	return &silence{after: after, fire: fire}
}

// heard notes a sign of life.
func (s *silence) heard() {
	if s != nil {
		s.last.Store(time.Now().UnixNano())
	}
}

// begin says that someone starts waiting, end that it is over.
func (s *silence) begin() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting++; s.waiting > 1 || s.stopped {
		return
	}
	s.heard()
	if s.timer == nil {
		s.timer = time.AfterFunc(s.after, s.check)
	} else {
		s.timer.Reset(s.after)
	}
}

func (s *silence) end() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting--; s.waiting == 0 && s.timer != nil {
		s.timer.Stop()
	}
}

// stop ends the watch for good.
func (s *silence) stop() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *silence) check() {
	s.mu.Lock()
	if s.waiting == 0 || s.stopped {
		s.mu.Unlock()
		return
	}
	if left := s.after - time.Since(time.Unix(0, s.last.Load())); left > 0 {
		s.timer.Reset(left)
		s.mu.Unlock()
		return
	}
	s.stopped = true
	s.mu.Unlock()
	s.fire()
}
