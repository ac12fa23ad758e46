package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
)

// A generator makes random trees. The same seed gives the same tree.
type generator struct {
	r      *rand.Rand
	sls    []string
	decls  []*decl
	extend []string // finished extend blocks, by SLS index
}

// decl is one state of an ID.
type decl struct {
	id, name   string // name is what a requisite may call it, besides the ID
	state, fun string
	sls        int
	args       []arg
}

type arg struct {
	key string
	val any // encoded as JSON, which is YAML
}

// generate makes the tree of a seed.
func generate(seed int64) *testCase {
	g := &generator{r: rand.New(rand.NewSource(seed))}
	c := &testCase{Seed: seed, Tree: map[string]string{}, Init: map[string]string{}}
	for i := range 4 {
		if g.chance(60) {
			c.Init[fmt.Sprintf("f%d", i)] = fmt.Sprintf("init %d\nx=1\n", i)
		}
	}
	g.sls = []string{"t", "a", "b.c", "d"}[:1+g.weighted(6, 3, 2, 1)]
	n := 2 + g.r.Intn(11)
	for i := range n {
		g.decls = append(g.decls, g.state(i))
	}
	for i, d := range g.decls {
		g.requisites(i, d)
		g.globals(d)
	}
	for i, name := range g.sls {
		path := strings.ReplaceAll(name, ".", "/") + ".sls"
		c.Tree[path] = g.render(i)
	}
	c.Runs = g.runs(c)
	return c
}

func (g *generator) chance(percent int) bool { return g.r.Intn(100) < percent }

func pick[T any](g *generator, list ...T) T { return list[g.r.Intn(len(list))] }

// weighted returns an index with the probability of its weight.
func (g *generator) weighted(weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := g.r.Intn(sum)
	for i, w := range weights {
		if n -= w; n < 0 {
			return i
		}
	}
	return 0
}

func (g *generator) file() string { return fmt.Sprintf("%s/f%d", here, g.r.Intn(6)) }

