package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// blobDir is the cache of large plain files beside the shim: one file a
// content, named by its SHA-256, which the controller uploads over SFTP.
const blobDir = "blobs"

// blobAge is how long an unused blob is kept.
const blobAge = 30 * 24 * time.Hour

// blobs is the cache. Uploads of one content are shared.
type blobs struct {
	dir string // "" : no cache

	mu      sync.Mutex
	fetches map[string]*upload
}

type upload struct {
	done chan struct{}
	err  error
}

func newBlobs(dir string) *blobs {
	if dir != "" {
		dir = filepath.Join(dir, blobDir)
	}
	return &blobs{dir: dir, fetches: map[string]*upload{}}
}

func (b *blobs) usable() bool { return b.dir != "" }

func (b *blobs) path(hash string) string { return filepath.Join(b.dir, hash) }

// has says whether a complete blob is there. Its content is checked when it
// is read.
func (b *blobs) has(hash string, size int64) bool {
	fi, err := os.Lstat(b.path(hash))
	return err == nil && fi.Mode().IsRegular() && fi.Size() == size
}

// ensure waits until the blob is there, asking the controller to upload it.
func (b *blobs) ensure(ctx context.Context, s *server, info modules.SourceInfo) error {
	if b.has(info.Hash, info.Size) {
		return nil
	}
	b.mu.Lock()
	f := b.fetches[info.Hash]
	if f == nil {
		f = &upload{done: make(chan struct{})}
		b.fetches[info.Hash] = f
		go func() {
			defer close(f.done)
			_, f.err = s.conn.Call(ctx, "source.upload", py.DictOf("n", py.Int(info.ID), "path", py.Str(b.path(info.Hash))))
			if f.err == nil && !b.has(info.Hash, info.Size) {
				f.err = fmt.Errorf("%s is not there after its upload", b.path(info.Hash))
			}
			if f.err != nil { // the next to ask tries again
				b.mu.Lock()
				delete(b.fetches, info.Hash)
				b.mu.Unlock()
			}
		}()
	}
	b.mu.Unlock()
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// open opens a blob, uploading it first when it is missing. A blob whose
// content is wrong is removed and fetched once more.
func (b *blobs) open(ctx context.Context, s *server, info modules.SourceInfo) (*os.File, error) {
	for attempt := 0; ; attempt++ {
		if err := b.ensure(ctx, s, info); err != nil {
			return nil, err
		}
		f, err := os.Open(b.path(info.Hash))
		if err != nil {
			return nil, err
		}
		h := sha256.New()
		if _, err := io.Copy(h, f); err != nil {
			f.Close()
			return nil, err
		}
		if hex.EncodeToString(h.Sum(nil)) == info.Hash {
			now := time.Now()
			// a blob that cannot be touched expires earlier, that is all
			_ = os.Chtimes(f.Name(), now, now)
			_, err := f.Seek(0, io.SeekStart)
			return f, err
		}
		f.Close()
		if attempt > 0 {
			return nil, fmt.Errorf("%s: its content does not have the hash of its name", f.Name())
		}
		if err := os.Remove(f.Name()); err != nil {
			return nil, err
		}
		b.mu.Lock()
		delete(b.fetches, info.Hash)
		b.mu.Unlock()
	}
}

// prefetch starts the uploads that the bundle will need while its first
// states run: of large plain sources that neither the cache nor the managed
// file has. The returned function waits for it to end.
func (b *blobs) prefetch(ctx context.Context, s *server, bundle *low.Bundle) (wait func()) {
	if !b.usable() || bundle.Test {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 4)
	for i := range bundle.Chunks {
		c := &bundle.Chunks[i]
		for ref, large := range c.Large {
			n, ok := c.Sources[ref]
			if !ok {
				continue
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				select {
				case slots <- struct{}{}:
					defer func() { <-slots }()
				case <-ctx.Done():
					return
				}
				if sameContent(c.Name(), large.Hash, large.Size) {
					return
				}
				// the state that needs it reports the error
				_ = b.ensure(ctx, s, modules.SourceInfo{ID: n, Hash: large.Hash, Size: large.Size})
			}()
		}
	}
	return func() {
		cancel()
		wg.Wait()
	}
}

func sameContent(path, hash string, size int64) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() || fi.Size() != size {
		return false
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return err == nil && hex.EncodeToString(h.Sum(nil)) == hash
}

// expire removes blobs that nobody has used for blobAge, and what an upload
// that never ended left.
func (b *blobs) expire(now time.Time) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return // no cache yet
	}
	for _, e := range entries {
		fi, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) || err != nil {
			continue
		}
		if now.Sub(fi.ModTime()) > blobAge {
			_ = os.Remove(filepath.Join(b.dir, e.Name())) // the next run tries again
		}
	}
}
