package jinja

import (
	"hash/maphash"
	"sync"

	"pinch/internal/pyre"
)

// Cache shares parsed templates between renders and goroutines. Its zero value
// is not usable; a nil *Cache keeps nothing.
type Cache struct {
	seed   maphash.Seed
	shards [16]cacheShard
	// regexes are the compiled patterns of Salt's regex filters.
	regexes pyre.Cache
}

type cacheShard struct {
	mu sync.RWMutex
	m  map[cacheKey]*Template
}

type cacheKey struct {
	name, file, source string
	opts               Options
}

// maxPerShard bounds the cache; a full shard starts anew.
const maxPerShard = 4096

// NewCache returns an empty cache.
func NewCache() *Cache { return &Cache{seed: maphash.MakeSeed()} }

// Parse is Parse with the result kept for the same name, source and options.
func (c *Cache) Parse(name, source string, o Options) (*Template, error) {
	return c.parse(name, name, source, &o)
}

func (c *Cache) parse(name, file, source string, o *Options) (*Template, error) {
	if c == nil {
		return parseFile(name, file, source, *o)
	}
	s := &c.shards[maphash.String(c.seed, source)%uint64(len(c.shards))]
	key := cacheKey{name, file, source, *o}
	s.mu.RLock()
	t := s.m[key]
	s.mu.RUnlock()
	if t != nil {
		return t, nil
	}
	t, err := parseFile(name, file, source, *o)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil || len(s.m) >= maxPerShard {
		s.m = map[cacheKey]*Template{}
	}
	if old := s.m[key]; old != nil {
		return old, nil
	}
	s.m[key] = t
	return t, nil
}

// Len returns how many templates are kept.
func (c *Cache) Len() int {
	n := 0
	for i := range c.shards {
		c.shards[i].mu.RLock()
		n += len(c.shards[i].m)
		c.shards[i].mu.RUnlock()
	}
	return n
}