// state makes the i-th state without its requisites.
func (g *generator) state(i int) *decl {
	d := &decl{id: fmt.Sprintf("s%d", i), sls: g.r.Intn(len(g.sls))}
	add := func(key string, val any) { d.args = append(d.args, arg{key, val}) }
	switch g.weighted(44, 26, 26, 4) {
	case 0:
		d.state = "test"
		d.fun = pick(g, "nop", "succeed_without_changes", "succeed_with_changes", "succeed_with_changes", "fail_without_changes",
			"fail_with_changes", "configurable_test_state", "configurable_test_state", "show_notification")
		switch d.fun {
		case "configurable_test_state":
			add("changes", pick(g, true, false))
			add("result", pick(g, true, true, false))
			if g.chance(40) {
				add("comment", pick(g, "said", "two\nlines", ""))
			}
			if g.chance(15) {
				add("warnings", pick[any](g, "careful", []string{"one", "two"}))
			}
		case "show_notification":
			add("text", "text of "+d.id)
		}
	case 1:
		d.state, d.fun = "cmd", pick(g, "run", "run", "run", "wait")
		command := pick(g, "true", "false", "echo out", "echo err >&2; exit 3",
			"echo "+d.id+" >> "+here+"/log", "test -e "+g.file(), "cat "+g.file(), "rm -f "+g.file(), "touch "+g.file(), "printf 'a\\nb\\n'")
		if g.chance(12) {
			command = pick(g, "echo; echo changed=yes comment='it did' key=val", "echo changed=no", `echo '{"changed": true, "comment": "json"}'`)
			add("stateful", true)
		}
		add("name", command)
		d.name = command
		if g.chance(15) {
			add("cwd", here)
		}
		if g.chance(15) {
			add("creates", pick[any](g, g.file(), []string{g.file(), g.file()}))
		}
		if g.chance(8) {
			add("hide_output", true)
		}
		if g.chance(8) {
			add("success_retcodes", []int{3})
		}
		if g.chance(5) {
			add("env", []any{map[string]string{"A": "1"}})
		}
		if g.chance(5) {
			add("output_loglevel", "quiet")
		}
		if g.chance(6) {
			add("umask", pick[any](g, "077", "0007"))
		}
	case 2:
		d.state = "file"
		d.fun = pick(g, "managed", "managed", "managed", "absent", "touch", "directory", "append", "missing", "exists", "symlink", "replace", "copy", "comment")
		d.name = g.file()
		add("name", d.name)
		switch d.fun {
		case "managed":
			add("contents", pick[any](g, "hello", "init 1\nx=1", []string{"l1", "l2"}))
			if g.chance(15) {
				add("mode", pick[any](g, "0600", "755"))
			}
			if g.chance(10) {
				add("replace", false)
			}
			if g.chance(8) {
				add("show_changes", false)
			}
			if g.chance(8) {
				add("check_cmd", pick(g, "grep -q hello", "false"))
			}
		case "append":
			add("text", pick[any](g, "x=1", "more", []string{"m1", "m2"}))
		case "symlink":
			add("target", here+"/target")
			if g.chance(40) {
				add("force", true)
			}
		case "replace":
			add("pattern", "x=.")
			add("repl", pick(g, "x=1", "x=2"))
		case "copy":
			add("source", g.file())
			if g.chance(40) {
				add("force", true)
			}
		case "comment":
			add("regex", "^x=")
		}
	default:
		switch g.weighted(3, 2, 2, 2) {
		case 0:
			d.state, d.fun = "module", pick(g, "run", "wait")
			add("test.echo", []any{map[string]string{"text": "hi"}})
		case 1:
			d.state, d.fun = "test", unknown
		case 2:
			d.state, d.fun = "nosuchmodule", "present"
		default:
			d.state, d.fun = "test", "nop"
			add("unknown_arg", 1)
		}
	}
	// a second state of an earlier ID
	if i > 0 && g.chance(10) {
		o := g.decls[g.r.Intn(i)]
		if !g.has(o.id, d.state) {
			d.id, d.sls = o.id, o.sls
		}
	}
	if d.state == "test" {
		switch g.weighted(80, 10, 10) {
		case 1:
			d.name = pick(g, "n"+d.id, "same", "a: b")
			add("name", d.name)
		case 2:
			names := []any{"x" + d.id, "y" + d.id}
			if g.chance(40) {
				names[1] = map[string]any{"y" + d.id: []any{map[string]any{"comment": "own"}}}
			}
			if d.fun == "configurable_test_state" || g.chance(70) {
				add("names", names)
				d.name = "x" + d.id
			}
		}
	}
	return d
}

func (g *generator) has(id, state string) bool {
	for _, o := range g.decls {
		if o.id == id && o.state == state {
			return true
		}
	}
	return false
}

var kinds = []struct {
	name   string
	weight int
}{
	{"require", 22}, {"watch", 12}, {"onchanges", 12}, {"onfail", 9}, {"prereq", 9}, {"listen", 6}, {"use", 2},
	{"require_any", 5}, {"watch_any", 4}, {"onchanges_any", 4}, {"onfail_any", 3}, {"onfail_all", 3}, {"onfail_stop", 1},
	{"require_in", 7}, {"watch_in", 5}, {"onchanges_in", 3}, {"onfail_in", 3}, {"prereq_in", 4}, {"listen_in", 3}, {"use_in", 1},
}

// requisites gives a state its requisites, nearly always to states whose place
// in the list makes no cycle.
func (g *generator) requisites(i int, d *decl) {
	for range g.weighted(30, 40, 22, 8) {
		weights := make([]int, len(kinds))
		for j, k := range kinds {
			weights[j] = k.weight
		}
		kind := kinds[g.weighted(weights...)].name
		if kind == "onfail_stop" {
			d.args = append(d.args, arg{kind, pick[any](g, []any{}, []any{}, false)})
			continue
		}
		var refs []any
		for range 1 + g.weighted(6, 3, 1) {
			o := g.other(i, kind)
			if o != nil && fires(kind) && (d.fun == unknown || o.fun == unknown) {
				continue // pinch has no mod_watch for a function that does not exist
			}
			if o != nil {
				refs = append(refs, g.ref(o, kind))
			}
		}
		if len(refs) == 0 {
			continue
		}
		var val any = refs
		if g.chance(1) {
			val = refs[0]
		}
		d.args = append(d.args, arg{kind, val})
	}
}

