package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pinch/integration/lab"
)

// hostID is the minion id and host name of every recorded host.
const hostID = "h1"

// stepLimit ends a step that hangs.
const stepLimit = 3 * time.Minute

// minionConfig is the configuration of the recorded runs. The paths are Salt's defaults.
const minionConfig = `id: h1
file_client: local
file_roots: {base: [/srv/salt]}
pillar_roots: {base: [/srv/pillar]}
`

// product is the program under test.
type product struct {
	argv  []string // program and leading arguments, as seen in the host; the function and its arguments follow
	binds []lab.Bind
}

// stepResult is what the product did in one step.
type stepResult struct {
	retcode        int
	ret            any // normalised return, nil when stdout was no JSON
	stdout, stderr string
	observed       []observation
	took           time.Duration
}

// caseResult is the outcome of a case: err when it could not be run at all.
type caseResult struct {
	c     *goldenCase
	steps []stepResult
	diffs []difference
	err   error
	took  time.Duration
}

// failed tells whether the case counts as a failure.
func (r *caseResult) failed() bool {
	if r.err != nil {
		return true
	}
	for _, d := range r.diffs {
		if d.Level.counted() {
			return true
		}
	}
	return false
}

// agrees tells whether nothing of the level differs.
func (r *caseResult) agrees(l level) bool {
	if r.err != nil {
		return false
	}
	for _, d := range r.diffs {
		if d.Level == l {
			return false
		}
	}
	return true
}

// runCase runs the case in a fresh host; after is called with the host before it is destroyed.
func runCase(ctx context.Context, s *lab.Session, p product, c *goldenCase, after func(*lab.Overlay) error) (r *caseResult) {
	start := time.Now()
	r = &caseResult{c: c}
	defer func() { r.took = time.Since(start) }()
	host, err := s.Overlay(ctx, lab.OverlayOptions{
		Suite: c.Platform, Packages: c.Packages, Hostname: hostID, Network: c.Network, Systemd: c.Systemd, Binds: p.binds,
	})
	if err != nil {
		r.err = err
		return r
	}
	keep := false
	defer func() {
		if !keep {
			r.err = errors.Join(r.err, host.Close())
		}
	}()
	if r.err = prepare(ctx, host, c); r.err != nil {
		return r
	}
	for i := range c.Steps {
		step, err := runStep(ctx, host, p, c, &c.Steps[i])
		if err != nil {
			r.err = fmt.Errorf("step %d: %w", i+1, err)
			break
		}
		r.steps = append(r.steps, step)
	}
	if r.err == nil {
		r.diffs = compareCase(c, r.steps)
	}
	if after != nil {
		keep = true
		r.err = errors.Join(r.err, after(host))
	}
	return r
}

// prepare writes the tree, starts the host and runs the setup script.
func prepare(ctx context.Context, host *lab.Overlay, c *goldenCase) error {
	root := host.Root()
	files := map[string][]byte{
		"/srv/pillar/top.sls": []byte("base: {'*': [p]}\n"),
		"/srv/pillar/p.sls":   []byte(c.pillarText()),
		"/etc/salt/minion":    []byte(minionConfig),
		// The recorded hosts were made for logging in to, so root has keys.
		"/root/.ssh/authorized_keys": []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f lab\n"),
	}
	for name, content := range c.Tree {
		files[filepath.Join("/srv/salt", name)] = content
	}
	if err := os.MkdirAll(filepath.Join(root, "srv/salt"), 0o755); err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	for path, mode := range map[string]os.FileMode{"root": 0o711, "root/.ssh": 0o700, "root/.ssh/authorized_keys": 0o600} {
		if err := os.Chmod(filepath.Join(root, path), mode); err != nil {
			return err
		}
	}
	if err := host.Start(ctx); err != nil {
		return err
	}
	res, err := host.Exec(ctx, lab.Command{Argv: []string{"/bin/bash", "-eu", "-c", c.Setup}})
	if err != nil {
		return fmt.Errorf("setup: %w", err)
	}
	if res.Code != 0 {
		return fmt.Errorf("setup: exit status %d: %s%s", res.Code, res.Stdout, res.Stderr)
	}
	return nil
}

