package roster

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"pinch/internal/py"
)

// Scan is a roster of the addresses of networks that answer on an SSH port.
type Scan struct {
	// Networks are addresses and networks in CIDR form.
	Networks []string
	// Ports are tried in order; of several open ones the last is used, as in
	// Salt. Empty means 22.
	Ports []uint16
	// Timeout bounds one connection attempt; 0 means one second.
	Timeout time.Duration
	// Parallel is the number of attempts at a time; 0 means 256.
	Parallel int
	// Dial replaces the network in tests.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// MaxScan is the number of addresses that one scan may try.
const MaxScan = 65536

// Name implements Source.
func (*Scan) Name() string { return "scan" }

// Entries implements Source: the addresses with an open port, in order.
func (s *Scan) Entries(ctx context.Context) ([]Entry, error) {
	addrs, err := s.addresses()
	if err != nil {
		return nil, err
	}
	ports := s.Ports
	if len(ports) == 0 {
		ports = []uint16{defaultPort}
	}
	open := make([]uint16, len(addrs))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, orInt(s.Parallel, 256)))
	for i, a := range addrs {
		g.Go(func() error {
			for _, p := range ports {
				if s.answers(ctx, a, p) {
					open[i] = p
				}
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []Entry
	for i, a := range addrs {
		if open[i] != 0 {
			out = append(out, Entry{
				ID: HostID(a.String()), Data: py.DictOf("host", py.Str(a.String()), "port", py.Int(int64(open[i]))),
				Pos: Pos{File: "scan"},
			})
		}
	}
	return out, nil
}

func orInt(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

func (s *Scan) answers(ctx context.Context, a netip.Addr, port uint16) bool {
	timeout := s.Timeout
	if timeout <= 0 {
		timeout = time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	dial := s.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	c, err := dial(ctx, "tcp", net.JoinHostPort(a.String(), strconv.Itoa(int(port))))
	if err != nil {
		return false
	}
	_ = c.Close() // nothing was written
	return true
}

// addresses lists the addresses to try, each once.
func (s *Scan) addresses() ([]netip.Addr, error) {
	var out []netip.Addr
	seen := map[netip.Addr]bool{}
	add := func(a netip.Addr) error {
		if seen[a] {
			return nil
		}
		if len(out) == MaxScan {
			return &Error{Pos: Pos{File: "scan"}, Msg: fmt.Sprintf("more than %d addresses", MaxScan), Advice: "name a smaller network"}
		}
		seen[a] = true
		out = append(out, a)
		return nil
	}
	for _, n := range s.Networks {
		if a, err := netip.ParseAddr(n); err == nil {
			if err := add(a); err != nil {
				return nil, err
			}
			continue
		}
		p, err := netip.ParsePrefix(n)
		if err != nil {
			return nil, &Error{Pos: Pos{File: "scan"}, Msg: fmt.Sprintf("%q is neither an address nor a network", n), Advice: "write for example 10.0.0.0/24"}
		}
		if p.Masked() != p {
			return nil, &Error{Pos: Pos{File: "scan"}, Msg: fmt.Sprintf("%s has host bits set", n), Advice: "write " + p.Masked().String()}
		}
		if err := eachHost(p, add); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// eachHost calls add for the usable addresses of a network: without the
// network's own address and the IPv4 broadcast address where it has room.
func eachHost(p netip.Prefix, add func(netip.Addr) error) error {
	bits := p.Addr().BitLen() - p.Bits()
	first := p.Addr()
	if bits >= 2 {
		first = first.Next()
	}
	for a := first; a.IsValid() && p.Contains(a); a = a.Next() {
		if bits >= 2 && a.Is4() && (!a.Next().IsValid() || !p.Contains(a.Next())) {
			break
		}
		if err := add(a); err != nil {
			return err
		}
	}
	return nil
}
