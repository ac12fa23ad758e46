package at

import (
	"testing"

	"pinch/internal/py"
)

func TestParseJob(t *testing.T) {
	for name, c := range map[string]struct {
		line   string
		grains *py.Dict
		want   string
	}{
		"Debian":  {"12\tSat Jan  1 09:09:00 2039 a root", py.DictOf("os", py.Str("Debian")), "{'job': 12, 'date': '2039-01-01', 'time': '09:09:00', 'queue': 'a', 'user': 'root', 'tag': ''}"},
		"RedHat":  {"3\t2039-01-01 09:09 b web", py.DictOf("os_family", py.Str("RedHat")), "{'job': 3, 'date': '2039-01-01', 'time': '09:09', 'queue': 'b', 'user': 'web', 'tag': ''}"},
		"OpenBSD": {" 1st  Jan 1, 2039 09:09   root   123.c   c   job", py.DictOf("os", py.Str("OpenBSD")), ""},
		"FreeBSD": {"Sat Jan  1 09:09:00 UTC 2039\troot\tc\t7", py.DictOf("os", py.Str("FreeBSD")), "{'job': '7', 'date': '2039-01-01', 'time': '09:09:00', 'queue': 'c', 'user': 'root', 'tag': ''}"},
		"heading": {"Date                            Owner           Queue   Job#", py.DictOf("os", py.Str("FreeBSD")), "nil"},
	} {
		j, err := parseJob(c.line, c.grains)
		switch {
		case c.want == "":
			continue // only that it does not panic
		case c.want == "nil":
			if j != nil || err != nil {
				t.Errorf("%s: %v, %v", name, j, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case py.Repr(j.dict()) != c.want:
			t.Errorf("%s: %s", name, py.Repr(j.dict()))
		}
	}
	for _, bad := range []string{"", "x", "1\tSat", "1\tnot a date at all in here x y"} {
		if j, err := parseJob(bad, py.NewDict()); err == nil {
			t.Errorf("%q: %v, no error", bad, j)
		}
	}
}

func TestMatching(t *testing.T) {
	jobs := []*job{{id: "1", date: "2039-01-02", time: "09:05:00", who: "root", tag: "x"}, {id: "2", date: "2040-01-02", time: "10:05:00", who: "web"}}
	for want, kw := range map[string]*py.Dict{
		"1":   py.DictOf("tag", py.Str("x")),
		"2":   py.DictOf("runas", py.Str("web")),
		"1 2": py.DictOf("day", py.Int(2), "minute", py.Str("5")),
		" 1":  py.DictOf("year", py.Int(39), "hour", py.Int(9)),
		"":    py.DictOf("month", py.Int(7)),
	} {
		got, err := matching(jobs, kw)
		ids := ""
		for _, j := range got {
			ids += " " + j.id
		}
		if err != nil || len(ids) > 0 && ids[1:] != want && ids != want || ids == "" && want != "" {
			t.Errorf("%s: %q, %v, want %q", py.Repr(kw), ids, err, want)
		}
	}
	if _, err := matching(jobs, py.DictOf("day", py.Str("x"))); err == nil {
		t.Error("day x: no error")
	}
}
