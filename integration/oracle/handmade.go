package main

import (
	"fmt"
	"path/filepath"
	"sort"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"

	"pinch/internal/saltargs"
)

// handmade reads the cases that were written by hand: one archive of files a
// case. The lines of its comment that begin with "$ " are the calls; files
// below w/ are in the scratch directory beforehand, the others are the tree.
func handmade(dir string) ([]*testCase, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.txtar"))
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	var out []*testCase
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			return nil, err
		}
		c := &testCase{Name: strings.TrimSuffix(filepath.Base(path), ".txtar"), Tree: map[string]string{}, Init: map[string]string{}}
		for line := range strings.Lines(string(a.Comment)) {
			command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "$ ")
			if !ok {
				continue
			}
			words, err := saltargs.ShlexSplit(command)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", path, command, err)
			}
			var r call
			r.Fun, r.Arg = words[0], words[1:]
			c.Runs = append(c.Runs, r)
		}
		for _, f := range a.Files {
			if name, ok := strings.CutPrefix(f.Name, "w/"); ok {
				c.Init[name] = string(f.Data)
			} else {
				c.Tree[f.Name] = string(f.Data)
			}
		}
		if len(c.Runs) == 0 {
			return nil, fmt.Errorf("%s: no line begins with $", path)
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no cases (NAME.txtar) there", dir)
	}
	return out, nil
}
