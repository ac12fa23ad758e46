// Command oracle compares pinch's state engine with real Salt on random small
// trees: every requisite and its forms, conditions, retries, parallel states,
// order, includes, extends, excludes, in test mode and for real.
//
//	go run ./integration/oracle -salt VENV/bin/python -seed 1 -n 1000
//	go run ./integration/oracle -salt VENV/bin/python -seed 17 -n 1 -show
//	go run ./integration/oracle -salt VENV/bin/python -seed 1 -n 400 -record integration/oracle/testdata/random.json.gz
//	go run ./integration/oracle -salt VENV/bin/python -cases integration/oracle/testdata/cases -record integration/oracle/testdata/cases.json.gz
//
// Without Salt, the recorded trees are run by `go test ./integration/oracle`.
package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"
)

type options struct {
	python, pinch string
	seed          int64
	n             int
	show          bool
	record, dir   string
}

func main() {
	var o options
	flag.StringVar(&o.python, "salt", "", "Python of a virtual environment with Salt")
	flag.StringVar(&o.pinch, "pinch", "", "this binary, not one built from the module")
	flag.Int64Var(&o.seed, "seed", time.Now().UnixNano()%1e9, "first seed")
	flag.IntVar(&o.n, "n", 100, "how many trees")
	flag.BoolVar(&o.show, "show", false, "print trees and answers")
	flag.StringVar(&o.record, "record", "", "write the trees and Salt's answers to this file")
	flag.StringVar(&o.dir, "cases", "", "run the cases of this folder (NAME.txtar) instead of random ones")
	flag.Parse()
	failed, err := o.run(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "oracle:", err)
		os.Exit(1)
	}
	if failed > 0 {
		os.Exit(2)
	}
}

func (o *options) run(ctx context.Context) (failed int, err error) {
	if o.python == "" {
		return 0, fmt.Errorf("-salt: the Python of a virtual environment with Salt is needed")
	}
	dir, err := os.MkdirTemp("", "oracle")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if o.pinch == "" {
		o.pinch = filepath.Join(dir, "pinch")
		build := exec.CommandContext(ctx, "go", "build", "-o", o.pinch, "pinch")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("build pinch: %w\n%s", err, out)
		}
	}
	salt, err := startSalt(o.python, filepath.Join(dir, "s"), "0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = salt.close() }()
	var second *saltSide // with other hash values
	defer func() {
		if second != nil {
			_ = second.close()
		}
	}()
	pinch, err := newPinch(o.pinch, filepath.Join(dir, "p"))
	if err != nil {
		return 0, err
	}
	var cases []*testCase
	var names []string
	compiled, total := 0, 0
	todo, err := o.cases()
	if err != nil {
		return 0, err
	}
	for c := range todo {
		total++
		if o.show {
			fmt.Print(c.describe())
		}
		want, err := run(ctx, salt, c)
		if err != nil {
			return failed, fmt.Errorf("%s: %w", c.name(), err)
		}
		got, err := run(ctx, pinch, c)
		if err != nil {
			return failed, fmt.Errorf("%s: %w", c.name(), err)
		}
		if _, ok := want[0].Return.(map[string]any); ok {
			compiled++
		}
		ds := compare(c, want, got)
		if len(ds) > 0 {
			// what Salt itself does not do twice is no rule
			if second == nil {
				if second, err = startSalt(o.python, filepath.Join(dir, "r"), "4711"); err != nil {
					return failed, err
				}
			}
			again, err := run(ctx, second, c)
			if err != nil {
				return failed, fmt.Errorf("%s: %w", c.name(), err)
			}
			if unstable := compare(c, want, again); len(unstable) > 0 {
				fmt.Printf("%s: Salt does not agree with itself: %s\n", c.name(), unstable[0])
				continue
			}
			failed++
			names = append(names, c.name())
			fmt.Printf("%s  %s\n", c.describe(), strings.Join(ds, "\n  "))
		}
		if o.show {
			fmt.Printf("--- Salt: %s\n--- pinch: %s\n", text(want), text(got))
		}
		if o.record != "" && (c.Name != "" || !c.timed()) {
			c.Want = want
			cases = append(cases, c)
		}
	}
	fmt.Printf("engine_random: %d of %d agree, %d compile\n", total-failed, total, compiled)
	if failed > 0 {
		fmt.Println("differ:", strings.Join(names, " "))
	}
	if o.record != "" {
		return failed, writeCases(o.record, cases)
	}
	return failed, nil
}

// cases are the random trees, or those of a folder.
func (o *options) cases() (iter.Seq[*testCase], error) {
	if o.dir != "" {
		list, err := handmade(o.dir)
		return slices.Values(list), err
	}
	return func(yield func(*testCase) bool) {
		for seed := o.seed; seed < o.seed+int64(o.n); seed++ {
			if !yield(generate(seed)) {
				return
			}
		}
	}, nil
}

// timed says whether the order of a tree's results is a matter of time.
func (c *testCase) timed() bool {
	for _, text := range c.Tree {
		if strings.Contains(text, "parallel: true") {
			return true
		}
	}
	return false
}

// describe is a case for people.
func (c *testCase) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "=== %s\n", c.name())
	names := make([]string, 0, len(c.Tree))
	for name := range c.Tree {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&b, "-- %s --\n%s", name, c.Tree[name])
	}
	for _, r := range c.Runs {
		fmt.Fprintf(&b, "$ %s\n", r)
	}
	return b.String()
}
