package check

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"pinch/internal/elsewhere"
	"pinch/internal/fileserver"
	"pinch/internal/saltfun"
	"pinch/internal/saltyaml"
	"pinch/modules"
	"pinch/states"
	"pinch/states/low"
)

// saltStatesText lists the state functions of Salt 3008.3: a module and its
// functions a line.
//
//go:embed saltstates.txt
var saltStatesText string

var saltStates = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for l := range strings.Lines(saltStatesText) {
		words := strings.Fields(l)
		for _, f := range words[1:] {
			m[words[0]+"."+f] = true
		}
	}
	return m
})

var saltFunctions = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, f := range saltfun.Shipped() {
		m[f] = true
	}
	return m
})

// stateFiles checks the SLS and templates of file_roots.
func (c *checker) stateFiles(ctx context.Context) error {
	files := c.tree.Files()
	top := strings.TrimPrefix(c.tree.Opts().String("state_top"), "salt://")
	var templates []*fileserver.File
	for _, env := range files.Names() {
		for _, name := range files.Files(env) {
			if err := ctx.Err(); err != nil {
				return err
			}
			ext := path.Ext(name)
			if ext != ".sls" && !isTemplate(ext) {
				continue
			}
			f, ok := files.Find(name, env)
			if !ok {
				continue
			}
			var err error
			switch {
			case ext != ".sls":
				templates = append(templates, f)
			case slices.Contains(strings.Split(path.Dir(name), "/"), "pillar"):
				// An example beside the states, such as a formula's: nobody means
				// to apply it.
				c.report.Pillars++
				err = c.pillar(ctx, f, files)
			default:
				err = c.sls(ctx, f, path.Base(name) == path.Base(top))
			}
			if err != nil {
				return err
			}
		}
	}
	// What an SLS imports was looked at with what it is imported with.
	for _, f := range templates {
		c.report.Templates++
		if c.surveyed[f.Path] {
			continue
		}
		if err := c.template(ctx, f, "", files); err != nil {
			return err
		}
	}
	return nil
}

func isTemplate(ext string) bool { return ext == ".jinja" || ext == ".jinja2" || ext == ".j2" }

// slsName is the name of the SLS that a file is.
func slsName(f *fileserver.File) string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(f.Rel, ".sls"), "/init"), "/", ".")
}

// sls checks one SLS.
func (c *checker) sls(ctx context.Context, f *fileserver.File, top bool) error {
	c.report.SLS++
	text, ok := c.text(f)
	if !ok || strings.TrimSpace(text) == "" {
		return nil
	}
	pipe, ok := c.pipe(f, text)
	if !ok {
		return nil
	}
	isJinja := len(pipe) > 0 && pipe[0] == "jinja"
	if isJinja {
		if err := c.template(ctx, f, slsName(f), c.tree.Files()); err != nil {
			return err
		}
	}
	if last := len(pipe) - 1; last < 0 || pipe[last] != "yaml" && pipe[last] != "yamlex" && pipe[last] != "gpg" {
		return nil
	}
	if !isJinja || !strings.Contains(text, "{{") && !strings.Contains(text, "{%") && !strings.Contains(text, "{#") {
		if _, _, err := saltyaml.LoadSLS(text); err != nil {
			fi := Finding{File: f.Path, Kind: Syntax, Text: err.Error()}
			var ye *saltyaml.Error
			if errors.As(err, &ye) {
				fi.Line, fi.Col = ye.Line, ye.Column
			}
			c.add(fi)
			return nil
		}
	}
	if top {
		return nil
	}
	return c.outline(ctx, f, readOutline(text))
}

// text returns the content of a file; what is no text is a finding.
func (c *checker) text(f *fileserver.File) (string, bool) {
	text, err := f.Text()
	if err == nil {
		err = saltfun.CheckText(text)
	}
	if err != nil {
		c.add(Finding{File: f.Path, Kind: Syntax, Text: err.Error()})
		return "", false
	}
	return text, true
}

// pipe returns the renderers of an SLS; one that pinch does not have is a
// finding.
func (c *checker) pipe(f *fileserver.File, text string) ([]string, bool) {
	pipe, own := states.Renderers(text, c.tree.Opts().String("renderer"))
	ok := true
	for _, r := range pipe {
		if states.HasRenderer(r) {
			continue
		}
		ok = false
		fi := Finding{File: f.Path, Kind: Renderer, Text: fmt.Sprintf("the renderer %s is not supported", r)}
		if own {
			fi.Line, fi.Col = 1, 1
		}
		c.add(fi)
	}
	return pipe, ok
}

