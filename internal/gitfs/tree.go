package gitfs

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Modes of tree entries.
const (
	modeDir     = 0o040000
	modeExec    = 0o100755
	modeLink    = 0o120000
	modeGitlink = 0o160000 // a submodule
)

// Tree is the tree of one commit, in full depth.
type Tree struct {
	repo  *Repo
	nodes map[string]*node // by path; "" is the root
}

// node is one entry of a tree.
type node struct {
	mode     uint32
	id       string
	size     int64
	children []string // names in a directory, sorted

	linkOnce sync.Once
	link     string
	linkErr  error

	spoolOnce sync.Once
	spool     *os.File
	spoolErr  error
}

func (n *node) isDir() bool  { return n.mode == modeDir }
func (n *node) isLink() bool { return n.mode == modeLink }

// isFile says that it is a blob and no link.
func (n *node) isFile() bool { return !n.isDir() && !n.isLink() && n.mode != modeGitlink }

// parseTree reads the output of ls-tree -r -t -z -l.
func parseTree(repo *Repo, out []byte) (*Tree, error) {
	t := &Tree{repo: repo, nodes: map[string]*node{"": {mode: modeDir}}}
	for _, rec := range bytes.Split(out, []byte{0}) {
		if len(rec) == 0 {
			continue
		}
		meta, name, ok := strings.Cut(string(rec), "\t")
		f := strings.Fields(meta)
		if !ok || len(f) != 4 {
			return nil, fmt.Errorf("git ls-tree: unexpected line %q", rec)
		}
		mode, err := strconv.ParseUint(f[0], 8, 32)
		if err != nil {
			return nil, fmt.Errorf("git ls-tree: unexpected mode in %q", rec)
		}
		n := &node{mode: uint32(mode), id: f[2]}
		if f[3] != "-" {
			if n.size, err = strconv.ParseInt(f[3], 10, 64); err != nil {
				return nil, fmt.Errorf("git ls-tree: unexpected size in %q", rec)
			}
		}
		t.nodes[name] = n
	}
	for name := range t.nodes {
		if name == "" {
			continue
		}
		dir, base := path.Split(name)
		parent, ok := t.nodes[strings.TrimSuffix(dir, "/")]
		if !ok || !parent.isDir() {
			return nil, fmt.Errorf("git ls-tree: %q lies in no directory", name)
		}
		parent.children = append(parent.children, base)
	}
	for _, n := range t.nodes {
		slices.Sort(n.children)
	}
	return t, nil
}

// maxLinkText is more than any system lets a link say.
const maxLinkText = 64 << 10

// readlink returns the text of a symbolic link.
func (t *Tree) readlink(n *node) (string, error) {
	n.linkOnce.Do(func() {
		if n.size > maxLinkText {
			n.linkErr = fmt.Errorf("a symbolic link of %d bytes", n.size)
			return
		}
		var b bytes.Buffer
		n.linkErr = t.repo.blob(n.id, &b)
		n.link = b.String()
	})
	return n.link, n.linkErr
}

// maxInMemory is up to which size a file is read into memory when it is
// opened; larger ones go through a temporary file.
const maxInMemory = 1 << 20

// open opens a file of the tree.
func (t *Tree) open(n *node) (content, error) {
	if n.size <= maxInMemory {
		var b bytes.Buffer
		if err := t.repo.blob(n.id, &b); err != nil {
			return content{}, err
		}
		r := bytes.NewReader(b.Bytes())
		return content{Reader: r, ReaderAt: r}, nil
	}
	n.spoolOnce.Do(func() { n.spool, n.spoolErr = t.spool(n.id) })
	if n.spoolErr != nil {
		return content{}, n.spoolErr
	}
	r := io.NewSectionReader(n.spool, 0, n.size)
	return content{Reader: r, ReaderAt: r}, nil
}

// spool writes a blob to a file without a name, which lasts as long as the
// process.
func (t *Tree) spool(id string) (*os.File, error) {
	f, err := os.CreateTemp("", "pinch-blob-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close() // the first error counts
		return nil, err
	}
	if err := t.repo.blob(id, f); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// content is an open file. Nothing is held open for it alone.
type content struct {
	io.Reader
	io.ReaderAt
}

func (content) Close() error { return nil }
