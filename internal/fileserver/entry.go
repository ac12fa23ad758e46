package fileserver

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"sync"
)

// maxKept bounds the size of a file whose content stays in memory. Larger
// files are read again by whoever needs them.
const maxKept = 1 << 20

// fileEntry is what is known of one file; each part is found once.
type fileEntry struct {
	disk Disk
	path string

	statOnce sync.Once
	info     fs.FileInfo
	statErr  error

	readOnce sync.Once
	data     []byte
	readErr  error

	textOnce sync.Once
	text     string

	hashMu sync.Mutex
	hashes map[string]string
}

// entry returns the shared entry of a file.
func (s *Server) entry(at Found) *fileEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.files[at.Path]
	if !ok {
		e = &fileEntry{disk: at.Disk, path: at.Path}
		s.files[at.Path] = e
	}
	return e
}

func (e *fileEntry) stat() (fs.FileInfo, error) {
	e.statOnce.Do(func() { e.info, e.statErr = e.disk.Stat(e.path) })
	return e.info, e.statErr
}

// Stat returns the file's size, mode and times.
func (f *File) Stat() (fs.FileInfo, error) { return f.entry.stat() }

// Read returns the content. The slice is shared and must not be changed.
func (f *File) Read() ([]byte, error) {
	e := f.entry
	info, err := e.stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > maxKept {
		return ReadFile(e.disk, e.path)
	}
	e.readOnce.Do(func() { e.data, e.readErr = ReadFile(e.disk, e.path) })
	return e.data, e.readErr
}

// Text returns the content as text, the same string each time.
func (f *File) Text() (string, error) {
	raw, err := f.Read()
	if err != nil {
		return "", err
	}
	e := f.entry
	if info, err := e.stat(); err != nil || info.Size() > maxKept {
		return string(raw), err
	}
	e.textOnce.Do(func() { e.text = string(raw) })
	return e.text, nil
}

// Hash returns the content's hash as hexadecimal text. kind is Salt's
// hash_type: md5, sha1, sha224, sha256, sha384 or sha512.
func (f *File) Hash(kind string) (string, error) {
	e := f.entry
	e.hashMu.Lock()
	defer e.hashMu.Unlock()
	if h, ok := e.hashes[kind]; ok {
		return h, nil
	}
	h, err := NewHash(kind)
	if err != nil {
		return "", err
	}
	in, err := e.disk.Open(e.path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	if _, err := io.Copy(h, in); err != nil {
		return "", fmt.Errorf("%s: hashing: %w", e.path, err)
	}
	if e.hashes == nil {
		e.hashes = map[string]string{}
	}
	sum := hex.EncodeToString(h.Sum(nil))
	e.hashes[kind] = sum
	return sum, nil
}

// HashType returns the configured hash_type.
func (s *Server) HashType() string {
	if s.opts.HashType == "" {
		return "sha256"
	}
	return s.opts.HashType
}

// NewHash returns the hash that Salt calls kind.
func NewHash(kind string) (hash.Hash, error) {
	switch kind {
	case "md5":
		return md5.New(), nil
	case "sha1":
		return sha1.New(), nil
	case "sha224":
		return sha256.New224(), nil
	case "sha256":
		return sha256.New(), nil
	case "sha384":
		return sha512.New384(), nil
	case "sha512":
		return sha512.New(), nil
	}
	return nil, fmt.Errorf("hash type %q is not known (md5, sha1, sha224, sha256, sha384, sha512)", kind)
}
