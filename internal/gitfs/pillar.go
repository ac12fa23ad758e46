package gitfs

import (
	"context"
	"strconv"

	"pinch/internal/py"
)

// PillarDir is a directory of the external pillar git.
type PillarDir struct {
	Env  string // "__env__" stands for the pillar's environment
	Path string // on the disk
	// Mounted says that its top file does not count: it is only a root for
	// the others.
	Mounted bool
}

// ReadPillar reads the remotes of the external pillar git.
func ReadPillar(list py.Value, opts, set *py.Dict) ([]*Remote, error) {
	return ReadRemotes(RolePillar, list, opts, set)
}

// Checkout returns the directories of the remotes and the disk that they are
// on. A branch or a root that a remote does not have is told to log and left
// out, as Salt does; a remote that cannot be fetched is an error.
func Checkout(ctx context.Context, remotes []*Remote, mirrors *Mirrors, opts *py.Dict, used func(Use), log func(level, format string, args ...any)) (*Disk, []PillarDir, error) {
	disk := NewDisk()
	var dirs []PillarDir
	mounted := map[string]bool{}
	for i, r := range remotes {
		m, err := mirrors.Get(ctx, r.Access)
		if err != nil {
			return nil, nil, err
		}
		target := r.checkoutTarget(opts)
		ref, commit := m.branchOrTag(target, r.fallback)
		if commit == "" {
			log("error", "Failed to checkout %s from git_pillar remote '%s': remote ref does not exist", target, r.Where())
			continue
		}
		tree, err := m.Tree(ctx, commit)
		if err != nil {
			return nil, nil, wrap(m.URL, err)
		}
		at := label(m.URL, commit)
		if !mounted[at] {
			mounted[at] = true
			disk.Mount(at, tree)
		}
		used(Use{Role: RolePillar, Remote: m.URL, Env: r.pillarEnv(target, opts), Ref: ref, Commit: commit})
		dir := PillarDir{Env: r.pillarEnv(target, opts), Path: join(at, r.root)}
		if info, err := disk.Stat(dir.Path); err != nil || !info.IsDir() {
			log("error", "Root path '%s' not present in git_pillar remote '%s', skipping.", r.root, r.Where())
			continue
		}
		if r.mountpoint != "" {
			links := at + "+" + strconv.Itoa(i+1)
			disk.symlink(links+"/"+r.mountpoint, dir.Path)
			dir.Path, dir.Mounted = links, true
		}
		dirs = append(dirs, dir)
	}
	return disk, dirs, nil
}

// branchOrTag returns the first name that is a branch or a tag.
func (m *Mirror) branchOrTag(names ...string) (name, commit string) {
	for _, name := range names {
		for _, prefix := range []string{branchPrefix, tagPrefix} {
			if c := m.refs[prefix+name]; name != "" && c != "" {
				return name, c
			}
		}
	}
	return "", ""
}

// pillarEnv is the pillar environment that a remote belongs to.
func (r *Remote) pillarEnv(target string, opts *py.Dict) string {
	switch {
	case r.Branch == "__env__" && r.hasAll:
		return envOf(opts)
	case r.env != "":
		return r.env
	case r.Branch == r.base, target == r.base:
		return "base"
	}
	return target
}
