package ssh

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"sync"
)

// Pool makes connections that share what can be shared: connections to jump
// hosts, private keys with the passphrases a person typed, and the known_hosts
// files. A run over many hosts uses one Pool. It may be used by many goroutines
// at once.
type Pool struct {
	o        Options
	keys     *hostKeyStore
	ids      *identityStore
	promptMu sync.Mutex // one question at a time

	ctx    context.Context // ends with Close; for jump connections, which outlive a Dial
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	jumps  map[[sha256.Size]byte]*jumpEntry
	closed bool
}

// jumpEntry is a shared connection to a jump host, or one being made.
type jumpEntry struct {
	ready chan struct{} // closed when conn or err is set
	conn  *Conn
	err   error
}

// errPoolClosed is the cause of errors after Pool.Close.
var errPoolClosed = errors.New("the connection pool is closed")

// NewPool returns a Pool; Close it after use.
func NewPool(o Options) *Pool {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &Pool{o: o, keys: newHostKeyStore(o.Log), ids: newIdentityStore(), jumps: map[[sha256.Size]byte]*jumpEntry{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// Dial connects and logs in to a host with a Pool of its own. Errors are
// *UnreachableError, *HostKeyError, *AuthError, *TimeoutError, or, when ctx
// ended, *ClosedError.
func Dial(ctx context.Context, e Endpoint, o Options) (*Conn, error) {
	p := NewPool(o)
	c, err := p.Dial(ctx, e)
	if err != nil {
		p.Close()
		return nil, err
	}
	c.onClose = p.Close
	return c, nil
}

// Close closes the connections to jump hosts, which breaks the connections
// that go through them, and waits for them. Close the other Conns first.
func (p *Pool) Close() error {
	p.cancel()
	p.mu.Lock()
	p.closed = true
	entries := p.jumps
	p.jumps = map[[sha256.Size]byte]*jumpEntry{}
	p.mu.Unlock()
	p.wg.Wait() // no entry is unfinished after this
	var err error
	for _, e := range entries {
		if e.conn != nil {
			if cerr := e.conn.Close(); err == nil {
				err = cerr
			}
		}
	}
	return err
}

// jump returns the shared connection to the last of hops, each reached through
// the one before it.
func (p *Pool) jump(ctx context.Context, hops []Endpoint) (*Conn, error) {
	if len(hops) > maxJumps {
		return nil, fmt.Errorf("more than %d jump hosts", maxJumps)
	}
	last := hops[len(hops)-1]
	if len(last.Jump) == 0 {
		last.Jump = hops[:len(hops)-1]
	}
	for {
		entry, mine, err := p.entry(hops)
		if err != nil {
			return nil, err
		}
		if mine {
			go p.connectJump(entry, hops, last)
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-entry.ready:
		}
		if entry.err != nil {
			return nil, entry.err
		}
		if entry.conn.Err() == nil {
			return entry.conn, nil
		}
		p.drop(hops, entry) // broke since: connect anew
	}
}

// entry finds or makes the entry of hops; mine says that the caller connects.
func (p *Pool) entry(hops []Endpoint) (e *jumpEntry, mine bool, err error) {
	key := jumpKey(hops)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false, errPoolClosed
	}
	if e = p.jumps[key]; e == nil {
		e, mine = &jumpEntry{ready: make(chan struct{})}, true
		p.jumps[key] = e
		p.wg.Add(1)
	}
	return e, mine, nil
}

// connectJump connects for all who wait. A host key or login that is refused
// stays refused for the life of the Pool, so that a thousand hosts behind a
// jump host do not try a wrong key a thousand times; other failures are tried
// again by whoever comes later.
func (p *Pool) connectJump(entry *jumpEntry, hops []Endpoint, last Endpoint) {
	defer p.wg.Done()
	o := p.o
	o.SSHOptions = nil // as in ssh, they are for the destination, not for the hosts on the way
	entry.conn, entry.err = p.dial(p.ctx, last, o)
	var auth *AuthError
	var key *HostKeyError
	if entry.err != nil && !errors.As(entry.err, &auth) && !errors.As(entry.err, &key) {
		p.drop(hops, entry)
	}
	close(entry.ready)
}

// drop forgets an entry, unless it was replaced already.
func (p *Pool) drop(hops []Endpoint, entry *jumpEntry) {
	key := jumpKey(hops)
	p.mu.Lock()
	gone := p.jumps[key] == entry
	if gone {
		delete(p.jumps, key)
	}
	p.mu.Unlock()
	if gone && entry.conn != nil {
		entry.conn.Close()
	}
}

// jumpKey identifies a chain of hops with all that decides how it is reached.
func jumpKey(hops []Endpoint) [sha256.Size]byte {
	h := sha256.New()
	var write func(list []Endpoint)
	write = func(list []Endpoint) {
		fmt.Fprintf(h, "%d[", len(list))
		for _, e := range list {
			fields := slices.Concat([]string{e.Addr, strconv.Itoa(int(e.Port)), e.User, e.Password.Reveal(),
				e.KeyPassphrase.Reveal(), e.HostKeyAlias, e.ProxyCommand, e.HostKeys.String(), strconv.FormatBool(e.UseAgent), strconv.FormatBool(e.IdentitiesOnly)},
				[]string{strconv.Itoa(len(e.KeyFiles))}, e.KeyFiles, []string{strconv.Itoa(len(e.KnownHosts))}, e.KnownHosts, e.SSHOptions)
			for _, f := range fields {
				fmt.Fprintf(h, "%d:", len(f))
				io.WriteString(h, f)
			}
			write(e.Jump)
		}
		fmt.Fprint(h, "]")
	}
	write(hops)
	var key [sha256.Size]byte
	h.Sum(key[:0])
	return key
}
