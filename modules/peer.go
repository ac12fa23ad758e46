package modules

import (
	"context"

	"pinch/internal/host"
	"pinch/internal/py"
)

// Peer runs functions that another process of the same host has. Their
// arguments are bound there.
type Peer interface {
	Virtual(f *Func, c *Call) (ok bool, reason string)
	Check(ctx context.Context, f *Func, c *Call, data *py.Dict, watch bool) (Plan, error)
	Exec(ctx context.Context, f *Func, c *Call, w host.Writer, args *py.Args) (py.Value, error)
}

// PeerFunc is a function that p runs. What is declared of it is what decl says,
// and hasWatch.
func PeerFunc(decl Func, hasWatch bool, p Peer) *Func {
	f := &decl
	f.peer, f.peerWatch = p, hasWatch
	return f
}

// More finds functions that a registry does not hold itself; nil when there is
// none of that name.
type More interface {
	Find(k Kind, name string) *Func
}

// With returns a registry that asks m for the functions that it lacks.
func (r *Registry) With(m More) *Registry {
	out := *r
	out.more = m
	return &out
}

func (r *Registry) find(k Kind, name string) *Func {
	if f := r.byKind(k)[name]; f != nil || r.more == nil {
		return f
	}
	return r.more.Find(k, name)
}
