package gitfs

import (
	"io/fs"
	"path"
	"testing"
)

// FuzzParseTree reads whatever a repository may make git say, and looks for
// all of it on a disk.
func FuzzParseTree(f *testing.F) {
	f.Add([]byte("040000 tree 11 -\td\x00100644 blob 22 5\td/f\x00120000 blob 33 9\td/l\x00160000 commit 44 -\tm\x00"), "d/f")
	f.Add([]byte("100644 blob 22 5\ta/b\x00"), "a")
	f.Add([]byte("100644 blob 22 x\ta\x00040000 tree 1 -\t\x00"), "..")
	f.Fuzz(func(t *testing.T, out []byte, name string) {
		tree, err := parseTree(nil, out)
		if err != nil {
			return
		}
		for dir, n := range tree.nodes {
			for _, c := range n.children {
				full := c
				if dir != "" {
					full = dir + "/" + c
				}
				if tree.nodes[full] == nil {
					t.Errorf("%q has the child %q, which is nowhere", dir, c)
				}
			}
			n.linkOnce.Do(func() { n.link = "../" + name }) // without a repository
		}
		d := NewDisk()
		d.Mount("at", tree)
		for _, p := range []string{name, path.Join("at", name), "at/" + name} {
			info, err := d.Stat(p)
			if err != nil {
				continue
			}
			if real, err := d.Real(p); err != nil {
				t.Errorf("%q is there and has no real path: %v", p, err)
			} else if again, err := d.Stat(real); err != nil || again.Mode() != info.Mode() {
				t.Errorf("%q is %q, which is another: %v", p, real, err)
			}
			if _, err := d.ReadDir(p); (err == nil) != info.IsDir() {
				t.Errorf("reading the directory %q: %v", p, err)
			}
			if info.Mode()&fs.ModeSymlink != 0 {
				t.Errorf("%q: Stat does not follow links", p)
			}
		}
	})
}
