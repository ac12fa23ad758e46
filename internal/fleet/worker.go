package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/roster"
	"pinch/shim"
	"pinch/ssh"
)

// worker does one job on one host.
type worker struct {
	f    *Fleet
	host *roster.Host
	job  Job
	res  *Result

	conn *ssh.Conn
	sess *shim.Session
	// grains are the host's own with the roster's over them.
	grains *py.Dict
}

// closeGrace is how long a shim may take to say goodbye.
const closeGrace = 10 * time.Second

// meant asks the filter, which needs the host's grains.
func (w *worker) meant(ctx context.Context) error {
	if w.f.Filter == nil {
		return nil
	}
	if _, err := w.session(ctx); err != nil {
		return err
	}
	yes, err := w.f.Filter(w.host, w.grains)
	w.res.Unmatched = !yes && err == nil
	return err
}

func (w *worker) do(ctx context.Context) error {
	if w.job.Raw != "" {
		return w.raw(ctx)
	}
	if fun, ok := controllerFuncs[w.job.Fun]; ok {
		return fun(ctx, w)
	}
	if peerFunc(w.job.Fun) != nil {
		return w.askPeers(ctx)
	}
	return w.call(ctx)
}

// connect opens the connection when there is none yet.
func (w *worker) connect(ctx context.Context) error {
	if w.conn != nil || w.f.Local {
		return nil
	}
	c, err := w.f.Pool.Dial(ctx, endpoint(w.host))
	if err != nil {
		return err
	}
	w.conn = c
	return w.forward(ctx)
}

// session starts the shim when it does not run yet.
func (w *worker) session(ctx context.Context) (*shim.Session, error) {
	if w.sess != nil {
		return w.sess, nil
	}
	o := shim.Options{
		Dir: w.host.ShimDir, Wipe: w.f.Wipe, Finder: w.f.Finder, Controller: w.f.Controller, Log: w.f.Log,
		Heartbeat: w.f.Heartbeat,
		Privilege: shim.Privilege{Sudo: w.host.Sudo.Enabled, User: w.host.Sudo.User, Password: w.host.Sudo.Password},
	}
	if w.host.SetPath != "" {
		o.Env = append(o.Env, [2]string{"PATH", w.host.SetPath})
	}
	var err error
	if w.f.Local {
		w.sess, err = shim.OpenLocal(ctx, w.f.Self, o)
	} else {
		if err = w.connect(ctx); err != nil {
			return nil, err
		}
		w.sess, err = shim.Open(ctx, transport{w.conn}, o)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.host.ID, err)
	}
	w.res.Stats.Uploaded = w.sess.Hello.Uploaded
	w.grains = w.sess.Hello.Grains
	w.grains.SetStr("id", py.Str(w.host.ID))
	for key, v := range map[string]py.Value{"server_id": serverID(string(w.host.ID)), "master": py.OrNone(w.f.Tree.Opts().Lookup("master"))} {
		if !w.grains.Has(key) { // the host's own files may say something else
			w.grains.SetStr(key, v)
		}
	}
	if w.host.Grains != nil {
		w.grains.Update(w.host.Grains)
	}
	return w.sess, nil
}

// close ends session and connection and notes what they cost.
func (w *worker) close(ctx context.Context, err error) error {
	if w.sess != nil {
		cctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeGrace)
		if ctx.Err() != nil { // interrupted: no patience
			cancel()
		}
		cerr := w.sess.Close(cctx)
		cancel()
		if cerr != nil && err == nil && !errors.Is(cerr, context.Canceled) {
			w.f.Log.Warn("the shim did not end in order", "host", w.host.ID, "error", cerr)
		}
	}
	if w.conn != nil {
		w.res.Stats.Stats = w.conn.Stats()
		if cerr := w.conn.Close(); cerr != nil {
			w.f.Log.Debug("closing the connection", "host", w.host.ID, "error", cerr)
		}
	}
	return err
}

// raw runs a shell command as salt-ssh's -r does.
func (w *worker) raw(ctx context.Context) error {
	if w.f.Local {
		return errors.New("-r runs a command over SSH: with --local use cmd.run")
	}
	if err := w.connect(ctx); err != nil {
		return err
	}
	p, err := w.conn.Start(ctx, w.job.Raw)
	if err != nil {
		return err
	}
	if err := p.Stdin.Close(); err != nil {
		return err
	}
	out, rerr := readAll(p.Stdout)
	err = p.Wait()
	var exit *ssh.ExitError
	code := 0
	switch {
	case errors.As(err, &exit):
		code = exit.Code
	case err != nil:
		return err
	case rerr != nil:
		return rerr
	}
	w.res.Return = py.DictOf("stdout", py.Str(validText(out)), "stderr", py.Str(validText(p.Stderr.Bytes())), "retcode", py.Int(code))
	w.res.Retcode = code
	return nil
}

// call runs an execution function.
func (w *worker) call(ctx context.Context) error {
	fn := w.f.Registry.Exec(w.job.Fun)
	if fn != nil {
		if err := fn.CheckCall(w.job.Args); err != nil { // before any contact
			w.res.Return = py.Str(err.Error())
			return &FunctionError{Host: w.res.ID, Fun: w.job.Fun, Text: err.Error()}
		}
	}
	sess, err := w.session(ctx)
	if err != nil {
		return err
	}
	if fn == nil || fn.Where == modules.Controller {
		return w.callPure(ctx)
	}
	r, err := sess.Call(ctx, w.job.Fun, w.job.Args, shim.CallOptions{
		Host: w.res.ID, Grains: w.grains, Opts: w.opts(), ReadOnly: w.job.ReadOnly, Remote: &lateRemote{w: w},
	})
	if err != nil {
		return w.raised(err)
	}
	w.res.Return = r.Value
	if r.HasRetcode {
		w.res.Retcode = int(r.Retcode)
	}
	return nil
}

// opts are the minion options of the host.
func (w *worker) opts() *py.Dict {
	o := w.f.Tree.Opts().Copy()
	if w.host.MinionOpts != nil {
		o.Update(w.host.MinionOpts)
	}
	o.SetStr("id", py.Str(w.host.ID))
	return o
}

func validText(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }

// serverID is the grain server_id: 31 bits of the SHA-256 of the minion's id.
func serverID(id string) py.Int {
	sum := sha256.Sum256([]byte(id))
	return py.Int(binary.BigEndian.Uint32(sum[28:]) & (1<<31 - 1))
}