func runStep(ctx context.Context, host *lab.Overlay, p product, c *goldenCase, step *goldenStep) (stepResult, error) {
	argv := append(append(append([]string(nil), p.argv...), step.Kind), step.Args...)
	argv = append(argv, "--out=json")
	if step.Kind == shellStep {
		argv = []string{"/bin/bash", "-c", step.Args[0]}
	}
	limited, cancel := context.WithTimeout(ctx, stepLimit)
	defer cancel()
	start := time.Now()
	res, err := host.Exec(limited, lab.Command{Argv: argv})
	if err != nil {
		return stepResult{}, err
	}
	r := stepResult{retcode: res.Code, stdout: res.Stdout, stderr: res.Stderr, took: time.Since(start)}
	if step.Kind == shellStep {
		return r, nil
	}
	var out map[string]any
	if err := decodeJSON([]byte(res.Stdout), &out); err == nil {
		r.ret = normalize(hostReturn(out))
	}
	for _, cmd := range c.Observe {
		res, err := host.Exec(limited, lab.Command{Argv: []string{"/bin/bash", "-c", cmd}})
		if err != nil {
			return stepResult{}, fmt.Errorf("observe: %w", err)
		}
		r.observed = append(r.observed, observation{Cmd: cmd, Retcode: res.Code, Stdout: strings.ToValidUTF8(res.Stdout, "\uFFFD")})
	}
	return r, nil
}

// hostReturn is the return of the one host in JSON output, which Salt calls "local".
func hostReturn(out map[string]any) any {
	for _, name := range []string{"local", hostID} {
		if ret, ok := out[name]; ok && len(out) == 1 {
			return ret
		}
	}
	return out
}

// compareCase compares every step with the golden.
func compareCase(c *goldenCase, steps []stepResult) []difference {
	if c.Network {
		steps = withoutVersions(c, steps)
	}
	var all []difference
	for i, got := range steps {
		want := &c.Steps[i]
		var ds []difference
		if want.Kind != shellStep {
			ds = append(ds, compareReturns(normalize(want.Return), got.ret)...)
			ds = append(ds, compareObserved(want.Observed, got.observed)...)
		}
		if !retcodeAgrees(want.Retcode, got.retcode) {
			ds = append(ds, difference{Level: levelRetcode, What: "exit status", Want: want.Retcode, Got: got.retcode})
		}
		for j := range ds {
			ds[j].Step = i
		}
		all = append(all, ds...)
	}
	return all
}

// withoutVersions replaces the versions of packages from the network, which change with time.
func withoutVersions(c *goldenCase, steps []stepResult) []stepResult {
	versions := map[string]string{}
	for i, s := range steps {
		packageVersions(c.Steps[i].Return, s.ret, versions)
	}
	out := append([]stepResult(nil), steps...)
	for i := range out {
		out[i].ret = replaceVersions(out[i].ret, versions)
		observed := append([]observation(nil), out[i].observed...)
		for j := range observed {
			if text, ok := replaceVersions(observed[j].Stdout, versions).(string); ok {
				observed[j].Stdout = text
			}
		}
		out[i].observed = observed
	}
	return out
}

// productRetcodes says which exit status of the product stands for each exit
// status of salt-call --retcode-passthrough: 0 all well, 1 the tree does not
// compile, 2 a state failed or there was nothing to run, 5 the pillar is broken.
// The product keeps Salt's numbers.
var productRetcodes = map[int]int{0: 0, 1: 1, 2: 2, 5: 5}

func retcodeAgrees(want, got int) bool {
	if mapped, ok := productRetcodes[want]; ok {
		want = mapped
	}
	return want == got
}