// unknown is a function that does not exist.
const unknown = "no_such_function"

// fires says whether a requisite calls mod_watch.
func fires(kind string) bool {
	return strings.HasPrefix(kind, "watch") || strings.HasPrefix(kind, "listen")
}

// other picks the state that the i-th has a requisite to: what it depends on
// stands before it.
func (g *generator) other(i int, kind string) *decl {
	later := strings.HasSuffix(kind, "_in") != (kind == "prereq" || kind == "prereq_in")
	if kind == "listen" || kind == "listen_in" || g.chance(3) {
		later = g.chance(50)
	}
	switch n := len(g.decls); {
	case later && i+1 < n:
		return g.decls[i+1+g.r.Intn(n-i-1)]
	case !later && i > 0:
		return g.decls[g.r.Intn(i)]
	}
	return nil
}

// ref is one item of a requisite.
func (g *generator) ref(o *decl, kind string) any {
	name := o.id
	if o.name != "" && g.chance(25) && (!strings.HasSuffix(kind, "_in") || g.chance(20)) {
		name = o.name
	}
	switch g.weighted(160, 24, 3, 8, 2, 1, 1) {
	case 1:
		return name
	case 2:
		return map[string]string{"sls": g.sls[g.r.Intn(len(g.sls))]}
	case 3:
		if !strings.HasSuffix(kind, "_in") && !strings.HasPrefix(kind, "listen") {
			return map[string]string{o.state: pick(g, o.id+"*", o.id+"*", "?"+o.id[1:], "[s]"+o.id[1:], "*")}
		}
	case 4:
		return map[string]string{o.state + "." + o.fun: name}
	case 5:
		return map[string]string{"id": name}
	case 6:
		return map[string]string{o.state: "missing"}
	}
	return map[string]string{o.state: name}
}

// globals gives a state some of the arguments that every state takes.
func (g *generator) globals(d *decl) {
	add := func(percent int, key string, val func() any) {
		if g.chance(percent) {
			d.args = append(d.args, arg{key, val()})
		}
	}
	add(8, "order", func() any { return pick[any](g, 1, 5, 10003, -1, -5, "first", "last") })
	add(7, "onlyif", func() any { return g.condition("onlyif") })
	add(7, "unless", func() any { return g.condition("unless") })
	if d.state != "cmd" {
		add(3, "creates", func() any { return pick[any](g, g.file(), []string{g.file()}) })
	}
	if d.state != "file" {
		add(5, "check_cmd", func() any { return pick[any](g, "true", "false", []string{"true", "false"}, "test -e "+g.file()) })
	}
	add(5, "retry", func() any {
		return pick[any](g, false, map[string]any{"attempts": 2, "interval": 0}, map[string]any{"attempts": 3, "interval": 0, "until": true},
			map[string]any{"attempts": 2, "interval": 0, "until": false}, map[string]any{"attempts": 2, "interval": 0, "splay": 0},
			map[string]any{"attempts": "x", "interval": 0}, map[string]any{"attempts": 1, "interval": 0, "other": 1})
	})
	add(4, "failhard", func() any { return pick(g, true, true, false) })
	add(4, "parallel", func() any { return true })
	add(2, "reload_modules", func() any { return true })
	add(2, "fire_event", func() any { return pick[any](g, true, "my/tag") })
	add(1, "aggregate", func() any { return true })
	add(1, "reload_grains", func() any { return true })
}

func (g *generator) condition(kind string) any {
	one := func() any {
		return pick[any](g, "true", "false", "test -e "+g.file(),
			map[string]any{"fun": "test.ping"},
			map[string]any{"fun": "file.file_exists", "path": g.file()},
			map[string]any{"fun": "file.file_exists", "args": []any{g.file()}},
			map[string]any{"fun": "test.echo", "args": []any{""}},
			map[string]any{"fun": "test.arg", "args": []any{1}, "k": "v", "get_return": "kwargs:k"},
			map[string]any{"fun": "test.arg", "get_return": "kwargs:none"},
			map[string]any{"fun": "cmd.retcode", "cmd": pick(g, "true", "false")},
			map[string]any{"fun": "cmd.run", "cmd": pick(g, "echo x", "false")},
		)
	}
	switch g.weighted(5, 5, 1) {
	case 0:
		return one()
	case 1:
		return []any{one(), one()}
	}
	return pick[any](g, map[string]any{"nofun": 1}, true, []any{}, 5, []any{"true", 7})
}

