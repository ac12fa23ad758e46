package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/fileserver"
	"pinch/internal/jinja"
)

// sources checks the templates that a state takes from the tree.
func (c *checker) sources(ctx context.Context, f *fileserver.File, d *decl, name string) error {
	engine, at, source := "", d.at, d.at
	var urls []string
	for i := range d.args {
		a := &d.args[i]
		switch {
		case a.name == "template" && len(a.values) == 1:
			engine, at = a.values[0], a.at
		case a.name == "source":
			urls, source = a.values, a.at
		}
	}
	if fn := c.reg.State(name); fn == nil || !fn.Takes("source") {
		return nil
	}
	files := c.tree.Files()
	if len(urls) == 1 && strings.HasPrefix(urls[0], "salt://") && !c.inTree(urls[0], f.Env) {
		c.add(finding(f, source, Missing, fmt.Sprintf("source: there is no file %s", urls[0])))
	}
	if engine == "" {
		return nil
	}
	if engine != "jinja" {
		c.add(finding(f, at, Renderer, fmt.Sprintf("the template engine %s is not supported", engine)))
		return nil
	}
	for _, url := range urls {
		if !strings.HasPrefix(url, "salt://") {
			continue
		}
		dir, _ := fileserver.ParseURL(url)
		var found []*fileserver.File
		if t, ok := files.FindURL(url, f.Env); ok {
			found = append(found, t)
		} else if name == "file.recurse" {
			for _, n := range files.Files(f.Env) {
				if strings.HasPrefix(n, strings.TrimSuffix(dir, "/")+"/") {
					if t, ok := files.Find(n, f.Env); ok {
						found = append(found, t)
					}
				}
			}
		}
		for _, t := range found {
			if c.asked[t.Path] {
				continue
			}
			c.asked[t.Path] = true
			text, err := t.Text()
			if err != nil || strings.ContainsRune(text, 0) {
				continue // binary files are not rendered
			}
			c.report.Templates++
			if err := c.template(ctx, t, "", files); err != nil {
				return err
			}
		}
	}
	return nil
}

// inTree says whether a source is a file or directory of the tree.
func (c *checker) inTree(url, env string) bool {
	files := c.tree.Files()
	if _, ok := files.FindURL(url, env); ok {
		return true
	}
	name, own := fileserver.ParseURL(url)
	if own != "" {
		env = own
	}
	name = strings.Trim(name, "/")
	return name == "" || files.HasDir(name, env) || strings.Contains(name, "|")
}

// template checks what a template reaches for. sls is its name when it is an
// SLS. files serves what it imports.
func (c *checker) template(ctx context.Context, f *fileserver.File, sls string, files *fileserver.Server) error {
	if _, ok := c.text(f); !ok {
		return nil
	}
	s, err := c.tree.SurveyFrom(ctx, files, f, sls, nil)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.syntax(f, err)
		return nil
	}
	for _, err := range s.Errors {
		c.syntax(f, err)
	}
	for _, path := range s.Files {
		c.surveyed[path] = true
	}
	for i := range s.Functions {
		c.function(f, &s.Functions[i])
	}
	for _, u := range s.Filters {
		if !u.Known {
			c.add(used(f, u.Pos, u.Conditional, Filter, "there is no filter "+u.Name))
		} else if why := jinja.RefusedFilter(u.Name); why != "" {
			c.add(used(f, u.Pos, u.Conditional, Filter, fmt.Sprintf("the filter %s is not supported: it %s", u.Name, why)))
		}
	}
	for _, u := range s.Tests {
		if !u.Known {
			c.add(used(f, u.Pos, u.Conditional, JinjaTest, "there is no test "+u.Name))
		}
	}
	for i := range s.Missing {
		u := &s.Missing[i]
		if sls == "" && strings.HasPrefix(u.Name, ".") {
			continue // relative to the SLS that it is for
		}
		c.add(used(f, u.Pos, u.Conditional, Missing, fmt.Sprintf("%s: there is no file %s", u.Tag, u.Name)))
	}
	for i := range s.Unknown {
		u := &s.Unknown[i]
		c.note(used(f, u.Pos, u.Conditional, "", fmt.Sprintf("%s %s: which file this is is only known after rendering", u.Tag, u.Text)))
	}
	return nil
}

func used(f *fileserver.File, at jinja.Pos, branch bool, kind Kind, text string) Finding {
	file := at.File
	if file == "" {
		file = f.Path
	}
	return Finding{File: file, Line: at.Line, Col: at.Col, Kind: kind, Text: text, Branch: branch}
}

func (c *checker) syntax(f *fileserver.File, err error) {
	fi := Finding{File: f.Path, Kind: Syntax, Text: err.Error()}
	var je *jinja.Error
	if errors.As(err, &je) {
		fi.Text, fi.Line = je.Message, je.Line
		if je.File != "" {
			fi.File = je.File
		}
		if je.Kind == jinja.SyntaxError {
			fi.Text = "Jinja: " + fi.Text
		}
	}
	c.add(fi)
}

// function checks one mention of an execution function.
func (c *checker) function(f *fileserver.File, u *jinja.FunctionUse) {
	if u.How == jinja.Asked {
		return
	}
	if u.Name == "" {
		c.note(used(f, u.Pos, u.Conditional, "", fmt.Sprintf("%s: which function this is is only known after rendering", u.Text)))
		return
	}
	if c.execs[u.Name] {
		c.call(f, u)
		return
	}
	text := "execution function " + u.Name + ": "
	if own, ok := c.own["_modules:"+u.Name]; ok {
		text += own.String()
	} else if saltFunctions()[u.Name] {
		text += "Salt has it, pinch has not"
	} else {
		text += "neither pinch nor Salt 3008 has it" + near(c.names, u.Name)
	}
	c.add(used(f, u.Pos, u.Conditional, Function, text))
}

// call checks the names of the arguments of a call.
func (c *checker) call(f *fileserver.File, u *jinja.FunctionUse) {
	fn := c.reg.Exec(u.Name)
	if fn == nil || fn.KwArgs || u.Call == nil {
		return
	}
	for _, k := range u.Call.Kw {
		if fn.Takes(k) || strings.HasPrefix(k, "__pub_") {
			continue
		}
		c.add(used(f, u.Pos, u.Conditional, Argument, fmt.Sprintf("%s has no argument %s", u.Name, k)))
	}
}
