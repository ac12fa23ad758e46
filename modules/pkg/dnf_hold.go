package pkg

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/py"
	"pinch/modules"
)

// lockPlugin is the package with the versionlock command.
func (m *dnf) lockPlugin() (string, error) {
	release, _ := strconv.Atoi(grain(m.c, "osmajorrelease")) // no number is an old one
	switch {
	case m.program == "tdnf":
		return "", modules.SaltInvocationError("Cannot proceed, no versionlock for tdnf")
	case !m.isDNF():
		return "yum-plugin-versionlock", nil
	case strings.EqualFold(grain(m.c, "os"), "fedora") && release < 26:
		return "python3-dnf-plugins-extras-versionlock", nil
	case release >= 8:
		return "python3-dnf-plugin-versionlock", nil
	}
	return "python2-dnf-plugin-versionlock", nil
}

// checkLock fails when the plugin is missing.
func (m *dnf) checkLock(ctx context.Context) error {
	plugin, err := m.lockPlugin()
	if err != nil {
		return err
	}
	have, err := m.list(ctx, installed)
	if err != nil {
		return err
	}
	if len(have[plugin]) == 0 {
		return modules.SaltInvocationError("Cannot proceed, " + plugin + " is not installed.")
	}
	return nil
}

var (
	dnfLock = regexp.MustCompile(`\w+(?:[.-][^-]+)*-\S+`)
	yumLock = regexp.MustCompile(`\d+:(\w+(?:[.-][^-]+)*-\S+)`)
)

// locks are the entries of the list of locks as versionlock prints them; with
// dnf5, whose list has names, only those.
func (m *dnf) locks(ctx context.Context) ([]string, error) {
	if m.program == "dnf5" {
		if err := m.checkLock(ctx); err != nil {
			return nil, err
		}
		names, _ := m.dnf5Locks()
		return names, nil
	}
	lock := yumLock
	if m.isDNF() {
		lock = dnfLock
	}
	return m.locksLike(ctx, lock)
}

// locksLike are the parts of the list of locks that match.
func (m *dnf) locksLike(ctx context.Context, lock *regexp.Regexp) ([]string, error) {
	if err := m.checkLock(ctx); err != nil {
		return nil, err
	}
	out, err := m.look(ctx, m.program, "versionlock", "list")
	if err != nil {
		return nil, err
	}
	var locks []string
	for line := range strings.Lines(out.stdout) {
		if s := lock.FindString(line); s != "" {
			locks = append(locks, s)
		}
	}
	return locks, nil
}

// lockedName is the package's name in a lock: what stands before version and
// release.
func lockedName(lock string) string {
	if e, rest, ok := strings.Cut(lock, ":"); ok {
		if _, err := strconv.Atoi(e); err == nil {
			lock = rest
		}
	}
	for _, sep := range []string{".", "-", "-"} {
		if i := strings.LastIndex(lock, sep); i >= 0 {
			lock = lock[:i]
		}
	}
	return lock
}

var tomlText = regexp.MustCompile(`^\s*(name|key|comparator|value)\s*=\s*["'](.*)["']\s*$`)

// dnf5Locks reads dnf5's own list of locks: the names, and as versionlock of
// dnf prints them the locks that tell a version.
func (m *dnf) dnf5Locks() (names, full []string) {
	data, err := m.reader().ReadFile("/etc/dnf/versionlock.toml")
	if err != nil {
		return nil, nil // no file, no locks
	}
	entry, locked := map[string]string{}, false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimRight(line, "\n")
		if head := strings.TrimSpace(line); strings.HasPrefix(head, "[[") {
			name := entry["name"]
			if entry = map[string]string{}; head == "[[packages.conditions]]" {
				entry["name"] = name
			} else {
				locked = false
			}
			continue
		}
		s := tomlText.FindStringSubmatch(line)
		if s == nil {
			continue
		}
		if entry[s[1]] = s[2]; s[1] == "name" && !slices.Contains(names, s[2]) {
			names = append(names, s[2])
		}
		if v := entry["value"]; !locked && v != "" && entry["key"] == "evr" && entry["comparator"] == "=" && entry["name"] != "" {
			if locked = true; !strings.Contains(v, ":") {
				v = "0:" + v
			}
			full = append(full, entry["name"]+"-"+v+".*")
		}
	}
	return names, full
}

func (m *dnf) holds(ctx context.Context) ([]string, error) {
	locks, err := m.locks(ctx)
	if err != nil || m.program == "dnf5" {
		return locks, err
	}
	for i, l := range locks {
		locks[i] = lockedName(l)
	}
	return locks, nil
}

func (m *dnf) hold(ctx context.Context, targets []string) (*py.Dict, error) {
	held, err := m.holds(ctx)
	if err != nil {
		return nil, err
	}
	return m.holdEach(targets, func(t string) bool { return slices.Contains(held, t) }, func(t string) (output, error) {
		return m.change(ctx, "", nil, m.program, "versionlock", "add", t)
	})
}

func (m *dnf) unhold(ctx context.Context, targets []string) (*py.Dict, error) {
	locks, err := m.locks(ctx)
	if err != nil {
		return nil, err
	}
	found := func(t string) (out []string) {
		for _, l := range locks {
			switch {
			case m.program == "dnf5" && l == t:
				out = append(out, l)
			case m.program == "dnf" && lockedName(l) == t:
				out = append(out, t)
			case m.program == "yum" && fnmatch.Match("*"+t+"*", l) && lockedName(l) == t:
				out = append(out, l)
			}
		}
		return out
	}
	return m.unholdEach(targets, func(t string) bool { return found(t) != nil }, func(t string) (output, error) {
		return m.change(ctx, "", nil, slices.Concat([]string{m.program, "versionlock", "delete"}, found(t))...)
	})
}
