package pkg

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/modules"
)

const dpkgDir = "/var/lib/dpkg"

// dpkgEntry is what the package database says of one package.
type dpkgEntry struct {
	name, arch, version string
	// want is the selection (install, hold, deinstall, purge), flag "ok" or
	// "reinstreq", state what is there (installed, config-files, ...).
	want, flag, state string
}

// parseStatus reads dpkg's status file: paragraphs of "Field: value" with
// continuation lines. Field names ignore case; a paragraph without a package
// name or with a broken status is left out.
func parseStatus(data []byte) []dpkgEntry {
	var out []dpkgEntry
	var e dpkgEntry
	end := func() {
		if e.name != "" && e.state != "" {
			out = append(out, e)
		}
		e = dpkgEntry{}
	}
	for len(data) > 0 {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		if len(bytes.TrimSpace(line)) == 0 {
			end()
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		// only these four fields matter of a file of some megabytes
		switch line[0] {
		case 'P', 'p', 'S', 's', 'V', 'v', 'A', 'a':
		default:
			continue
		}
		i := bytes.IndexByte(line, ':')
		if i < 0 {
			continue
		}
		var field *string
		switch key := line[:i]; {
		case bytes.EqualFold(key, []byte("Package")):
			field = &e.name
		case bytes.EqualFold(key, []byte("Version")):
			field = &e.version
		case bytes.EqualFold(key, []byte("Architecture")):
			field = &e.arch
		case bytes.EqualFold(key, []byte("Status")):
			if w := strings.Fields(string(line[i+1:])); len(w) == 3 {
				e.want, e.flag, e.state = w[0], w[1], w[2]
			}
			continue
		default:
			continue
		}
		*field = string(bytes.TrimSpace(line[i+1:]))
	}
	end()
	return out
}

// database is the package database in Salt's three groups: version lists by
// name, sorted.
type database struct {
	installed, removed, purgeDesired map[string][]string

	stamp stamp
}

type stamp struct {
	size    int64
	inode   uint64
	mod     time.Time
	updates int
}

// dbKey is the memo's key of the database.
const dbKey = "pkg/database"

// readDatabase returns dpkg's database, read again only when it has changed.
func readDatabase(c *modules.Call, r host.Reader) (*database, error) {
	info, err := r.Stat(dpkgDir + "/status")
	if err != nil {
		return nil, fmt.Errorf("package database of dpkg: %w", err)
	}
	updates, err := pendingUpdates(r)
	if err != nil {
		return nil, err
	}
	now := stamp{info.Size, info.Inode, info.ModTime, len(updates)}
	if v, ok := c.Memo.Get(dbKey); ok {
		if db := v.(*database); db.stamp == now {
			return db, nil
		}
	}
	data, err := r.ReadFile(dpkgDir + "/status")
	if err != nil {
		return nil, fmt.Errorf("package database of dpkg: %w", err)
	}
	entries := parseStatus(data)
	for _, name := range updates {
		data, err := r.ReadFile(path.Join(dpkgDir, "updates", name))
		if err != nil {
			return nil, fmt.Errorf("package database of dpkg: %w", err)
		}
		entries = overlay(entries, parseStatus(data))
	}
	cpuarch, _ := c.Grains.GetStr("cpuarch")
	db := group(entries, str(cpuarch) == "x86_64", grain(c, "osarch"))
	db.stamp = now
	c.Memo.Put(dbKey, db)
	return db, nil
}

// pendingUpdates lists the files that dpkg has written beside its status file
// and not merged yet (it was interrupted, or runs), in order.
func pendingUpdates(r host.Reader) ([]string, error) {
	dir, err := r.ReadDir(dpkgDir + "/updates")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("package database of dpkg: %w", err)
	}
	var out []string
	for _, e := range dir {
		if strings.Trim(e.Name(), "0123456789") == "" {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

func overlay(entries, newer []dpkgEntry) []dpkgEntry {
	for _, n := range newer {
		i := slices.IndexFunc(entries, func(e dpkgEntry) bool {
			return e.name == n.name && (e.arch == n.arch || e.arch == "" || n.arch == "")
		})
		if i < 0 {
			entries = append(entries, n)
		} else {
			entries[i] = n
		}
	}
	return entries
}

// group sorts packages as pkg.list_pkgs does. A foreign architecture is named
// only on amd64, as there.
func group(entries []dpkgEntry, nameForeign bool, osarch string) *database {
	db := &database{installed: map[string][]string{}, removed: map[string][]string{}, purgeDesired: map[string][]string{}}
	for _, e := range entries {
		if e.version == "" || e.arch == "" || e.state == "not-installed" {
			continue
		}
		name := e.name
		if nameForeign && osarch == "amd64" && e.arch != "all" && e.arch != osarch {
			name += ":" + e.arch
		}
		var to map[string][]string
		switch {
		case (strings.Contains(e.want, "install") || e.want == "hold") && strings.Contains(e.state, "installed"):
			to = db.installed // "deinstall ok installed" is still installed
		case e.want == "deinstall":
			to = db.removed
		case e.want == "purge" && e.state == "installed":
			to = db.purgeDesired
		default:
			continue
		}
		if !slices.Contains(to[name], e.version) {
			to[name] = append(to[name], e.version)
			slices.Sort(to[name])
		}
	}
	return db
}
