package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"pinch/internal/check"
	"pinch/internal/config"
	"pinch/internal/fleet"
	"pinch/internal/output"
	"pinch/internal/py"
	"pinch/modules/all"
	"pinch/states"
)

func checkFlags() []cli.Flag {
	return append(commonFlags(),
		&cli.StringFlag{Name: "out", Aliases: []string{"output"}, Value: "text", Usage: "text, json or another outputter"},
		&cli.BoolFlag{Name: "notes", Usage: "tell each place of which only rendering says what it makes"},
	)
}

// check looks at a tree before any contact and says what will not work.
func (a *app) check(ctx context.Context, c *cli.Context) error {
	if c.Bool("version") {
		return a.version()
	}
	if c.NArg() > 1 {
		return usagef("check: one directory at most is looked at, not %d", c.NArg())
	}
	opts, err := a.checkOpts(c)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	log := a.logger(c.String("log-level"))
	tree, err := a.tree(ctx, c, opts, log)
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	defer a.closeTree(tree, log)
	if err := tree.Open(ctx); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	names := append(states.PureFunctions(), fleet.ControllerFunctions()...)
	report, err := check.Run(ctx, tree, check.Options{Registry: all.Registry(), Functions: names})
	if err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if report.SLS+report.Pillars+report.Templates == 0 {
		return usagef("check: there is no SLS: name the directory of a tree, or run it beside salt/ and pillar/")
	}
	if c.String("out") == "text" {
		err = a.printReport(report, c.Bool("notes"))
	} else {
		err = a.displayReport(report, c.String("out"))
	}
	if err == nil && len(report.Findings) > 0 {
		return &silentError{exitUnsupported}
	}
	return err
}

// checkOpts are the options of the tree to look at: the configuration's, or
// those of the directory that is named. One with salt/ or pillar/ or a
// configuration is a site; any other is a root of state files.
func (a *app) checkOpts(c *cli.Context) (*py.Dict, error) {
	dir := c.Args().First()
	if dir == "" {
		_, opts, err := a.configure(c)
		return opts, err
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(a.env.Dir, dir)
	}
	if fi, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !fi.IsDir() {
		return nil, usagef("%s is no directory", c.Args().First())
	}
	conf, err := config.Load(config.Options{ConfigDir: c.String("config-dir"), Saltfile: c.String("saltfile"), Dir: dir, Home: a.env.Home,
		Getenv: func(string) string { return "" }, SystemDir: filepath.Join(dir, ".no-system-configuration")})
	if err != nil {
		return nil, err
	}
	opts := conf.Opts.Copy()
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	root := conf.Origin == config.FromNothing || conf.Origin == config.FromSystem ||
		conf.Origin == config.FromConvention && !exists("salt/top.sls") && (exists("FORMULA") || exists("top.sls")) // salt/ holds states named salt
	if root {
		opts.SetStr("file_roots", py.DictOf("base", py.Strings(dir)))
		opts.SetStr("pillar_roots", py.DictOf("base", py.NewList()))
	}
	for flag, key := range map[string]string{"file-root": "file_roots", "pillar-root": "pillar_roots"} {
		if err := a.addRoots(opts, key, c.StringSlice(flag)); err != nil {
			return nil, fmt.Errorf("--%s: %w", flag, err)
		}
	}
	return opts, nil
}

// printReport writes a report for people: findings, what cannot be known, and
// the counts.
func (a *app) printReport(r *check.Report, notes bool) error {
	var b strings.Builder
	branches := 0
	for i := range r.Findings {
		f := r.Findings[i]
		f.File = a.shown(f.File)
		f.Text = strings.ReplaceAll(strings.TrimSpace(f.Text), "\n", " ")
		if f.Branch {
			branches++
		}
		b.WriteString(f.String() + "\n")
	}
	files := map[string]bool{}
	for i := range r.Notes {
		f := r.Notes[i]
		files[f.File] = true
		if notes {
			f.File = a.shown(f.File)
			b.WriteString("note: " + strings.ReplaceAll(f.String(), "\n", " ") + "\n")
		}
	}
	fmt.Fprintf(&b, "%s, %s and %s: ", count(r.SLS, "SLS"), count(r.Pillars, "pillar SLS"), count(r.Templates, "template"))
	if len(r.Findings) == 0 {
		b.WriteString("all that can be seen is supported\n")
	} else {
		var parts []string
		for _, n := range r.Counts() {
			parts = append(parts, n.String())
		}
		fmt.Fprintf(&b, "%s (%s)", count(len(r.Findings), "problem"), strings.Join(parts, ", "))
		if branches > 0 {
			fmt.Fprintf(&b, "; %d of them in branches, which not every host reaches", branches)
		}
		b.WriteString("\n")
	}
	if len(r.Notes) > 0 {
		fmt.Fprintf(&b, "%s in %s: only rendering tells what stands there", count(len(r.Notes), "place"), count(len(files), "file"))
		if !notes {
			b.WriteString(" (--notes lists them; pinch compile renders for a host)")
		}
		b.WriteString("\n")
	}
	_, err := fmt.Fprint(a.env.Stdout, output.Clean(b.String()))
	return err
}

// count is "1 template", "2 templates"; SLS has no plural.
func count(n int, what string) string {
	if n != 1 && !strings.HasSuffix(what, "SLS") {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// shown is a path as a person would write it here.
func (a *app) shown(path string) string {
	if rel, err := filepath.Rel(a.env.Dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

func (a *app) displayReport(r *check.Report, out string) error {
	list := func(findings []check.Finding) *py.List {
		l := py.NewList()
		for _, f := range findings {
			l.Append(py.DictOf("file", py.Str(f.File), "line", py.Int(f.Line), "column", py.Int(f.Col), "kind", py.Str(f.Kind),
				"text", py.Str(f.Text), "branch", py.Bool(f.Branch)))
		}
		return l
	}
	counts := py.NewDict()
	for _, n := range r.Counts() {
		counts.SetStr(string(n.Kind), py.Int(n.N))
	}
	o := output.DefaultOptions()
	o.Out, o.Terminal = out, a.env.StdoutTTY
	return output.Display(a.env.Stdout, py.DictOf("sls", py.Int(r.SLS), "pillar_sls", py.Int(r.Pillars), "templates", py.Int(r.Templates),
		"counts", counts, "findings", list(r.Findings), "notes", list(r.Notes)), o)
}
