package ip

import (
	"testing"

	"pinch/internal/host"
)

// Reading and writing interfaces never panics, and what was written is read as
// it is and written the same.
func FuzzInterfaces(f *testing.F) {
	f.Add("auto lo eth0\niface lo inet loopback\niface eth0 inet static\n  address 10.0.0.5/24\n  address 10.0.0.6\n  up a\n  bond-mode 1\n  bridge_fd 0\n  link-speed 10\nsource /x\n")
	f.Add(" up\niface")
	f.Fuzz(func(t *testing.T, text string) {
		first, ok := rendered(text)
		if !ok {
			return
		}
		second, ok := rendered(first)
		if !ok {
			t.Fatalf("cannot be read again:\n%s", first)
		}
		if third, _ := rendered(second); third != second {
			t.Errorf("was\n%s\nbecame\n%s", second, third)
		}
	})
}

func rendered(text string) (string, bool) {
	all, err := readAdapters(host.NewFake(map[string]string{interfacesFile: text}))
	if err != nil {
		return "", false
	}
	out := ""
	for _, a := range all {
		text, err := a.text()
		if err != nil {
			return "", false
		}
		out += text
	}
	return out, true
}
