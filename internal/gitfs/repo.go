package gitfs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// Repo reads the objects of one repository. It is safe for concurrent use.
type Repo struct {
	dir string // the git directory, or a work tree

	mu    sync.Mutex // of cat
	cat   *catFile
	treeM sync.Mutex
	trees map[string]*treeEntry
}

type treeEntry struct {
	once sync.Once
	tree *Tree
	err  error
}

// NewRepo returns the repository of a git directory or work tree.
func NewRepo(dir string) *Repo { return &Repo{dir: dir, trees: map[string]*treeEntry{}} }

// Close ends the process that reads objects, if one runs.
func (r *Repo) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cat == nil {
		return nil
	}
	cat := r.cat
	r.cat = nil
	return cat.close()
}

// Resolve returns the id of the commit that a revision names.
func (r *Repo) Resolve(ctx context.Context, rev string) (string, error) {
	if rev == "" || strings.HasPrefix(rev, "-") {
		return "", fmt.Errorf("%q is no revision", rev)
	}
	out, err := command{dir: r.dir, args: []string{"rev-parse", "--verify", rev + "^{commit}"}}.run(ctx)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(out)), nil
}

// refs returns the commits that the references below the prefixes name, by
// full name. References to anything else are left out.
func (r *Repo) refs(ctx context.Context, prefixes ...string) (map[string]string, error) {
	args := append([]string{"for-each-ref", "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)"}, prefixes...)
	out, err := command{dir: r.dir, args: args}.run(ctx)
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for _, line := range strings.Split(string(out), "\n") {
		f := strings.Split(line, "\x00")
		switch {
		case len(f) != 5:
		case f[1] == "commit":
			refs[f[0]] = f[2]
		case f[3] == "commit":
			refs[f[0]] = f[4]
		}
	}
	return refs, nil
}

// Tree returns the tree of a commit, read once.
func (r *Repo) Tree(ctx context.Context, commit string) (*Tree, error) {
	r.treeM.Lock()
	e, ok := r.trees[commit]
	if !ok {
		e = &treeEntry{}
		r.trees[commit] = e
	}
	r.treeM.Unlock()
	e.once.Do(func() {
		var out []byte
		out, e.err = command{dir: r.dir, args: []string{"ls-tree", "-r", "-t", "-z", "-l", "--full-tree", commit}}.run(context.WithoutCancel(ctx))
		if e.err == nil {
			e.tree, e.err = parseTree(r, out)
		}
	})
	return e.tree, e.err
}

// blob writes the content of a blob to w.
func (r *Repo) blob(id string, w io.Writer) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cat == nil {
		cat, err := startCatFile(r.dir)
		if err != nil {
			return fmt.Errorf("git cat-file: %w", err)
		}
		r.cat = cat
	}
	err := r.cat.copy(id, w)
	var missing *missingError
	if err != nil && !errors.As(err, &missing) {
		// what the process still has to say belongs to nobody
		r.cat.kill()
		r.cat = nil
	}
	return err
}

// catFile is a running `git cat-file --batch`.
type catFile struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

func startCatFile(dir string) (*catFile, error) {
	c := &catFile{cmd: exec.Command("git", "cat-file", "--batch")}
	c.cmd.Dir, c.cmd.Env, c.cmd.Stderr = dir, environ(), &c.stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReaderSize(out, 64<<10)
	return c, c.cmd.Start()
}

// missingError says that an object is not in the repository.
type missingError struct{ id string }

func (e *missingError) Error() string { return "git object " + e.id + " is missing" }

// copy asks for one object and writes its content.
func (c *catFile) copy(id string, w io.Writer) error {
	if _, err := io.WriteString(c.in, id+"\n"); err != nil {
		return c.failed(err)
	}
	head, err := c.out.ReadString('\n')
	if err != nil {
		return c.failed(err)
	}
	f := strings.Fields(head)
	if len(f) == 2 && f[1] == "missing" {
		return &missingError{id}
	}
	if len(f) != 3 || f[1] != "blob" {
		return fmt.Errorf("git cat-file: %s: unexpected answer %q", id, head)
	}
	size, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil {
		return fmt.Errorf("git cat-file: %s: unexpected answer %q", id, head)
	}
	if _, err := io.CopyN(w, c.out, size); err != nil {
		return c.failed(err)
	}
	if b, err := c.out.ReadByte(); err != nil || b != '\n' {
		return c.failed(io.ErrUnexpectedEOF)
	}
	return nil
}

func (c *catFile) failed(err error) error {
	return fmt.Errorf("git cat-file: %w", err)
}

func (c *catFile) close() error {
	if err := c.in.Close(); err != nil {
		c.kill()
		return err
	}
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("git cat-file: %w: %s", err, oneLine(c.stderr.String()))
	}
	return nil
}

// kill ends the process; how it ends is of no interest.
func (c *catFile) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

func wrap(where string, err error) error { return fmt.Errorf("%s: %w", where, err) }
