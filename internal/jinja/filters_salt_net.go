package jinja

import (
	"math/big"
	"net/netip"
	"strings"

	"pinch/internal/py"
)

// saltNetFilters are Salt's filters on network addresses.
func saltNetFilters() map[string]Filter {
	family := func(name string, versions ...int) Filter {
		return fn(name+"(ip_addr, options=None)", func(_ *Context, a []py.Value) (py.Value, error) {
			for _, v := range versions {
				s, err := isIPv(a[0], v, a[1])
				if err != nil {
					return nil, err
				}
				if s != nil {
					return py.True, nil
				}
			}
			return py.False, nil
		})
	}
	each := func(name string, f func(addr string) (py.Value, error)) Filter {
		return fn(name+"(value, options=None, version=None)", func(c *Context, a []py.Value) (py.Value, error) {
			found, err := filterIPs(c, a[0], a[1], a[2])
			if err != nil || found == nil {
				return py.None, err
			}
			if !isAddrList(a[0]) {
				return f(found[0])
			}
			out := py.NewList()
			for _, s := range found {
				v, err := f(s)
				if err != nil {
					return nil, err
				}
				out.Append(v)
			}
			return out, nil
		})
	}
	return map[string]Filter{
		"is_ip":   family("is_ip_filter", 4, 6),
		"is_ipv4": family("is_ipv4_filter", 4),
		"is_ipv6": family("is_ipv6_filter", 6),
		"ipv4": fn("ipv4(value, options=None)", func(c *Context, a []py.Value) (py.Value, error) {
			v, err := ipvFilter(c, a[0], 4, a[1])
			return py.OrNone(v), err
		}),
		"ipv6": fn("ipv6(value, options=None)", func(c *Context, a []py.Value) (py.Value, error) {
			v, err := ipvFilter(c, a[0], 6, a[1])
			return py.OrNone(v), err
		}),
		"ipaddr": fn("ipaddr(value, options=None)", func(c *Context, a []py.Value) (py.Value, error) {
			v, err := ipaddr(c, a[0], a[1])
			return py.OrNone(v), err
		}),
		"ip_host": each("ip_host", func(addr string) (py.Value, error) {
			i, ok := parseInterface(py.Str(addr))
			if !ok {
				return nil, notAddress(py.Str(addr), "interface")
			}
			return py.Str(i.text(true)), nil
		}),
		"network_hosts": each("network_hosts", networkHosts),
		"network_size": each("network_size", func(addr string) (py.Value, error) {
			i, ok := parseInterface(py.Str(addr))
			if !ok {
				return nil, notAddress(py.Str(addr), "network")
			}
			return py.NewInt(i.size()), nil
		}),
		"filter_by_networks": fn("filter_by_networks(values, networks)", filterByNetworks),
		"ipwrap":             fn("ipwrap(data)", ipwrap),
		"mac_str_to_bytes":   fn("mac_str_to_bytes(mac_str)", macBytes),
	}
}

// isAddrList says whether Salt takes v for several addresses.
func isAddrList(v py.Value) bool {
	switch v := v.(type) {
	case *py.List, py.Tuple:
		return true
	case *generator:
		return v.typ == "generator"
	}
	return false
}

// isIPv returns the text of v as an address or interface of the version that
// has all the options, or nil.
func isIPv(v py.Value, version int, options py.Value) (py.Value, error) {
	if err := strictFail(v); err != nil {
		return nil, err
	}
	i, ok := parseAddress(v)
	network := false
	if !ok {
		i, ok = parseInterface(v)
		network = true
	}
	if !ok || i.version() != version {
		return nil, nil
	}
	some, err := py.Truth(options)
	if err != nil {
		return nil, err
	}
	if some {
		text, ok := strOf(options)
		if !ok {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'split'", py.TypeName(options))
		}
		for _, o := range strings.Split(text, ",") {
			if test := addressTests[stripText(o)]; test != nil && !test(i, network) {
				return nil, nil
			}
		}
	}
	return py.Str(i.text(network)), nil
}

// ipvFilter is nil for what is no address, and a list for a list.
func ipvFilter(c *Context, v py.Value, version int, options py.Value) (py.Value, error) {
	if _, ok := strOf(v); ok {
		return isIPv(v, version, options)
	}
	if _, ok := v.(py.Bytes); ok {
		return isIPv(v, version, options)
	}
	if !isAddrList(v) {
		return nil, nil
	}
	it, err := iterate(v)
	if err != nil {
		return nil, err
	}
	out := py.NewList()
	for {
		if err := c.rt.step(); err != nil {
			return nil, err
		}
		x, ok, err := it.Next()
		if err != nil {
			return nil, err
		}
		if !ok {
			return out, nil
		}
		s, err := isIPv(x, version, options)
		if err != nil {
			return nil, err
		}
		if s != nil {
			out.Append(s)
		}
	}
}

func ipaddr(c *Context, v, options py.Value) (py.Value, error) {
	v4, err := ipvFilter(c, v, 4, options)
	if err != nil {
		return nil, err
	}
	v6, err := ipvFilter(c, v, 6, options)
	if err != nil {
		return nil, err
	}
	if v4 == nil {
		return v6, nil
	}
	if v6 == nil {
		return v4, nil
	}
	return py.Binary(py.OpAdd, v4, v6)
}

