package logrotate

import (
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
)

// scripts are the directives that a script follows, up to endscript.
var scripts = []string{"firstaction", "lastaction", "prerotate", "postrotate", "preremove"}

// maxIncludes bounds how deep files may include others.
const maxIncludes = 32

// asInt is a value as a number where its text is one (Salt's _convert_if_int).
func asInt(v py.Value) py.Value {
	if n, err := py.ToInt(py.Str(py.ToStr(v))); err == nil {
		return n
	}
	return v
}

// isLogFile says whether a word that stands alone before a block is a pattern
// of log files, not a directive.
func isLogFile(s string) bool {
	return strings.ContainsAny(s[:1], `/~"'`) || strings.ContainsAny(s, "*?[")
}

// parser reads a configuration as Salt's logrotate._parse_conf does.
type parser struct {
	r     host.Reader
	ret   *py.Dict
	names []string // of the block that is open
	block *py.Dict // nil outside of one
	// waiting are names of log files on lines of their own.
	waiting []string
	script  string
	body    []string
}

func parse(r host.Reader, file string, depth int) (*py.Dict, error) {
	if depth > maxIncludes {
		return nil, fmt.Errorf("%s: included more than %d deep", file, maxIncludes)
	}
	data, err := r.ReadFile(file)
	if err != nil {
		return nil, err
	}
	p := &parser{r: r, ret: py.NewDict()}
	for line := range strings.Lines(string(data)) {
		if err := p.line(strings.TrimSpace(line), depth); err != nil {
			return nil, err
		}
	}
	for _, n := range p.waiting {
		p.ret.SetStr(n, py.True)
	}
	return p.ret, nil
}

func (p *parser) line(line string, depth int) error {
	target := p.ret
	if p.block != nil {
		target = p.block
	}
	switch {
	case p.script != "" && line == "endscript":
		target.SetStr(p.script, py.Strings(p.body...))
		p.script, p.body = "", nil
		return nil
	case p.script != "":
		p.body = append(p.body, line)
		return nil
	case line == "" || line[0] == '#':
		return nil
	}
	words := strings.Fields(line)
	switch {
	case strings.Contains(line, "{") && !strings.Contains(line, "}"):
		p.names = append(p.waiting, slices.DeleteFunc(words, func(w string) bool { return w == "{" })...)
		p.waiting = nil
		if p.block == nil {
			p.block = py.NewDict()
		}
		return nil
	case strings.Contains(line, "}"):
		block := p.block
		if block == nil {
			block = py.NewDict()
		}
		for _, n := range p.names {
			p.ret.SetStr(n, block)
		}
		p.block, p.names = nil, nil
		return nil
	case p.block == nil && len(words) == 1:
		if isLogFile(words[0]) {
			p.waiting = append(p.waiting, words[0])
		} else {
			p.ret.SetStr(words[0], py.True)
		}
		return nil
	}
	if words[0] == "include" && len(words) > 1 {
		if err := p.include(words[1], depth); err != nil {
			return err
		}
	}
	switch {
	case len(words) == 1 && slices.Contains(scripts, words[0]):
		p.script, p.body = words[0], nil
	case len(words) == 1:
		target.SetStr(words[0], py.True)
	case len(words) == 2:
		target.SetStr(words[0], asInt(py.Str(words[1])))
	default:
		target.SetStr(words[0], py.Str(strings.Join(words[1:], " ")))
	}
	return nil
}

// include takes over the files of a directory, and notes which keys are of which.
func (p *parser) include(dir string, depth int) error {
	p.ret.SetStr("include", py.Str(dir))
	files, ok := p.ret.Lookup("include files").(*py.Dict)
	if !ok {
		files = py.NewDict()
		p.ret.SetStr("include files", files)
	}
	entries, err := p.r.ScanDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		keys, ok := files.Lookup(e.Name()).(*py.List)
		if !ok {
			keys = py.NewList()
			files.SetStr(e.Name(), keys)
		}
		conf, err := parse(p.r, pypath.Join(dir, e.Name()), depth+1)
		if err != nil {
			return err
		}
		for k, v := range conf.All() {
			p.ret.SetStr(py.ToStr(k), v)
			keys.Append(k)
		}
	}
	return nil
}

// stanza is the text of a block.
func stanza(key string, block *py.Dict) string {
	var b strings.Builder
	b.WriteString(key + " {\n")
	for k, v := range block.All() {
		name := py.ToStr(k)
		if l, ok := v.(*py.List); ok && slices.Contains(scripts, name) {
			b.WriteString("    " + name + "\n")
			for _, line := range l.Items {
				b.WriteString("        " + py.ToStr(line) + "\n")
			}
			b.WriteString("    endscript\n")
			continue
		}
		text := py.ToStr(v)
		if v == py.Value(py.True) {
			text = ""
		}
		b.WriteString("    " + name + " " + text + "\n")
	}
	return b.String() + "}"
}
