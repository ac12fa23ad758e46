package firewalld

import (
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/modules"
)

// remember keeps an answer as long as the permanent settings stay as they are,
// which other states change too: by commands, files and packages.
func remember[T any](f *firewall, key string, ask func() (T, error)) (T, error) {
	return modules.Remember(f.c.Memo, memoKey+key+"\x00"+stamp(f.c), ask)
}

// stamp tells one state of the files of the permanent settings from another.
func stamp(r host.Reader) string {
	var b strings.Builder
	note := func(file string) {
		if fi, err := r.Stat(file); err == nil {
			fmt.Fprintf(&b, "%s %d %d %d\n", file, fi.Inode, fi.Size, fi.ModTime.UnixNano())
		}
	}
	for _, root := range []string{"/etc/firewalld", "/usr/lib/firewalld"} {
		note(root + "/firewalld.conf")
		for _, kind := range []string{"zones", "services", "icmptypes"} {
			note(root + "/" + kind)
			entries, err := r.ReadDir(root + "/" + kind)
			if err != nil || root != "/etc/firewalld" {
				continue // what packages bring is new when its directory is
			}
			for _, e := range entries {
				note(root + "/" + kind + "/" + e.Name())
			}
		}
	}
	return b.String()
}
