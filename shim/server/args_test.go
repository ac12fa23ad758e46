package server

import (
	"testing"
	"time"
)

func TestParseArgs(t *testing.T) {
	for _, c := range []struct {
		args []string
		want arguments
		ok   bool
	}{
		{nil, arguments{}, true},
		{[]string{"shim", "--silence", "1m0s", "--wipe"}, arguments{silence: time.Minute, wipe: true}, true},
		{[]string{"--silence=90s", "--no-blobs", "--dir", "/x y"}, arguments{silence: 90 * time.Second, noBlobs: true, dir: "/x y"}, true},
		{[]string{"--version"}, arguments{version: true}, true},
		{[]string{"--dir="}, arguments{}, true},
		{[]string{"--dir"}, arguments{}, false}, {[]string{"--silence", "soon"}, arguments{}, false}, {[]string{"--what"}, arguments{}, false},
		{[]string{"--wipe=1"}, arguments{}, false}, {[]string{"word"}, arguments{}, false}, {[]string{"-wipe"}, arguments{}, false},
	} {
		got, err := parseArgs(c.args)
		if (err == nil) != c.ok || c.ok && got != c.want {
			t.Errorf("%q: %+v, %v", c.args, got, err)
		}
	}
}

func TestHolder(t *testing.T) {
	h := holder{JID: "2026", PID: 7, Controller: "me@h", Since: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	b, err := h.encode()
	if err != nil || decodeHolder(b) != h {
		t.Errorf("%s: %+v, %v", b, decodeHolder(b), err)
	}
	for _, s := range []string{"", "{", "[]", "7"} {
		if decodeHolder([]byte(s)) != (holder{}) {
			t.Errorf("%q tells of a holder", s)
		}
	}
}
