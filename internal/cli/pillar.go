package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"pinch/internal/fleet"
	"pinch/internal/output"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/states"
)

// pillarFlags are the flags of `pinch pillar`.
func pillarFlags() []cli.Flag {
	flags := slices.DeleteFunc(runFlags(), func(f cli.Flag) bool { return f.Names()[0] == "raw" })
	return append(flags,
		&cli.BoolFlag{Name: "origin", Category: "pillar", Usage: "tell for each value the file and line it comes from; values are masked"},
		&cli.BoolFlag{Name: "show-values", Category: "pillar", Usage: "with --origin: show the values"},
		&cli.StringFlag{Name: "pillar", Category: "pillar", Usage: "pillar given on the command line, as YAML or JSON"},
		&cli.StringFlag{Name: "pillarenv", Category: "pillar", Usage: "the pillar environment"},
		&cli.StringFlag{Name: "saltenv", Category: "pillar", Usage: "the state environment"},
	)
}

// pillar shows the pillar of hosts: pillar.items, or where its values are from.
func (a *app) pillar(ctx context.Context, c *cli.Context) error {
	if c.Bool("version") {
		return a.version()
	}
	args := c.Args().Slice()
	tgt := ""
	if !c.Bool("local") {
		if len(args) == 0 {
			return usagef("pillar: the target is missing, as in: pinch pillar '*' --origin")
		}
		tgt, args = args[0], args[1:]
	}
	if c.Bool("show-values") && !c.Bool("origin") {
		return usagef("pillar: --show-values belongs to --origin")
	}
	var words []string
	if !c.Bool("origin") {
		words = args
	}
	for _, name := range []string{"pillar", "pillarenv", "saltenv"} {
		if v := c.String(name); v != "" {
			words = append(words, name+"="+v)
		}
	}
	job := fleet.Job{JID: newJID(time.Now()), ReadOnly: c.Bool("read-only"), Fun: "pillar.items", Args: saltargs.ParseArgv(words, nil), Origins: c.Bool("origin")}
	if !job.Origins {
		return a.work(ctx, c, tgt, job, view{})
	}
	o := &origins{keys: args, values: c.Bool("show-values"), dir: a.env.Dir}
	if c.String("out") == "" {
		return a.work(ctx, c, tgt, job, view{print: o.print})
	}
	return a.work(ctx, c, tgt, job, view{prepare: o.replace})
}

// origins shows where the values of a pillar are from.
type origins struct {
	keys   []string // only these and what is below them; none is all
	values bool
	dir    string // files below are shown relative to it
}

// masked stands for a value that is not to be seen.
const masked = "********"

func (o *origins) wants(key string) bool {
	if len(o.keys) == 0 {
		return true
	}
	for _, k := range o.keys {
		if key == k || strings.HasPrefix(key, k+":") {
			return true
		}
	}
	return false
}

// print writes one line a value, for people.
func (o *origins) print(w io.Writer, r *fleet.Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:\n", r.ID)
	for i := range r.Origins {
		v := &r.Origins[i]
		if !o.wants(v.Key()) {
			continue
		}
		text := masked
		if o.values {
			text = py.Repr(v.Value)
		}
		fmt.Fprintf(&b, "    %s: %s  <- %s\n", output.Clean(v.Key()), output.Clean(text), output.Clean(o.places(v.From)))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (o *origins) places(places []states.Place) string {
	if len(places) == 0 {
		return "unknown"
	}
	var parts []string
	for _, p := range places {
		if rel, ok := strings.CutPrefix(p.Pos.File, o.dir+"/"); ok {
			p.Pos.File = rel
		}
		parts = append(parts, p.String())
	}
	return strings.Join(parts, ", ")
}

// replace makes the result for machines: {key: {path, value, from: [{kind,
// name, file, line}]}}.
func (o *origins) replace(r *fleet.Result) {
	if r.Return == nil {
		return
	}
	out := py.NewDict()
	for i := range r.Origins {
		v := &r.Origins[i]
		if !o.wants(v.Key()) {
			continue
		}
		from := py.NewList()
		for _, p := range v.From {
			d := py.DictOf("kind", py.Str(p.Kind), "name", py.OptStr(p.Name), "file", py.OptStr(p.Pos.File), "line", py.None)
			if p.Pos.Line > 0 {
				d.SetStr("line", py.Int(p.Pos.Line))
			}
			from.Append(d)
		}
		entry := py.DictOf("path", py.Strings(v.Path...), "from", from)
		if o.values {
			entry.SetStr("value", v.Value)
		}
		out.SetStr(v.Key(), entry)
	}
	r.Return = out
}
