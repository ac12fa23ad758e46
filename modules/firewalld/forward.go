package firewalld

import (
	"strings"

	"pinch/internal/py"
)

// forwarding is a port that is forwarded.
type forwarding struct{ src, dest, proto, addr string }

// parseForward reads a line of firewall-cmd: port=…:proto=…:toport=…:toaddr=….
func parseForward(line string) forwarding {
	var fwd forwarding
	to := []*string{&fwd.src, &fwd.proto, &fwd.dest, &fwd.addr}
	for i, part := range strings.SplitN(line, ":", len(to)) {
		_, *to[i], _ = strings.Cut(part, "=")
	}
	return fwd
}

// forwardOf reads what a state has: from:to:protocol, and maybe :address.
func forwardOf(text string) (forwarding, error) {
	parts := strings.Split(text, ":")
	switch n := len(parts); {
	case n > 4:
		return forwarding{}, py.ValueErrorf("too many values to unpack (expected 4)")
	case n < 3:
		return forwarding{}, py.ValueErrorf("not enough values to unpack (expected 3, got %d)", n)
	}
	fwd := forwarding{src: parts[0], dest: parts[1], proto: parts[2]}
	if len(parts) == 4 {
		fwd.addr = parts[3]
	}
	return fwd, nil
}

// shown is a forwarding as Salt shows it, with these keys in this order.
func (fwd forwarding) shown(keys ...string) *py.Dict {
	d := py.NewDict()
	for _, key := range keys {
		switch key {
		case "Source port":
			d.SetStr(key, py.Str(fwd.src))
		case "Destination port":
			d.SetStr(key, py.Str(fwd.dest))
		case "Protocol":
			d.SetStr(key, py.Str(fwd.proto))
		case "Destination address":
			d.SetStr(key, py.Str(fwd.addr))
		}
	}
	return d
}