// render is the text of an SLS.
func (g *generator) render(sls int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n", g.sls[sls])
	if sls == 0 && len(g.sls) > 1 {
		b.WriteString("include:\n")
		for _, name := range g.sls[1:] {
			fmt.Fprintf(&b, "  - %s\n", name)
		}
	} else if sls > 0 && g.chance(30) {
		fmt.Fprintf(&b, "include: [%s]\n", pick(g, g.sls...))
	}
	if sls == 0 && g.chance(6) {
		o := g.decls[g.r.Intn(len(g.decls))]
		fmt.Fprintf(&b, "exclude: %s\n", pick(g, jsonText([]any{map[string]string{"id": o.id}}), jsonText([]any{map[string]string{"sls": g.sls[len(g.sls)-1]}}), jsonText([]any{g.sls[len(g.sls)-1]})))
	}
	if g.chance(10) {
		o := g.decls[g.r.Intn(len(g.decls))]
		if o.sls != sls || g.chance(10) {
			e := &decl{id: o.id, state: o.state, sls: sls}
			g.requisites(len(g.decls)-1, e)
			g.globals(e)
			if len(e.args) > 0 {
				fmt.Fprintf(&b, "extend:\n  %s:\n    %s:\n", jsonText(e.id), e.state)
				for _, a := range e.args {
					fmt.Fprintf(&b, "      - %s: %s\n", a.key, jsonText(a.val))
				}
			}
		}
	}
	done := map[string]bool{}
	for _, d := range g.decls {
		if d.sls != sls || done[d.id] {
			continue
		}
		done[d.id] = true
		fmt.Fprintf(&b, "%s:\n", jsonText(d.id))
		for _, o := range g.decls {
			if o.id != d.id || o.sls != sls {
				continue
			}
			if len(o.args) == 0 && g.chance(50) {
				fmt.Fprintf(&b, "  %s: []\n", o.state+"."+o.fun)
				continue
			}
			if g.chance(15) {
				fmt.Fprintf(&b, "  %s:\n    - %s\n", o.state, o.fun)
			} else if len(o.args) == 0 {
				fmt.Fprintf(&b, "  %s.%s: []\n", o.state, o.fun)
			} else {
				fmt.Fprintf(&b, "  %s.%s:\n", o.state, o.fun)
			}
			for _, a := range o.args {
				fmt.Fprintf(&b, "    - %s: %s\n", a.key, jsonText(a.val))
			}
		}
	}
	return b.String()
}

func jsonText(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // values of the generator itself
	}
	return strings.TrimSpace(b.String())
}

// runs says what is done with the tree: mostly test mode and then apply.
func (g *generator) runs(c *testCase) []call {
	var extra []string
	if g.chance(4) {
		extra = append(extra, "exclude="+jsonText([]any{map[string]string{"id": g.decls[g.r.Intn(len(g.decls))].id}}))
	}
	if g.chance(3) {
		extra = append(extra, pick(g, "concurrent=True", "queue=True", "saltenv=base", "pillar={a: 1}"))
	}
	fun, arg := "state.apply", "t"
	switch g.weighted(80, 8, 4, 4, 4) {
	case 1:
		fun = "state.sls"
		if len(g.sls) > 1 {
			arg = jsonText(g.sls[1:])
		}
	case 2:
		fun, arg = "state.highstate", ""
		top := []any{}
		for _, s := range g.sls {
			top = append(top, s)
		}
		c.Tree["top.sls"] = "base: " + jsonText(map[string]any{"*": top}) + "\n"
	case 3:
		fun, arg = "state.sls_id", g.decls[g.r.Intn(len(g.decls))].id
		extra = append([]string{"t"}, extra...)
	case 4:
		return []call{{pick(g, "state.show_sls", "state.show_low_sls"), []string{"t"}}}
	}
	args := func(more ...string) []string {
		var out []string
		if arg != "" {
			out = append(out, arg)
		}
		return append(append(out, extra...), more...)
	}
	return []call{{fun, args("test=True")}, {fun, args()}}
}