// filterIPs returns the addresses in v as text, nil when there are none.
func filterIPs(c *Context, v, options, version py.Value) ([]string, error) {
	some, err := py.Truth(version)
	if err != nil {
		return nil, err
	}
	var found py.Value
	n, isInt := py.AsInt(version)
	switch {
	case !some:
		found, err = ipaddr(c, v, options)
	case isInt && (n == 4 || n == 6):
		found, err = ipvFilter(c, v, int(n), options)
	}
	if err != nil || found == nil {
		return nil, err
	}
	if s, ok := found.(py.Str); ok {
		return []string{string(s)}, nil
	}
	var out []string
	for _, it := range found.(*py.List).Items {
		out = append(out, string(it.(py.Str)))
	}
	return out, nil
}

// maxHosts bounds network_hosts: a larger network would fill the memory.
const maxHosts = 1 << 20

func networkHosts(addr string) (py.Value, error) {
	i, ok := parseInterface(py.Str(addr))
	if !ok {
		return nil, notAddress(py.Str(addr), "network")
	}
	if i.size().Cmp(big.NewInt(maxHosts)) > 0 {
		return nil, py.Errorf("MemoryError", "network_hosts: %s has more than %d addresses", addr, maxHosts)
	}
	n := int(i.size().Int64())
	first := i.prefix.Masked().Addr()
	skipFirst, skipLast := n > 2, n > 2 && first.Is4()
	out := py.NewList()
	for k, a := 0, first; k < n; k, a = k+1, a.Next() {
		if k == 0 && skipFirst || k == n-1 && skipLast {
			continue
		}
		out.Append(py.Str(formatAddress(a)))
	}
	return out, nil
}

func filterByNetworks(c *Context, a []py.Value) (py.Value, error) {
	if isNone(a[1]) {
		return a[0], nil
	}
	items, err := collect(a[1])
	if err != nil {
		return nil, err
	}
	var networks []netip.Prefix
	for _, v := range items {
		i, ok := parseInterface(v)
		if !ok {
			return nil, notAddress(v, "network")
		}
		if i.prefix.Masked().Addr() != i.prefix.Addr() {
			return nil, py.ValueErrorf("%s has host bits set", py.ToStr(v))
		}
		networks = append(networks, i.prefix)
	}
	filter := func(v py.Value) (py.Value, error) {
		it, err := iterate(v)
		if err != nil {
			return nil, err
		}
		out := py.NewList()
		for {
			x, ok, err := it.Next()
			if err != nil {
				return nil, err
			}
			if !ok {
				return out, nil
			}
			for _, n := range networks {
				if err := c.rt.step(); err != nil {
					return nil, err
				}
				i, ok := parseAddress(x)
				if !ok {
					return nil, notAddress(x, "address")
				}
				if n.Contains(i.prefix.Addr().WithZone("")) {
					out.Append(x)
				}
			}
		}
	}
	switch v := a[0].(type) {
	case *py.Dict:
		out := py.NewDict()
		for k, it := range v.All() {
			l, err := filter(it)
			if err != nil {
				return nil, err
			}
			if err := out.Set(k, l); err != nil {
				return nil, err
			}
		}
		return out, nil
	case *py.List, py.Tuple, py.Str, Markup, py.Bytes, *py.Range:
		return filter(v)
	}
	return nil, py.ValueErrorf("Do not know how to filter a <class '%s'>", className(a[0]))
}

// ipwrap puts brackets around IPv6 addresses. An address with a prefix length
// is an error, as in Salt.
func ipwrap(_ *Context, a []py.Value) (py.Value, error) {
	wrap := func(v py.Value) (py.Value, error) {
		s, err := isIPv(v, 6, py.None)
		if err != nil || s == nil {
			return v, err
		}
		text := strings.TrimRight(strings.TrimLeft(py.ToStr(v), "["), "]")
		i, ok := parseAddress(py.Str(text))
		if !ok {
			return nil, notAddress(py.Str(text), "address")
		}
		return py.Str("[" + i.text(false) + "]"), nil
	}
	var items []py.Value
	switch v := a[0].(type) {
	case *py.List:
		items = v.Items
	case py.Tuple:
		items = v
	default:
		return wrap(a[0])
	}
	out := py.NewList()
	for _, it := range items {
		w, err := wrap(it)
		if err != nil {
			return nil, err
		}
		out.Append(w)
	}
	return out, nil
}

func macBytes(_ *Context, a []py.Value) (py.Value, error) {
	n, err := lengthOf(a[0])
	if err != nil {
		return nil, err
	}
	s, ok := strOf(a[0])
	if n != 12 && n != 17 {
		return nil, py.ValueErrorf("Invalid MAC address")
	}
	if !ok {
		return nil, py.TypeErrorf("int() can't convert non-string with explicit base")
	}
	r := py.Runes(s)
	if n == 17 {
		s = strings.ReplaceAll(s, py.RuneString(r[2]), "")
		r = py.Runes(s)
	}
	out := make([]byte, 0, 6)
	for i := 0; i < 12; i += 2 {
		part := ""
		for _, c := range r[min(i, len(r)):min(i+2, len(r))] {
			part += py.RuneString(c)
		}
		v, err := py.ToIntBase(py.Str(part), py.Int(16))
		if err != nil {
			return nil, err
		}
		b, _ := py.AsInt(v)
		if b < 0 || b > 255 {
			return nil, py.ValueErrorf("bytes must be in range(0, 256)")
		}
		out = append(out, byte(b))
	}
	return py.Bytes(out), nil
}
