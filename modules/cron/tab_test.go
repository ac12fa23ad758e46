package cron

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/py"
)

const managed = marker + "\n"

func times(v ...string) [5]py.Value {
	out := [5]py.Value{py.Str("*"), py.Str("*"), py.Str("*"), py.Str("*"), py.Str("*")}
	for i, s := range v {
		out[i] = py.Str(s)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	for name, text := range map[string]string{
		"empty":        managed,
		"others' jobs": "# mine\n1 1 * * * /bin/other\n\nX=1\n" + managed,
		"job":          managed + "# SALT_CRON_IDENTIFIER:x\n5 * * * * /bin/true\n",
		"comment":      managed + "# nightly SALT_CRON_IDENTIFIER:x\n5 3 * * 1-5 /bin/true  two  blanks\n",
		"long comment": managed + "# first\n# second SALT_CRON_IDENTIFIER:x\n5 3 * * * /bin/true\n",
		"disabled":     managed + "# SALT_CRON_IDENTIFIER:x\n#DISABLED#5 * * * * /bin/true\n",
		"special":      managed + "# SALT_CRON_IDENTIFIER:x\n@daily /bin/true\n#DISABLED#@reboot /bin/false\n",
		"environment":  managed + "MAILTO=root\nPATH=/bin:/usr/bin\nEMPTY=\"\"\n5 * * * * /bin/true\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(text).render()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(text, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSet(t *testing.T) {
	job := func(cmd, id string, when ...string) wish {
		return wishOf(cmd, times(when...), py.None, py.None, py.False, py.Str(id))
	}
	special := wishOf("/bin/true", times(), py.Str("@daily"), py.None, py.False, py.Str("x"))
	noted := job("/bin/true", "x", "5")
	noted.comment = py.Str("why")
	off := job("/bin/true", "x", "5")
	off.commented = py.True
	one := managed + "# SALT_CRON_IDENTIFIER:x\n5 * * * * /bin/true\n"
	for _, c := range []struct {
		name, text string
		wish       wish
		word, want string
	}{
		{"new", "", job("/bin/true", "x", "5"), "new", one},
		{"there", one, job("/bin/true", "x", "5"), "present", one},
		{"other time", one, job("/bin/true", "x", "6"), "updated", managed + "# SALT_CRON_IDENTIFIER:x\n6 * * * * /bin/true\n"},
		{"other command", one, job("/bin/false", "x", "5"), "updated", managed + "# SALT_CRON_IDENTIFIER:x\n5 * * * * /bin/false\n"},
		{"other job", one, job("/bin/true", "y", "5"), "new", one + "# SALT_CRON_IDENTIFIER:y\n5 * * * * /bin/true\n"},
		{"without identifier", managed + "5 * * * * /bin/true\n", job("/bin/true", "x", "5"), "updated", one},
		{"others' job", "5 * * * * /bin/true\n", job("/bin/true", "x", "5"), "new", "5 * * * * /bin/true\n" + one},
		{"comment", one, noted, "updated", managed + "# why SALT_CRON_IDENTIFIER:x\n5 * * * * /bin/true\n"},
		{"disable", one, off, "updated", managed + "# SALT_CRON_IDENTIFIER:x\n#DISABLED#5 * * * * /bin/true\n"},
		{"upper case", "", job("/bin/true", "x", "*", "*", "*", "JAN"), "new", managed + "# SALT_CRON_IDENTIFIER:x\n* * * jan * /bin/true\n"},
		{"random stays", one, job("/bin/true", "x", "random"), "present", one},
		{"nickname", "", special, "new", managed + "# SALT_CRON_IDENTIFIER:x\n@daily /bin/true\n"},
		{"times become a nickname", one, special, "updated", managed + "# SALT_CRON_IDENTIFIER:x\n@daily /bin/true\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			word, got, err := set(c.text, c.wish)
			if err != nil || word != c.word {
				t.Errorf("word = %q, %v, want %q", word, err, c.word)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSetErrors(t *testing.T) {
	for name, c := range map[string]struct {
		minute  string
		comment py.Value
		want    string
	}{
		"empty range":    {"9:10", py.None, "empty range"},
		"range of text":  {"a:b", py.None, "invalid literal for int()"},
		"comment number": {"5", py.Int(5), "'int' object has no attribute 'replace'"},
	} {
		t.Run(name, func(t *testing.T) {
			w := wishOf("/bin/true", times(c.minute), py.None, c.comment, py.False, py.Str("x"))
			if _, _, err := set("", w); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("err = %v, want %q", err, c.want)
			}
		})
	}
}

func TestRandomTimes(t *testing.T) {
	for range 200 {
		got, err := chooseTimes([5]py.Value{py.Str("random"), py.Str("3:5"), py.Str("random"), py.Str("2"), py.Str("random")})
		if err != nil {
			t.Fatal(err)
		}
		for i, limit := range [5][2]int{{0, 59}, {3, 5}, {1, 28}, {2, 2}, {0, 6}} {
			v, err := py.ToInt(py.Str(got[i]))
			n, ok := py.AsInt(v)
			if err != nil || !ok || int(n) < limit[0] || int(n) > limit[1] {
				t.Fatalf("%s = %q, want %d to %d", timeFields()[i], got[i], limit[0], limit[1])
			}
		}
	}
}

func TestRemove(t *testing.T) {
	text := managed + "# SALT_CRON_IDENTIFIER:x\n5 * * * * /bin/true\n# SALT_CRON_IDENTIFIER:y\n@daily /bin/true\n"
	word, got, err := remove(text, "/bin/true", py.Str("x"), py.None, nil)
	if want := managed + "# SALT_CRON_IDENTIFIER:y\n@daily /bin/true\n"; err != nil || word != "removed" || got != want {
		t.Errorf("remove = %q, %q, %v", word, got, err)
	}
	word, got, err = remove(text, "/bin/true", py.Str("y"), py.Str("@daily"), nil)
	if want := managed + "# SALT_CRON_IDENTIFIER:x\n5 * * * * /bin/true\n"; err != nil || word != "removed" || got != want {
		t.Errorf("remove special = %q, %q, %v", word, got, err)
	}
	if word, got, err = remove(text, "/bin/none", py.Str("z"), py.None, nil); err != nil || word != "absent" || got != text {
		t.Errorf("remove missing = %q, %q, %v", word, got, err)
	}
}

func TestEnvironment(t *testing.T) {
	text := "MAILTO=people\n" + managed + "MAILTO=old\n"
	word, got, err := setEnv(text, "MAILTO", py.Str("new"))
	if want := "MAILTO=people\n" + managed + "MAILTO=new\n"; err != nil || word != "updated" || got != want {
		t.Errorf("setEnv = %q, %q, %v", word, got, err)
	}
	if word, _, err = setEnv(got, "MAILTO", py.Str("new")); err != nil || word != "present" {
		t.Errorf("setEnv again = %q, %v", word, err)
	}
	word, got, err = removeEnv(got, "MAILTO")
	if want := "MAILTO=people\n" + managed; err != nil || word != "removed" || got != want {
		t.Errorf("removeEnv = %q, %q, %v", word, got, err)
	}
}

// FuzzTab wants that what was written once is read and written the same again.
func FuzzTab(f *testing.F) {
	f.Add("# mine\n1 1 * * * a\n" + managed + "# c SALT_CRON_IDENTIFIER:x\n1 2 3 4 5 cmd\n@daily x\nA=b\n#DISABLED#@reboot y\n")
	f.Add(managed + "# SALT_CRON_IDENTIFIER\n# SALT_CRON_IDENTIFIER:\n#\n* * * * * =\n")
	f.Fuzz(func(t *testing.T, text string) {
		first, err := parse(text).render()
		if err != nil {
			t.Fatal(err)
		}
		second, err := parse(first).render()
		if err != nil {
			t.Fatal(err)
		}
		if third, err := parse(second).render(); err != nil || second != third {
			t.Errorf("%q is written as %q and then as %q (%v)", text, second, third, err)
		}
	})
}
