package acl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
)

// What real Salt's acl.getfacl makes of this output.
func TestParse(t *testing.T) {
	got := parse("# file: /opt/d\\040x\n# owner: root\n# group: adm\n# flags: -s-\nuser::rwx\nuser:web:rw-\t\t#effective:r--\ngroup::r-x\nmask::r--\nother::---\n" +
		"default:user::rwx\ndefault:group:ops:r-x\n\n# file: f\n# owner: a\n# group: b\nuser::r--\n")
	perms := func(r, w, x string) string {
		return "'permissions': {'read': " + r + ", 'write': " + w + ", 'execute': " + x + "}"
	}
	want := "{'/opt/d x': {'comment': {'file': '/opt/d x', 'owner': 'root', 'group': 'adm', 'flags': '-s-'}, " +
		"'user': [{'root': {" + perms("True", "True", "True") + ", 'octal': 7}}, {'web': {" + perms("True", "True", "False") + ", 'octal': 6}}], " +
		"'group': [{'adm': {" + perms("True", "False", "True") + ", 'octal': 5}}], 'sgid': True, " +
		"'mask': [{'': {" + perms("True", "False", "False") + ", 'octal': 4}}], 'other': [{'': {" + perms("False", "False", "False") + ", 'octal': 0}}], " +
		"'defaults': {'user': [{'root': {" + perms("True", "True", "True") + ", 'octal': 7}}], 'group': [{'ops': {" + perms("True", "False", "True") + ", 'octal': 5}}]}}, " +
		"'f': {'comment': {'file': 'f', 'owner': 'a', 'group': 'b'}, 'user': [{'a': {" + perms("True", "False", "False") + ", 'octal': 4}}], 'group': []}}"
	if diff := cmp.Diff(want, py.Repr(got)); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("# file: a\n# flags: s\nuser::rwx\ndefault:x\n\\9\n")
	f.Fuzz(func(_ *testing.T, text string) { parse(text) }) // must not panic
}

func TestPrefix(t *testing.T) {
	for kind, want := range map[string]string{"user": "u", "g": "g", "mask": "m", "default:group": "d:g", "d:u": "d:u", "other": ""} {
		if got := prefix(kind); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}

func TestWanted(t *testing.T) {
	for perms, want := range map[string]int64{"": 0, "rwx": 7, "r-x": 5, "rX": 5, "w": 2} {
		if got, err := wanted(perms, true); got != want || err != nil {
			t.Errorf("%s: %d, %v, want %d", perms, got, err, want)
		}
	}
	for _, bad := range []string{"7", "rq"} {
		if n, err := wanted(bad, true); err == nil {
			t.Errorf("%s: %d, no error", bad, n)
		}
	}
	if letters(6) != "rw-" || letters(1) != "--x" {
		t.Errorf("letters: %s, %s", letters(6), letters(1))
	}
}
