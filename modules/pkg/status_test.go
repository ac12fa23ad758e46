package pkg

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const statusText = `Package: bash
Essential: yes
Status: install ok installed
Architecture: amd64
Version: 5.2-1
Description: GNU Bourne Again SHell
 Package: not a field
Conffiles:
 /etc/bash.bashrc 89269e1298235f1b12b4c16e4065ad0d

Package: libc6
Status: install ok installed
Architecture: i386
Multi-Arch: same
Version: 2.36-9

Package: libc6
status: hold ok installed
architecture: amd64
version: 2.36-9

Package: old
Status: deinstall ok config-files
Architecture: all
Version: 1.0

Package: going
Status: purge ok installed
Architecture: all
Version: 2.0

Package: staying
Status: deinstall ok installed
Architecture: all
Version: 3.0

Package: half
Status: install ok half-configured
Architecture: all
Version: 4.0

Package: virtual
Status: unknown ok not-installed
Architecture: all

Package: broken
Version: 1
Status: install
`

func TestParseStatus(t *testing.T) {
	entries := parseStatus([]byte(statusText))
	if len(entries) != 8 {
		t.Fatalf("%d entries: %+v", len(entries), entries)
	}
	if want := (dpkgEntry{"bash", "amd64", "5.2-1", "install", "ok", "installed"}); entries[0] != want {
		t.Errorf("got %+v, want %+v", entries[0], want)
	}
	db := group(entries, true, "amd64")
	got := []map[string][]string{db.installed, db.removed, db.purgeDesired}
	want := []map[string][]string{
		{"bash": {"5.2-1"}, "libc6:i386": {"2.36-9"}, "libc6": {"2.36-9"}, "staying": {"3.0"}},
		{"old": {"1.0"}},
		{"going": {"2.0"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// elsewhere a foreign architecture is not named
	if _, ok := group(entries, false, "arm64").installed["libc6:i386"]; ok {
		t.Error("libc6:i386 is named")
	}
}

func TestOverlay(t *testing.T) {
	entries := parseStatus([]byte(statusText))
	newer := parseStatus([]byte("Package: bash\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 5.3\n\nPackage: new\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n"))
	entries = overlay(entries, newer)
	if len(entries) != 9 || entries[0].version != "5.3" || entries[0].state != "unpacked" || entries[8].name != "new" {
		t.Errorf("got %+v", entries)
	}
}

func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(statusText))
	f.Add([]byte("Status:\n:\n \nPackage"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, e := range parseStatus(data) {
			if e.name == "" || e.state == "" {
				t.Fatalf("incomplete entry %+v", e)
			}
		}
	})
}
