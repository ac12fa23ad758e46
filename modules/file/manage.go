package file

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pydiff"
	"pinch/internal/pypath"
	"pinch/states/low"
)

// target is a file to be made what it should be (the arguments of Salt's
// file.manage_file).
type target struct {
	name        string
	src         *content // nil: no source
	contents    []byte
	hasContents bool
	perms       perms
	keepMode    bool
	backup      py.Value
	makedirs    bool
	dirMode     string
	showChanges bool
	ignore      ignoring
	newFileDiff bool
}

// maxDiff bounds the contents that a diff is made of.
const maxDiff = 32 << 20

// manageFile brings a file's content and permissions in order and notes in r
// what was done. The error is an exception of Salt's.
func (o *op) manageFile(ctx context.Context, r *ret, t target) (*ret, error) {
	t.name = expandUser(o, t.name)
	if t.src != nil && t.keepMode && (t.src.scheme == "salt" || t.src.scheme == "file" || t.src.scheme == "") {
		t.perms.mode = octal(t.src.mode)
	}
	if isFile(o.w, t.name) || isLink(o.w, t.name) {
		return o.manageExisting(ctx, r, t)
	}
	return o.manageNew(ctx, r, t)
}

// manageExisting is manageFile for a file that is there.
func (o *op) manageExisting(ctx context.Context, r *ret, t target) (*ret, error) {
	link := isLink(o.w, t.name)
	real := t.name
	if link && t.perms.follow {
		var err error
		if real, err = host.Realpath(o.w, t.name); err != nil {
			return r, err
		}
	}
	replaceLink := link && !t.perms.follow
	counts := false
	var before *status
	switch {
	case t.src != nil:
		same := !replaceLink && t.src.info != nil && t.src.info.Same
		if !replaceLink && !same {
			sum, err := fileHash(o.w, real, orText(t.src.sum.kind, "sha256"))
			if err != nil {
				return r, err
			}
			same = t.src.sum.isSet() && sum == t.src.sum.sum
		}
		if same {
			break
		}
		if problem, err := o.verify(ctx, t.src, t.src.source, true); problem != "" || err != nil {
			return r.fail(problem), err
		}
		diff, c, err := o.sourceDiff(ctx, real, t)
		if err != nil {
			return r, err
		}
		counts = c
		if diff != "" {
			r.change("diff", py.Str(diff))
		}
		if before, err = o.commit(ctx, real, t); err != nil {
			return r.fail("Failed to commit change: " + osError(err)), nil
		}
	case t.hasContents:
		old, err := o.w.ReadFile(real)
		if err != nil {
			r.changes = py.NewDict()
			return r, err
		}
		diff, c := contentDiff(old, t.contents, t.showChanges, t.ignore)
		counts = c
		if diff == "" && !bytes.Equal(old, t.contents) {
			diff = hiddenDiff
		}
		if replaceLink {
			diff = orText(diff, "Replace symbolic link with regular file")
		}
		if diff == "" {
			break
		}
		r.change("diff", py.Str(diff))
		if before, err = o.commit(ctx, real, t); err != nil {
			return r.fail("Failed to commit change: " + osError(err)), nil
		}
	}
	if _, err := o.checkPerms(ctx, t.name, r, t.perms, before); err != nil {
		return r, err
	}
	switch {
	case r.changes.Len() > 0:
		r.comment = "File " + t.name + " updated"
		if r.result == low.False {
			break
		}
		if t.ignore.any() && !counts {
			r.skipReq()
		}
	case r.result == low.True:
		r.comment = "File " + t.name + " is in the correct state"
	}
	return r, nil
}

// verify compares a downloaded source with the hash that it must have.
func (o *op) verify(ctx context.Context, src *content, what string, hint bool) (problem string, err error) {
	if !src.remote || !src.sum.isSet() {
		return "", nil
	}
	got, err := src.hash(ctx, o, src.sum.kind)
	if err != nil || got == src.sum.sum {
		return "", err
	}
	problem = fmt.Sprintf("Specified %s checksum for %s (%s) does not match actual checksum (%s)", src.sum.kind, what, src.sum.sum, got)
	if hint {
		problem += ". If the 'source_hash' value refers to a remote file with multiple possible matches, then it may be necessary to set 'source_hash_name'."
	}
	return problem, nil
}

