// Command stateruns runs the recorded state runs of real Salt against pinch:
// each case on a fresh Debian machine of the lab, with `pinch --local`, and
// compares exit status, return and what the host looks like afterwards.
//
//	go run ./integration/stateruns                          all cases
//	go run ./integration/stateruns -run '^file.managed/'    some
//	go run ./integration/stateruns -show file.managed/mode  one, with everything that differs
//
// It needs root. The last line is "golden stateruns: P of N", where P counts
// the cases whose exit status, results, changes, observations, order and
// comments all agree. See the README of this folder.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"pinch/integration/lab"
)

const (
	// goldensVariable names the environment variable with a folder of other goldens.
	goldensVariable = "PINCH_GOLDENS"

	ownGoldens = "integration/stateruns/testdata/goldens"
	knownFile  = "integration/stateruns/testdata/known-failures.txt"

	// productInHost is where the product stands in a host.
	productInHost = "/run/pinch-lab/pinch"
)

type options struct {
	goldens, run, show, pinch, command, bind, known, record, pack string
	jobs                                                          int
	verbose, updateKnown, keep, shell, list                       bool
}

func parse(args []string) (options, error) {
	var o options
	f := flag.NewFlagSet("stateruns", flag.ContinueOnError)
	f.StringVar(&o.goldens, "goldens", "", "folder with SUITE/NAME.json or SUITE.json.gz (default: $"+goldensVariable+", else "+ownGoldens+")")
	f.StringVar(&o.run, "run", "", "run only cases whose SUITE/NAME matches this regular expression")
	f.StringVar(&o.show, "show", "", "run one case and print everything that differs (SUITE/NAME, or a regular expression)")
	f.StringVar(&o.pinch, "pinch", "", "the pinch binary (default: build this module)")
	f.StringVar(&o.command, "command", "", "run this program and leading arguments in the host instead of `pinch --local`")
	f.StringVar(&o.bind, "bind", "", "comma-separated paths of this machine to show in the hosts, PATH or PATH:INSIDE, for -command")
	f.StringVar(&o.known, "known", "", "list of known failures (default: "+knownFile+", none for other goldens or -command)")
	f.StringVar(&o.record, "record", "", "write goldens with what -command (real Salt) returned into this folder")
	f.StringVar(&o.pack, "pack", "", "add the plain goldens of this folder to those of -goldens, and do nothing else")
	f.IntVar(&o.jobs, "j", 4, "cases at once")
	f.BoolVar(&o.verbose, "v", false, "print each case, not only those that fail, and each suite")
	f.BoolVar(&o.updateKnown, "update-known", false, "bring the list of known failures up to date")
	f.BoolVar(&o.keep, "keep", false, "leave the hosts running and print how to enter them (lab clean destroys them)")
	f.BoolVar(&o.shell, "shell", false, "open a shell in each host after its case")
	f.BoolVar(&o.list, "list", false, "list the cases")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("stateruns: %s: unexpected argument; choose cases with -run or -show", f.Arg(0))
	}
	if o.jobs < 1 {
		return o, fmt.Errorf("stateruns: -j %d: must be at least 1", o.jobs)
	}
	if o.record != "" && o.command == "" {
		return o, errors.New("stateruns: -record needs -command: goldens come from real Salt, not from pinch")
	}
	if o.goldens == "" {
		o.goldens = os.Getenv(goldensVariable)
	}
	if o.goldens == "" {
		o.goldens = ownGoldens
		if o.known == "" && o.command == "" {
			o.known = knownFile
		}
	}
	if o.shell {
		o.jobs = 1
	}
	return o, nil
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err == nil {
		err = work(ctx, o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func work(ctx context.Context, o options) (err error) {
	if o.pack != "" {
		n, err := pack(o.pack, o.goldens)
		if err == nil {
			fmt.Printf("packed %d cases into %s\n", n, o.goldens)
		}
		return err
	}
	cases, all, err := choose(o)
	if err != nil {
		return err
	}
	if o.list {
		for _, c := range cases {
			fmt.Println(c.id())
		}
		return nil
	}
	l, err := lab.New(ctx, os.Stderr)
	if err != nil {
		return err
	}
	session, err := l.Session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	temp, err := os.MkdirTemp("", "stateruns")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	p, err := o.product(ctx, temp)
	if err != nil {
		return err
	}
	if err := prepareImages(ctx, l, cases); err != nil {
		return err
	}
	results := runAll(ctx, session, p, cases, o)
	if ctx.Err() != nil {
		return errors.New("stateruns: interrupted")
	}
	if o.record != "" {
		return recordAll(o.record, results)
	}
	return conclude(o, results, all)
}

func recordAll(dir string, results []*caseResult) error {
	for _, r := range results {
		if err := record(dir, r); err != nil {
			return err
		}
	}
	fmt.Printf("recorded %d cases in %s\n", len(results), dir)
	return nil
}

// choose loads the goldens and selects the cases to run; all holds the ids of every golden.
func choose(o options) (cases []*goldenCase, all map[string]bool, err error) {
	loaded, err := loadGoldens(o.goldens)
	if err != nil {
		return nil, nil, err
	}
	pattern := o.run
	if o.show != "" {
		pattern = o.show
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, nil, fmt.Errorf("stateruns: %w", err)
	}
	all = map[string]bool{}
	for _, c := range loaded {
		all[c.id()] = true
		if all[o.show] && c.id() == o.show {
			return []*goldenCase{c}, all, nil // the exact name, not all that contain it
		}
		if re.MatchString(c.id()) {
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		return nil, nil, fmt.Errorf("stateruns: no case matches %q", pattern)
	}
	return cases, all, nil
}

// product says what to run in the hosts, and builds it when no binary is given.
func (o options) product(ctx context.Context, temp string) (product, error) {
	if o.command != "" {
		p := product{argv: strings.Fields(o.command)}
		for _, path := range strings.Split(o.bind, ",") {
			if path == "" {
				continue
			}
			outside, inside, mapped := strings.Cut(path, ":")
			if !mapped {
				inside = outside
			}
			p.binds = append(p.binds, lab.Bind{Outside: outside, Inside: inside})
		}
		return p, nil
	}
	binary := o.pinch
	if binary == "" {
		binary = filepath.Join(temp, "pinch")
		build := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return product{}, fmt.Errorf("stateruns: go build: %w\n%s", err, out)
		}
	}
	binary, err := filepath.Abs(binary)
	if err != nil {
		return product{}, err
	}
	if _, err := os.Stat(binary); err != nil {
		return product{}, fmt.Errorf("stateruns: %w", err)
	}
	return product{
		argv:  []string{productInHost, "--local", "--retcode-passthrough"},
		binds: []lab.Bind{{Outside: binary, Inside: productInHost}},
	}, nil
}

// prepareImages builds the images and layers that the cases need before the first one runs.
func prepareImages(ctx context.Context, l *lab.Lab, cases []*goldenCase) error {
	type stack struct{ suite, packages string }
	suites, stacks := map[string]bool{}, map[stack][]string{}
	for _, c := range cases {
		suites[c.Platform] = true
		stacks[stack{c.Platform, strings.Join(c.Packages, " ")}] = c.Packages
	}
	if err := l.Images(ctx, slices.Sorted(maps.Keys(suites))...); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for s, packages := range stacks {
		group.Go(func() error {
			_, err := l.Layer(ctx, s.suite, packages)
			return err
		})
	}
	return group.Wait()
}

// runAll runs the cases and prints a line for each as it ends.
func runAll(ctx context.Context, session *lab.Session, p product, cases []*goldenCase, o options) []*caseResult {
	results := make([]*caseResult, len(cases))
	var printing sync.Mutex
	var group errgroup.Group
	group.SetLimit(o.jobs)
	for i, c := range cases {
		group.Go(func() error {
			if ctx.Err() != nil {
				return nil
			}
			r := runCase(ctx, session, p, c, o.after(ctx, session))
			results[i] = r
			printing.Lock()
			defer printing.Unlock()
			switch {
			case ctx.Err() != nil: // cut short, not failed
			case o.show != "":
				show(os.Stdout, r, p)
			case o.record == "" && r.failed() || o.verbose:
				fmt.Println(summary(r))
			}
			return nil
		})
	}
	// Nothing is returned as an error: a case that cannot be run is a result.
	_ = group.Wait()
	return results
}

// after is what -keep and -shell do with a host when its case is over; nil destroys it.
func (o options) after(ctx context.Context, session *lab.Session) func(*lab.Overlay) error {
	if !o.keep && !o.shell {
		return nil
	}
	return func(host *lab.Overlay) error {
		if o.shell {
			fmt.Printf("shell in the host of the case; exit ends it\n")
			if err := host.Shell(ctx); err != nil {
				return errors.Join(err, host.Close())
			}
		}
		if !o.keep {
			return host.Close()
		}
		fmt.Printf("kept: %s\n      enter: %s\n      destroy: go run ./integration/lab/cmd/lab clean\n", host.Root(), host.Enter())
		return session.Keep()
	}
}

// conclude prints the tables, judges the results by the list of known failures and prints the count last.
func conclude(o options, results []*caseResult, all map[string]bool) error {
	passed := 0
	for _, r := range results {
		if !r.failed() {
			passed++
		}
	}
	if o.show == "" {
		if err := table(os.Stdout, results); err != nil {
			return err
		}
	}
	var bad []string
	if o.known != "" && o.show == "" {
		known, err := readKnown(o.known)
		if err != nil {
			return err
		}
		if o.updateKnown {
			updateKnown(known, results)
			for id := range known {
				if !all[id] {
					delete(known, id)
				}
			}
			if err := writeKnown(o.known, known); err != nil {
				return err
			}
		}
		bad = surprises(known, results, all)
		for _, line := range bad {
			if o.run == "" { // a chosen few were printed one by one
				fmt.Println(line)
			}
		}
	}
	fmt.Printf("golden stateruns: %d of %d\n", passed, len(results))
	if len(bad) > 0 {
		return fmt.Errorf("stateruns: %d results contradict %s", len(bad), o.known)
	}
	return nil
}
