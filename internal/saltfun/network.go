package saltfun

import (
	"fmt"
	"strconv"
	"strings"

	"pinch/internal/ipaddr"
	"pinch/internal/py"
)

func networkFuncs() []*function {
	return []*function{
		parse("network.calc_net", "ip_addr!, netmask!=None", func(c *call) (py.Value, error) {
			p, err := ipaddr.NetworkOf(c.arg("ip_addr"), c.arg("netmask"))
			if err != nil {
				return nil, err
			}
			return py.Str(p.String()), nil
		}),
		parse("network.convert_cidr", "cidr", func(c *call) (py.Value, error) {
			p, err := ipaddr.NetworkOf(c.arg("cidr"), py.None)
			if err != nil {
				return nil, err
			}
			mask, last := ipaddr.Edges(p)
			return py.DictOf("network", py.Str(p.Addr().String()), "netmask", py.Str(mask.String()), "broadcast", py.Str(last.String())), nil
		}),
		parse("network.is_loopback", "ip_addr", func(c *call) (py.Value, error) {
			a, err := ipaddr.Address(py.ToStr(c.arg("ip_addr")))
			if err != nil {
				return nil, err
			}
			return py.Bool(ipaddr.IsLoopback(a)), nil
		}),
		parse("network.reverse_ip", "ip_addr", func(c *call) (py.Value, error) {
			a, err := ipaddr.Address(py.ToStr(c.arg("ip_addr")))
			if err != nil {
				return nil, err
			}
			return py.Str(ipaddr.ReversePointer(a)), nil
		}),
		parse("network.iphexval", "ip", func(c *call) (py.Value, error) {
			text, ok := c.arg("ip").(py.Str)
			if !ok {
				return nil, py.AttributeErrorf("'%s' object has no attribute 'split'", py.TypeName(c.arg("ip")))
			}
			out := ""
			for _, part := range strings.Split(string(text), ".") {
				n, err := strconv.Atoi(strings.TrimSpace(part))
				if err != nil {
					return nil, py.ValueErrorf("invalid literal for int() with base 10: %s", py.Repr(py.Str(part)))
				}
				out += fmt.Sprintf("%02X", n)
			}
			return py.Str(out), nil
		}),
		parse("network.ip_in_subnet", "ip_addr, cidr", func(c *call) (py.Value, error) {
			p, err := ipaddr.Network(py.ToStr(c.arg("cidr")), true)
			if err != nil {
				c.h.log("error", "Invalid CIDR '"+py.ToStr(c.arg("cidr"))+"'")
				return py.False, nil
			}
			addrs := []py.Value{c.arg("ip_addr")}
			if isList(c.arg("ip_addr")) {
				addrs, _ = py.Collect(c.arg("ip_addr"))
			}
			for _, v := range addrs {
				a, err := ipaddr.Address(py.ToStr(v))
				if err != nil {
					return nil, err
				}
				if p.Contains(a) {
					return py.True, nil
				}
			}
			return py.False, nil
		}),
		parse("network.is_private", "ip_addr", func(c *call) (py.Value, error) {
			a, err := ipaddr.Address(py.ToStr(c.arg("ip_addr")))
			if err != nil {
				return nil, err
			}
			return py.Bool(ipaddr.IsPrivate(a)), nil
		}),
	}
}