var functionName = regexp.MustCompile(`^[A-Za-z_]\w*\.[A-Za-z_]\w*$`)

// outline checks the states of an SLS.
func (c *checker) outline(ctx context.Context, f *fileserver.File, o *outline) error {
	for _, h := range o.holes {
		c.note(finding(f, h, "", "what stands here is only known after rendering"))
	}
	for _, i := range o.includes {
		c.include(f, i)
	}
	for _, d := range o.decls {
		name := d.state
		if !strings.Contains(name, ".") {
			name += "." + d.fun
		}
		switch {
		case hasHole(name):
			c.note(finding(f, d.at, "", "which function this is is only known after rendering"))
			continue
		case d.fun == "" && !strings.Contains(d.state, "."):
			if d.closed && len(d.args) == 0 {
				continue // nothing that looks like a state
			}
			c.note(finding(f, d.at, "", fmt.Sprintf("which function of %s this is is only known after rendering", d.state)))
			continue
		case !functionName.MatchString(name):
			continue // data of some other kind
		}
		c.declared(f, d, name)
		if err := c.sources(ctx, f, d, name); err != nil {
			return err
		}
	}
	return nil
}

func finding(f *fileserver.File, at place, kind Kind, text string) Finding {
	return Finding{File: f.Path, Line: at.line, Col: at.col, Kind: kind, Text: text, Branch: at.branch}
}

// declared checks a state's function and the names of its arguments.
func (c *checker) declared(f *fileserver.File, d *decl, name string) {
	fn := c.reg.State(name)
	if fn == nil {
		text := "state function " + name + ": "
		if own, ok := c.own["_states:"+name]; ok {
			text += own.String()
		} else if e := elsewhere.Of(name); e != nil {
			text += e.Text()
		} else if saltStates()[name] {
			text += "Salt has it, pinch has not"
		} else {
			text += "neither pinch nor Salt 3008 has it" + near(c.reg.Names(modules.StateKind), name)
		}
		c.add(finding(f, d.at, StateFunction, text))
		return
	}
	if fn.KwArgs {
		return
	}
	for _, a := range d.args {
		if low.IsInternal(a.name) || low.IsRequisite(a.name) || isGeneral(a.name) || fn.Takes(a.name) {
			continue
		}
		var names []string
		for _, p := range fn.Params {
			names = append(names, p.Name)
		}
		text := fmt.Sprintf("%s has no argument %s", name, a.name)
		if near := modules.Near(a.name, names); near != "" {
			text += fmt.Sprintf(" (did you mean %s?)", near)
		}
		c.add(finding(f, a.at, Argument, text))
	}
}

// isGeneral says whether an argument belongs to all states and is used by the
// compiler alone.
func isGeneral(name string) bool {
	switch name {
	case "name", "names", "order", "state", "fun":
		return true
	}
	return strings.HasPrefix(name, "__")
}

// near suggests a name: another function of the same module, or the function
// of that name in a module with nearly the same name.
func near(names []string, name string) string {
	module, fun, _ := strings.Cut(name, ".")
	var funs, modulesOf []string
	for _, n := range names {
		m, f, _ := strings.Cut(n, ".")
		if m == module {
			funs = append(funs, f)
		}
		if f == fun {
			modulesOf = append(modulesOf, m)
		}
	}
	if n := modules.Near(fun, funs); n != "" {
		return fmt.Sprintf(" (did you mean %s.%s?)", module, n)
	}
	if n := modules.Near(module, modulesOf); n != "" && len(funs) == 0 && n[0] == module[0] {
		return fmt.Sprintf(" (did you mean %s.%s?)", n, fun)
	}
	return ""
}

// include checks that an SLS with a constant name is there.
func (c *checker) include(f *fileserver.File, i include) {
	name := i.name
	if strings.HasPrefix(name, ".") {
		levels := len(name) - len(strings.TrimLeft(name, "."))
		parts := strings.Split(slsName(f), ".")
		if strings.HasSuffix(f.Rel, "/init.sls") {
			parts = append(parts, "init")
		}
		if levels > len(parts) {
			c.add(finding(f, i.at, Missing, fmt.Sprintf("include %s goes beyond the top of the tree", i.name)))
			return
		}
		name = strings.Join(append(parts[:len(parts)-levels:len(parts)-levels], name[levels:]), ".")
	}
	if strings.ContainsAny(name, "*?[ {") || name == "" {
		return
	}
	files := c.tree.Files()
	for _, env := range files.Names() {
		if _, ok := files.FindSLS(name, env); ok {
			return
		}
	}
	c.add(finding(f, i.at, Missing, fmt.Sprintf("include: there is no SLS %s", name)))
}