// sourceDiff is the diff of a file and its source.
func (o *op) sourceDiff(ctx context.Context, real string, t target) (diff string, counts bool, err error) {
	if !t.showChanges {
		return hiddenDiff, true, nil
	}
	info, err := o.w.Stat(real)
	if err != nil {
		return "", false, err
	}
	if info.Size > maxDiff || t.src.size(o) > maxDiff {
		return o.largeDiff(ctx, real, t.src)
	}
	old, err := o.w.ReadFile(real)
	if err != nil {
		return "", false, err
	}
	new, err := t.src.read(ctx, o)
	if err != nil {
		return "", false, err
	}
	diff, counts = contentDiff(old, new, true, t.ignore)
	return diff, counts, nil
}

// largeDiff is sourceDiff for files that no diff is made of.
func (o *op) largeDiff(ctx context.Context, real string, src *content) (diff string, counts bool, err error) {
	head := func(f io.ReadCloser, err error) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }() // only read
		b := make([]byte, textBlock)
		n, err := io.ReadFull(f, b)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = nil
		}
		return b[:n], err
	}
	old, err := head(o.w.Open(real))
	if err != nil {
		return "", false, err
	}
	new, err := head(src.open(ctx, o))
	if err != nil {
		return "", false, err
	}
	if !isText(old) || !isText(new) {
		return pydiff.File(old, append(new, 0)[:len(new)]), true, nil
	}
	return fmt.Sprintf("Replace text file (no diff: over %d MiB)", maxDiff>>20), true, nil
}

// commit writes the content of an existing file at once with its new owner
// and mode, and returns what it had before.
func (o *op) commit(ctx context.Context, real string, t target) (*status, error) {
	old, statErr := stats(o.w, real, true)
	if mode := o.backupMode(t.backup); (mode == "minion" || mode == "both") && statErr == nil {
		if err := o.backupMinion(real); err != nil {
			return nil, fmt.Errorf("backup: %w", err)
		}
	}
	opt := host.WriteOptions{NoFollow: true, UID: wantedID(o, t.perms.user, uidOf), GID: wantedID(o, t.perms.group, gidOf)}
	if m, ok := parseMode(t.perms.mode); ok && t.perms.mode != "" {
		opt.Mode = &m
	}
	if statErr == nil && isLink(o.w, real) { // the new file takes after the link's target
		opt.Mode, opt.UID, opt.GID = orPtr(opt.Mode, old.Mode), orPtr(opt.UID, old.UID), orPtr(opt.GID, old.GID)
	}
	if err := o.put(ctx, real, t, opt); err != nil {
		return nil, err
	}
	if statErr != nil {
		return nil, nil
	}
	return &old, nil
}

// put writes the wanted content.
func (o *op) put(ctx context.Context, path string, t target, opt host.WriteOptions) error {
	if t.hasContents {
		return o.w.WriteFile(path, bytes.NewReader(t.contents), opt)
	}
	if t.src == nil {
		return o.w.WriteFile(path, bytes.NewReader(nil), opt)
	}
	f, err := t.src.open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // reading tells
	return o.w.WriteFile(path, f, opt)
}

