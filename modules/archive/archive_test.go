package archive

import (
	"encoding/base64"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/host"
	"pinch/modules"
)

// encrypted is a zip archive of a file f with "one\n" and the password geheim,
// which Python's zipfile reads.
const encrypted = "UEsDBBQAAQAAAAAAIVifqBf4EAAAAAQAAAABAAAAZvaKGMhGsfmUVk+8m4PiP71QSwECHgMUAAEAAAAAACFYn6gX+BAAAAAEAAAAAQAAAAAAAAAAAAAApIEAAAAAZlBLBQYAAAAAAQABAC8AAAAvAAAAAAA="

func TestPassword(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(encrypted)
	if err != nil {
		t.Fatal(err)
	}
	h := host.NewFake(map[string]string{"/a.zip": string(data)})
	c := &modules.Call{Reader: h}
	read := func(password string) (got string, err error) {
		err = walk(t.Context(), c, nil, "/a.zip", "zip", password, func(m member, content io.Reader) error {
			if content == nil {
				got = "no content"
				return nil
			}
			all, err := io.ReadAll(content)
			got = m.name + "=" + string(all)
			return err
		})
		return got, err
	}
	if got, err := read("geheim"); err != nil || got != "f=one\n" {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := read(""); err != nil || got != "no content" {
		t.Errorf("without password: %q, %v", got, err)
	}
	if got, err := read("falsch"); err == nil {
		t.Errorf("with the wrong password: %q", got)
	}
}

func TestGlob(t *testing.T) {
	h := host.NewFake(map[string]string{"/a/x.tar": "", "/a/y.tar": "", "/a/.z.tar": "", "/b/x.tar": "", "/b/c/d": ""})
	for pattern, want := range map[string][]string{
		"/a/*.tar": {"/a/x.tar", "/a/y.tar"}, "/*/x.tar": {"/a/x.tar", "/b/x.tar"}, "/a/.*": {"/a/.z.tar"}, "/none/*": nil, "a/[!x].tar": {"a/y.tar"}, "/b/*/d": {"/b/c/d"},
	} {
		if diff := cmp.Diff(want, glob(h, pattern)); diff != "" {
			t.Errorf("%s: %s", pattern, diff)
		}
	}
}

func TestTrimmed(t *testing.T) {
	if diff := cmp.Diff([]string{"a", "List trimmed after 1 files."}, trimmed([]string{"a", "b"}, 1)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a", "b"}, trimmed([]string{"a", "b"}, 0)); diff != "" {
		t.Error(diff)
	}
}
