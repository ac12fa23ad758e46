package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"os/user"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"pinch/internal/config"
	"pinch/internal/fleet"
	"pinch/internal/output"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules/all"
	"pinch/roster"
	"pinch/shim"
	"pinch/ssh"
)

// target runs a function on hosts: what pinch is for.
func (a *app) target(ctx context.Context, c *cli.Context) error {
	if c.Bool("version") {
		return a.version()
	}
	args := c.Args().Slice()
	local := c.Bool("local")
	if len(args) == 0 {
		return usagef("a target and a function are missing (see pinch --help)")
	}
	tgt := ""
	if !local {
		tgt, args = args[0], args[1:]
	}
	if len(args) == 0 {
		return usagef("target %q: the function is missing, as in: pinch '%s' test.ping", tgt, tgt)
	}
	job := fleet.Job{JID: newJID(time.Now()), ReadOnly: c.Bool("read-only")}
	if c.Bool("raw") {
		job.Raw = strings.Join(args, " ")
	} else {
		job.Fun = args[0]
		if !strings.Contains(job.Fun, ".") {
			return usagef("function %q: it has the form module.function, such as state.apply", job.Fun)
		}
		job.Args = saltargs.ParseArgv(args[1:], splitAll(c.StringSlice("no-parse")))
	}
	return a.work(ctx, c, tgt, job, view{})
}

// view changes how results are shown.
type view struct {
	// prepare may change a host's result before it is shown. May be nil.
	prepare func(r *fleet.Result)
	// print writes a host's result; nil is Salt's outputters.
	print func(w io.Writer, r *fleet.Result) error
}

// work does a job on the hosts of a target.
func (a *app) work(ctx context.Context, c *cli.Context, tgt string, job fleet.Job, v view) error {
	local := c.Bool("local")
	log := a.logger(c.String("log-level"))
	if c.Bool("verbose") {
		fmt.Fprintf(a.env.Stderr, "pinch: job %s\n", job.JID)
	}
	conf, opts, err := a.configure(c)
	if err != nil {
		return err
	}
	for _, w := range conf.Warnings {
		log.Warn(w.String())
	}
	tree, err := a.tree(ctx, c, opts, log)
	if err != nil {
		return err
	}
	defer a.closeTree(tree, log)
	sel, err := a.hosts(ctx, c, conf, tree, tgt, log)
	if err != nil {
		return err
	}
	sshOpts, err := a.sshOptions(c, conf, log)
	if err != nil {
		return err
	}
	pool := ssh.NewPool(sshOpts)
	defer pool.Close()
	stop := make(chan struct{})
	ctx, done := a.watchSignals(ctx, stop)
	defer done()
	live := a.env.StdoutTTY && !c.Bool("no-progress") && c.String("out-file") == ""
	progress := output.NewProgress(a.env.Stdout, live)
	f := &fleet.Fleet{
		Tree: tree, Registry: all.Registry(), Finder: shim.NewFinder(a.env.Getenv), Pool: pool, Procs: procs(c, conf),
		Filter: sel.filter, Peers: sel.peers(conf),
		Local: local, Self: a.env.Self, Wipe: c.Bool("wipe") || conf.SSH.Wipe, Controller: controllerName(), Stop: stop, Progress: progress,
		Warn: func(host, msg string) { log.Warn(msg, "host", host) }, Log: log,
	}
	p := &printer{app: a, c: c, options: output.FromConfig(conf.Opts), job: job, view: v, w: progress.Writer()}
	if err := p.open(); err != nil {
		return err
	}
	results := f.Run(ctx, sel.hosts, job, p.host)
	progress.Close()
	if p.file == nil {
		p.w = a.env.Stdout
	}
	results = matched(results)
	if len(results) == 0 {
		return &roster.NoMatchError{Target: tgt, Kind: targetKind(c)}
	}
	if err := p.close(results); err != nil {
		return err
	}
	return a.verdict(c, results, p.failed)
}

// verdict makes the exit status of the results.
func (a *app) verdict(c *cli.Context, results []*fleet.Result, writeErr error) error {
	if writeErr != nil {
		return writeErr
	}
	var codes []int
	salt := 0
	for _, r := range results {
		if r.Retcode > salt {
			salt = r.Retcode
		}
		switch {
		case r.Err != nil:
			codes = append(codes, exitOf(r.Err))
		case r.Retcode != 0:
			codes = append(codes, exitFailed)
		}
	}
	code := gravest(codes...)
	if c.Bool("retcode-passthrough") && code != exitInterrupted {
		code = min(salt, 255)
	}
	if code == exitOK {
		return nil
	}
	return &silentError{code}
}

// matched drops the hosts that the target turned out not to mean.
func matched(results []*fleet.Result) []*fleet.Result {
	var out []*fleet.Result
	for _, r := range results {
		if !r.Unmatched {
			out = append(out, r)
		}
	}
	return out
}

// procs is how many hosts are worked on at once.
func procs(c *cli.Context, conf *config.Config) int {
	if n := c.Int("max-procs"); n > 0 {
		return n
	}
	if conf.Pos("ssh_max_procs").File != "" {
		return conf.SSH.MaxProcs
	}
	return fleet.DefaultProcs
}

// newJID is a job id as Salt makes them: the time to the microsecond.
func newJID(t time.Time) string {
	return strings.Replace(t.UTC().Format("20060102150405.000000"), ".", "", 1)
}

func splitAll(ss []string) []string {
	var out []string
	for _, s := range ss {
		out = append(out, strings.Split(s, ",")...)
	}
	return out
}

