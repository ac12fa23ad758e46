package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// groupParent is the control group under which all machines of the lab are.
const groupParent = "pinch-lab"

// groupRoots are the control group hierarchies in which systemd keeps its
// units: one on a unified system, two on a hybrid one.
func groupRoots() []string {
	const root = "/sys/fs/cgroup"
	var st unix.Statfs_t
	if err := unix.Statfs(root, &st); err == nil && st.Type == unix.CGROUP2_SUPER_MAGIC {
		return []string{root}
	}
	var roots []string
	for _, name := range []string{"systemd", "unified"} {
		dir := filepath.Join(root, name)
		if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err == nil {
			roots = append(roots, dir)
		}
	}
	return roots
}

// makeGroup makes the machine's control group and returns the files a process
// writes itself into to enter it.
func makeGroup(name string) (procs []string, err error) {
	for _, root := range groupRoots() {
		dir := filepath.Join(root, groupParent, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("control group: %w", err)
		}
		procs = append(procs, filepath.Join(dir, "cgroup.procs"))
	}
	return procs, nil
}

// killGroup kills every process in the machine's control group, waits until
// they are gone and removes the group.
func killGroup(name string) error {
	deadline := time.Now().Add(20 * time.Second)
	for _, root := range groupRoots() {
		dir := filepath.Join(root, groupParent, name)
		for {
			dirs, pids, err := groupMembers(dir)
			if err != nil {
				return fmt.Errorf("lab: %s: control group: %w", name, err)
			}
			for _, pid := range pids {
				if err := unix.Kill(pid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
					return fmt.Errorf("lab: %s: kill process %d: %w", name, pid, err)
				}
			}
			if len(pids) == 0 && removeGroups(dirs) {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("lab: %s: processes %v do not end", name, pids)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

// groupMembers lists a control group with all groups below it, outermost
// first, and the processes in them. A group that does not exist is empty.
func groupMembers(dir string) (dirs []string, pids []int, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.IsDir() {
			return err
		}
		dirs = append(dirs, path)
		data, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) {
				return nil
			}
			return err
		}
		for _, word := range strings.Fields(string(data)) {
			pid, err := strconv.Atoi(word)
			if err != nil {
				return fmt.Errorf("%s: %q: %w", path, word, err)
			}
			if pid > 0 {
				pids = append(pids, pid)
			}
		}
		return nil
	})
	return dirs, pids, err
}

// removeGroups removes empty control groups, innermost first, and tells whether all are gone.
func removeGroups(dirs []string) bool {
	gone := true
	for i := len(dirs) - 1; i >= 0; i-- {
		if err := unix.Rmdir(dirs[i]); err != nil && !errors.Is(err, unix.ENOENT) {
			gone = false
		}
	}
	return gone
}
