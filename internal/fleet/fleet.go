// Package fleet runs one job on many hosts in parallel: for each host it
// connects, starts the shim, compiles the tree with the host's grains, runs
// the result there and hands over what came of it. It is the only package that
// knows both sides: ssh and roster here, states and shim there.
package fleet

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/roster"
	"pinch/shim"
	"pinch/ssh"
	"pinch/states"
	"pinch/states/low"
)

// DefaultProcs is how many hosts are worked on at once. A host costs little
// more than its connection.
const DefaultProcs = 50

// Job is what is asked of every host.
type Job struct {
	JID string
	// Fun and Args are the function and its arguments as on Salt's command line.
	Fun  string
	Args *py.Args
	// Raw, when set, is a shell command that is run instead, without the shim.
	Raw string
	// ReadOnly refuses functions that may write.
	ReadOnly bool
	// Origins asks pillar.items for the places of values in the result's
	// Origins, too.
	Origins bool
}

// Fleet is what all hosts share.
type Fleet struct {
	Tree     *states.Tree
	Registry *modules.Registry
	Finder   *shim.Finder
	Pool     *ssh.Pool
	Procs    int
	// Local runs the job on this machine by the program Self, without SSH.
	Local bool
	Self  string
	// Filter decides, once its grains are known, whether a host is meant at
	// all; nil means all are.
	Filter func(h *roster.Host, grains *py.Dict) (bool, error)
	// Peers finds other hosts for mine.get and publish.publish; nil when there is
	// no roster.
	Peers Peers
	// Wipe leaves not even the cached shim.
	Wipe       bool
	Controller string // user@host, for the lock's holder
	// Stop, when closed, lets running states end and leaves out the rest.
	Stop     <-chan struct{}
	Progress Progress
	// Warn takes what a person should know and no result says.
	Warn func(host, message string)
	Log  *slog.Logger
	// Session options that the tests set.
	Heartbeat time.Duration

	// What Run sets for the questions to other hosts.
	peers    *peers
	jid      string
	readOnly bool
}

// Progress is told how the hosts get on. Its methods are called by many
// goroutines.
type Progress interface {
	HostStart(id string)
	State(id string, n, total int, name string)
	HostDone(id string, ok bool)
}

type noProgress struct{}

func (noProgress) HostStart(string)               {}
func (noProgress) State(string, int, int, string) {}
func (noProgress) HostDone(string, bool)          {}

// Result is what came of a job on one host.
type Result struct {
	ID string
	// Return is what Salt would return; nil when there is nothing but Err.
	Return py.Value
	// Out is Salt's outputter for the function ("highstate", ...), "" for the
	// usual.
	Out string
	// Retcode is Salt's exit status for the return.
	Retcode int
	// Err says why there is no return, or why it is not a good one: a
	// *CompileError, *LostError, *shim.BusyError, the errors of package ssh.
	Err     error
	Origins []states.Origin
	Summary low.Summary
	// Unmatched says that Filter left the host out.
	Unmatched bool
	Elapsed   time.Duration
	Stats     Stats
}

// Failed says whether anything went wrong on the host.
func (r *Result) Failed() bool { return r.Err != nil || r.Retcode != 0 }

// Stats are what a job cost.
type Stats struct {
	ssh.Stats
	Uploaded bool // the shim was not there
}

// Run works on the hosts and calls each for every one that is done, one at a
// time. It returns when all are done, with the results in the order of hosts.
func (f *Fleet) Run(ctx context.Context, hosts []*roster.Host, job Job, each func(*Result)) []*Result {
	if f.Progress == nil {
		f.Progress = noProgress{}
	}
	if f.Log == nil {
		f.Log = slog.New(slog.DiscardHandler)
	}
	procs := f.Procs
	if procs <= 0 {
		procs = DefaultProcs
	}
	f.jid, f.readOnly = job.JID, job.ReadOnly
	f.peers = newPeers(f, procs)
	defer f.peers.close(ctx)
	results := make([]*Result, len(hosts))
	slots := make(chan struct{}, procs)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i, h := range hosts {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			r := f.one(ctx, h, job)
			mu.Lock()
			defer mu.Unlock()
			results[i] = r
			if each != nil {
				each(r)
			}
		})
	}
	wg.Wait()
	return results
}

func (f *Fleet) stopped() bool {
	select {
	case <-f.Stop:
		return true
	default:
		return false
	}
}

// one does the job on one host.
func (f *Fleet) one(ctx context.Context, h *roster.Host, job Job) *Result {
	start := time.Now()
	w := &worker{f: f, host: h, job: job, res: &Result{ID: string(h.ID)}}
	if f.stopped() {
		w.res.Err = context.Canceled
		return w.res
	}
	f.Progress.HostStart(w.res.ID)
	err := w.meant(ctx)
	if err == nil && !w.res.Unmatched {
		err = w.do(ctx)
	}
	err = w.close(ctx, err)
	if err != nil {
		w.res.Err = err
		if w.res.Retcode == 0 {
			w.res.Retcode = 1
		}
	}
	w.res.Elapsed = time.Since(start)
	f.Progress.HostDone(w.res.ID, !w.res.Failed())
	return w.res
}