func controllerName() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return name + "@" + host
}

func (a *app) logger(level string) *slog.Logger {
	l := slog.LevelWarn
	switch strings.ToLower(level) {
	case "error", "critical", "quiet":
		l = slog.LevelError
	case "info":
		l = slog.LevelInfo
	case "debug", "trace", "all", "garbage":
		l = slog.LevelDebug
	}
	return slog.New(newLogHandler(a.env.Stderr, l))
}

// treeLog takes what templates and the compiler log.
func (a *app) treeLog(log *slog.Logger) func(level, message string) {
	return func(level, message string) {
		switch level {
		case "error", "critical":
			log.Error(message)
		case "warning":
			log.Warn(message)
		case "info":
			log.Info(message)
		default:
			log.Debug(message)
		}
	}
}

// watchSignals closes stop at the first interrupt, so that running states end
// in order, and ends the context at the second.
func (a *app) watchSignals(ctx context.Context, stop chan struct{}) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	sig := a.env.Signals
	var own chan os.Signal
	if sig == nil {
		own = make(chan os.Signal, 4)
		signal.Notify(own, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		sig = own
	}
	done := make(chan struct{})
	go func() {
		first := true
		for {
			select {
			case <-sig:
				if !first {
					cancel()
					return
				}
				first = false
				close(stop)
				fmt.Fprintln(a.env.Stderr, "pinch: stopping: the running states end, the rest is left out (again to stop at once)")
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		if own != nil {
			signal.Stop(own)
		}
		close(done)
		cancel()
	}
}

// printer prints results as hosts finish, or all at the end with --static.
type printer struct {
	app     *app
	c       *cli.Context
	options output.Options
	job     fleet.Job
	view    view
	w       io.Writer
	file    *os.File
	failed  error
}

func (p *printer) open() error {
	name := p.c.String("out-file")
	if name == "" {
		return nil
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_TRUNC
	if p.c.Bool("out-file-append") {
		flags = os.O_CREATE | os.O_WRONLY | os.O_APPEND
	}
	f, err := os.OpenFile(name, flags, 0o600)
	if err != nil {
		return fmt.Errorf("--out-file: %w", err)
	}
	p.w, p.file = f, f
	return nil
}

// static says whether the results are one document: what machines read is.
func (p *printer) static() bool {
	switch p.c.String("out") {
	case "json", "yaml", "pprint", "raw":
		return true
	}
	return p.c.Bool("static")
}

// host prints one host's result.
func (p *printer) host(r *fleet.Result) {
	if r.Unmatched {
		return
	}
	if r.Err != nil {
		p.complain(r)
	}
	if p.view.prepare != nil {
		p.view.prepare(r)
	}
	if r.Return == nil || p.static() {
		return
	}
	var err error
	if p.view.print != nil {
		err = p.view.print(p.w, r)
	} else {
		err = p.display(py.DictOf(r.ID, r.Return), r.Out, r.Retcode)
	}
	if p.failed == nil {
		p.failed = err
	}
}

// complain tells a person why a host has no good result. Errors of a compile
// are in the result too, without their places.
func (p *printer) complain(r *fleet.Result) {
	if errors.Is(r.Err, context.Canceled) && r.Return == nil {
		fmt.Fprintf(p.app.env.Stderr, "pinch: %s: not run\n", r.ID)
		return
	}
	for _, line := range strings.Split(strings.TrimRight(output.Clean(r.Err.Error()), "\n"), "\n") {
		fmt.Fprintf(p.app.env.Stderr, "pinch: %s\n", line)
	}
}

// close prints what waited for the end.
func (p *printer) close(results []*fleet.Result) error {
	if p.static() {
		allOf := py.NewDict()
		out := ""
		for _, r := range results {
			if r.Return != nil {
				allOf.SetStr(r.ID, r.Return)
				out = r.Out
			}
		}
		if allOf.Len() > 0 {
			if err := p.display(allOf, out, 0); err != nil {
				return err
			}
		}
	}
	if p.c.Bool("stats") {
		for _, r := range results {
			s := r.Stats
			fmt.Fprintf(p.app.env.Stderr, "pinch: %s: %.3f s, %d bytes out, %d bytes in, %d connections, %d sessions, %d round trips, shim %s\n",
				r.ID, r.Elapsed.Seconds(), s.BytesOut, s.BytesIn, s.Connections, s.Sessions, s.Flips, map[bool]string{true: "uploaded", false: "cached"}[s.Uploaded])
		}
	}
	if p.file != nil {
		return p.file.Close()
	}
	return nil
}

func (p *printer) display(data *py.Dict, out string, retcode int) error {
	o := p.options
	o.Out, o.Fun, o.Static, o.Retcode = out, p.job.Fun, p.static(), retcode
	if v := p.c.String("out"); v != "" {
		o.Output = &v
	}
	o.Color = p.c.Bool("force-color") || p.app.env.StdoutTTY && p.file == nil && !p.c.Bool("no-color") && p.app.env.Getenv("NO_COLOR") == ""
	o.Terminal = p.app.env.StdoutTTY && p.file == nil
	if p.c.IsSet("out-indent") {
		o.OutputIndent = py.Int(p.c.Int("out-indent"))
	}
	if v := p.c.String("state-output"); v != "" {
		o.StateOutput = v
	}
	if v := p.c.String("state-verbose"); v != "" {
		o.StateVerbose = strings.EqualFold(v, "true")
	}
	return output.Display(p.w, data, o)
}
