package pkg

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// commands runs the programs of a package manager. w is nil when it may only
// look.
type commands struct {
	c *modules.Call
	w host.Writer
	// vars are set in the environment of every program.
	vars [][2]string
	// busy is what a program says on standard error when another one holds its
	// lock: then it is waited for. "" never waits.
	busy string
	// learnt are the memo's keys of what a change makes untrue.
	learnt []string
}

// output is how a program ended.
type output struct {
	stdout, stderr string
	code, pid      int
}

// dict is cmd.run_all's return.
func (o output) dict() *py.Dict {
	return py.DictOf("pid", py.Int(o.pid), "retcode", py.Int(o.code), "stdout", py.Str(o.stdout), "stderr", py.Str(o.stderr))
}

// lockWaits are the times to wait for another package manager before it is
// tried again.
var lockWaits = [...]time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 64 * time.Second}

// look runs a command that only looks.
func (m *commands) look(ctx context.Context, argv ...string) (output, error) {
	cmd := host.Cmd{Argv: argv, Env: m.env(nil)}
	var out host.Output
	var err error
	if m.w != nil {
		out, err = m.w.Run(ctx, cmd)
	} else {
		if host.CheckQuery(cmd) != nil {
			return output{}, errNeedsWriter
		}
		out, err = m.c.Query(ctx, cmd)
	}
	if err != nil {
		return output{}, fmt.Errorf("%s: %w", argv[0], err)
	}
	return outputOf(out), nil
}

// change runs a command that changes something and waits while another one
// holds the lock.
func (m *commands) change(ctx context.Context, stdin string, env py.Value, argv ...string) (output, error) {
	return m.start(ctx, host.Cmd{Argv: argv, Env: m.env(env), Tee: m.c.Output}, stdin)
}

func (m *commands) start(ctx context.Context, cmd host.Cmd, stdin string) (output, error) {
	if m.w == nil {
		return output{}, errNeedsWriter
	}
	defer m.forget()
	for try := 0; ; try++ {
		if stdin != "" {
			cmd.Stdin = strings.NewReader(stdin)
		}
		out, err := m.w.Run(ctx, cmd)
		if err != nil {
			return output{}, fmt.Errorf("%s: %w", cmd.Argv[0], err)
		}
		if try == len(lockWaits) || m.busy == "" || !bytes.Contains(out.Stderr, []byte(m.busy)) {
			return outputOf(out), nil
		}
		if err := modules.Sleep(ctx, lockWaits[try]); err != nil {
			return output{}, err
		}
	}
}

func outputOf(o host.Output) output {
	clean := func(b []byte) string {
		return strings.TrimRight(strings.ToValidUTF8(string(b), "\uFFFD"), " \t\r\n\v\f")
	}
	return output{clean(o.Stdout), clean(o.Stderr), o.Code, o.PID}
}

func (m *commands) env(extra py.Value) map[string]*string {
	env := map[string]*string{}
	for i := range m.vars {
		env[m.vars[i][0]] = &m.vars[i][1]
	}
	set := func(d *py.Dict) {
		for k, v := range d.All() {
			s := py.ToStr(v)
			env[py.ToStr(k)] = &s
		}
	}
	switch e := extra.(type) {
	case *py.Dict:
		set(e)
	case *py.List:
		for _, it := range e.Items {
			if d, ok := it.(*py.Dict); ok {
				set(d)
			}
		}
	}
	return env
}

// forget drops what was learnt of packages and their candidates.
func (m *commands) forget() {
	for _, key := range m.learnt {
		m.c.Memo.Drop(key)
	}
}

func (m *commands) writer() host.Writer { return m.w }

func (m *commands) reader() host.Reader {
	if m.w != nil {
		return m.w
	}
	return m.c
}

// rtagKey is the memo's key of Salt's refresh tag: the index files are to be
// fetched before the next package is installed.
const (
	rtagKey     = "pkg/rtag"
	initKey     = "pkg/init"
	testRefresh = "pkg/test-refreshed"
)

// wantsRefresh is Salt's check_refresh. The first pkg.installed or pkg.latest
// of a run sets the tag; a refresh takes it away.
func wantsRefresh(c *modules.Call, refresh py.Value) bool {
	if c.Chunk != nil && (c.Chunk.Fun() == "installed" || c.Chunk.Fun() == "latest") {
		if _, done := c.Memo.Get(initKey); !done {
			c.Memo.Put(initKey, true)
			c.Memo.Put(rtagKey, true)
		}
	}
	if isTrue(refresh) {
		return true
	}
	_, tagged := c.Memo.Get(rtagKey)
	return tagged && refresh != py.Value(py.False)
}