func orPtr[T any](p *T, v T) *T {
	if p != nil {
		return p
	}
	return &v
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func wantedID(r host.Reader, v py.Value, of func(host.Reader, py.Value) (int, bool)) *int {
	if !given(v) {
		return nil
	}
	n, ok := of(r, v)
	if !ok {
		return nil
	}
	return &n
}

// manageNew is manageFile for a file that is not there.
func (o *op) manageNew(ctx context.Context, r *ret, t target) (*ret, error) {
	if t.src != nil {
		if problem, err := o.verify(ctx, t.src, t.name, false); problem != "" || err != nil {
			return r.fail(problem), err
		}
	}
	if dir := pypath.Dir(t.name); !isDir(o.w, dir) {
		if !t.makedirs {
			return r.fail("Parent directory not present"), nil
		}
		if t.dirMode == "" && t.perms.mode != "" {
			t.dirMode = dirModeFor(t.perms.mode)
		}
		if _, err := o.makedirs(ctx, t.name, t.perms.user, t.perms.group, t.dirMode); err != nil {
			return r, err
		}
	}
	if dir := pypath.Dir(t.name); !isDir(o.w, dir) { // something else is in its place
		if t.src != nil {
			return r, execError("[Errno 2] No such file or directory: " + t.name)
		}
		return r, execError(host.Strerror(syscall.ENOTDIR))
	}
	umask := fs.FileMode(o.w.Umask())
	// What Salt's new file has before its permissions are set, which decides
	// what counts as a change: mkstemp's mode for a source, the umask's else.
	first := fs.FileMode(0o600)
	if t.src == nil && t.perms.mode == "" {
		first = 0o666 &^ umask
	}
	p := t.perms
	p.follow = false
	if p.mode == "" {
		p.mode = octal(uint32(0o666 &^ umask))
	}
	opt := host.WriteOptions{NoFollow: true, Mode: &first, UID: wantedID(o, p.user, uidOf), GID: wantedID(o, p.group, gidOf)}
	if m, ok := parseMode(p.mode); ok {
		opt.Mode = &m
	}
	err := o.put(ctx, t.name, t, opt)
	if err == nil {
		err = o.relabel(ctx, t.name)
	}
	if err != nil {
		if _, ok := host.Errno(err); ok && t.src == nil { // Salt fails to touch the file
			err = execError(errText(err))
		}
		return r, err
	}
	switch {
	case t.src == nil && !t.hasContents:
		r.change("new", py.Str("file "+t.name+" created"))
		r.comment = "Empty file"
	default:
		r.change("diff", py.Str("New file"))
	}
	if t.newFileDiff && (t.src != nil || t.hasContents) {
		data := t.contents
		if !t.hasContents {
			var err error
			if data, err = t.src.read(ctx, o); err != nil {
				return r, err
			}
		}
		diff, _ := contentDiff(nil, data, true, ignoring{})
		r.change("diff", py.Str(diff))
	}
	before := status{user: userName(o, o.Getuid()), mode: octal(uint32(first))}
	if now, err := stats(o.w, t.name, false); err == nil {
		before.UID, before.GID, before.group = o.Getuid(), now.GID, now.group
		if opt.GID != nil {
			before.GID = o.defaultGID(pypath.Dir(t.name))
			before.group = groupName(o, before.GID)
		}
	}
	if _, err := o.checkPerms(ctx, t.name, r, p, &before); err != nil {
		return r, err
	}
	if r.comment == "" {
		r.comment = "File " + t.name + " updated"
	}
	if r.changes.Len() == 0 && r.result == low.True {
		r.comment = "File " + t.name + " is in the correct state"
	}
	if t.ignore.any() && r.changes.Len() > 0 {
		r.skipReq()
	}
	return r, nil
}

// relabel gives a new file the security label of the policy where SELinux is
// enforced: the directory's default is not always that of the name.
func (o *op) relabel(ctx context.Context, name string) error {
	enforce, err := o.w.ReadFile("/sys/fs/selinux/enforce")
	if err != nil || string(enforce) != "1" || o.LookPath("restorecon") == "" {
		return nil //nolint:nilerr // no SELinux
	}
	_, err = o.w.Run(ctx, host.Cmd{Argv: []string{"restorecon", name}})
	return err
}

// defaultGID is the group that a new file in a directory gets.
func (o *op) defaultGID(dir string) int {
	if i, err := o.w.Stat(dir); err == nil && i.Mode&fs.ModeSetgid != 0 {
		return i.GID
	}
	return o.processGID()
}

// processGID is the primary group of the user that we run as.
func (o *op) processGID() int {
	if u, ok := o.UserID(o.Getuid()); ok {
		return u.GID
	}
	return 0
}
