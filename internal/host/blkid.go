package host

import (
	"context"
	"strings"
)

// BlockDevice is a device as blkid(8) describes it.
type BlockDevice struct {
	Name string
	// Attrs are its tags (UUID, LABEL, TYPE ...) in blkid's order.
	Attrs []BlockAttr
}

// BlockAttr is a tag of a device.
type BlockAttr struct{ Key, Value string }

// Attr returns the value of a tag, "" when it is not there.
func (d BlockDevice) Attr(key string) string {
	for _, a := range d.Attrs {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

// Blkid asks blkid(8) for block devices: all, or those that a device name or
// `-t` with a token choose. When it fails there are none (Salt: disk.blkid).
func Blkid(ctx context.Context, r Reader, args ...string) ([]BlockDevice, error) {
	out, err := r.Query(ctx, Cmd{Argv: append([]string{"blkid"}, args...)})
	if err != nil || out.Code != 0 {
		return nil, err
	}
	var devices []BlockDevice
	for line := range strings.Lines(string(out.Stdout)) {
		name, rest, ok := strings.Cut(strings.TrimRight(line, "\n"), ": ")
		if !ok {
			continue
		}
		d := BlockDevice{Name: name}
		for {
			key, tail, ok := strings.Cut(rest, `="`)
			value, next, closed := strings.Cut(tail, `"`)
			if !ok || !closed {
				break
			}
			d.Attrs, rest = append(d.Attrs, BlockAttr{strings.TrimSpace(key), value}), next
		}
		devices = append(devices, d)
	}
	return devices, nil
}
