package logrotate

import (
	"fmt"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/modules"
)

// includeFiles is the key under which the settings of each included file are listed.
const includeFiles = "include files"

// maxIncludes bounds files that include each other.
const maxIncludes = 100

// scripts are the directives whose lines, up to "endscript", are kept as they are.
var scripts = []string{"firstaction", "lastaction", "prerotate", "postrotate", "preremove"}

// toInt is a text that is an integer as one; other values as they are.
func toInt(v py.Value) py.Value {
	if n, err := py.ToInt(py.Str(py.ToStr(v))); err == nil {
		return n
	}
	return v
}

// namesLog says whether a word alone on a line is a log file, whose block
// begins on a later line, and not a directive.
func namesLog(word string) bool {
	return strings.ContainsAny(word[:1], `/~"'`) || strings.ContainsAny(word, "*?[")
}

// read reads a file of settings and those that it includes.
func read(r host.Reader, file string) (*py.Dict, error) { return readFile(r, file, 0) }

func readFile(r host.Reader, file string, depth int) (*py.Dict, error) {
	if depth > maxIncludes {
		return nil, &py.Error{Class: "RecursionError", Msg: fmt.Sprintf("%s: files include each other without end", file)}
	}
	data, err := r.ReadFile(file)
	if err != nil {
		return nil, modules.OSError(err)
	}
	p := &parser{r: r, depth: depth, all: py.NewDict(), block: py.NewDict()}
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	for line := range strings.Lines(text) {
		if err := p.line(strings.TrimSpace(line)); err != nil {
			return nil, err
		}
	}
	for _, name := range p.pending {
		p.all.SetStr(name, py.True)
	}
	return p.all, nil
}

// parser reads one file.
type parser struct {
	r     host.Reader
	depth int
	all   *py.Dict // the settings of the file
	block *py.Dict // those of the block that is open
	in    bool     // a block is open
	names []string // the log files of the open block
	// pending are log files on lines of their own, whose block is yet to come.
	pending []string
	script  string // the script directive that is open
	body    *py.List
}

func (p *parser) line(line string) error {
	target := p.all
	if p.in {
		target = p.block
	}
	if p.script != "" {
		if line != "endscript" {
			p.body.Append(py.Str(line))
			return nil
		}
		target.SetStr(p.script, p.body)
		p.script = ""
		return nil
	}
	if line == "" || line[0] == '#' {
		return nil
	}
	words := strings.Fields(line)
	switch {
	case strings.Contains(line, "{") && !strings.Contains(line, "}"):
		p.in = true
		p.names = p.pending
		for _, w := range words {
			if w != "{" {
				p.names = append(p.names, w)
			}
		}
		p.pending = nil
		return nil
	case strings.Contains(line, "}"):
		p.in = false
		for _, name := range p.names {
			p.all.SetStr(name, p.block)
		}
		p.names, p.block = nil, py.NewDict()
		return nil
	case !p.in && len(words) == 1:
		if namesLog(words[0]) {
			p.pending = append(p.pending, words[0])
		} else {
			p.all.SetStr(words[0], py.True)
		}
		return nil
	}
	if words[0] == "include" {
		if err := p.include(words); err != nil {
			return err
		}
	}
	switch {
	case len(words) == 1 && slices.Contains(scripts, words[0]):
		p.script, p.body = words[0], py.NewList()
	case len(words) > 2:
		target.SetStr(words[0], py.Str(strings.Join(words[1:], " ")))
	case len(words) == 2:
		target.SetStr(words[0], toInt(py.Str(words[1])))
	default:
		target.SetStr(words[0], py.True)
	}
	return nil
}

// include takes the settings of every file of a directory.
func (p *parser) include(words []string) error {
	if len(words) < 2 {
		return &py.Error{Class: "IndexError", Msg: "list index out of range"}
	}
	dir := words[1]
	p.all.SetStr("include", py.Str(dir))
	from, ok := p.all.Lookup(includeFiles).(*py.Dict)
	if !ok {
		from = py.NewDict()
		p.all.SetStr(includeFiles, from)
	}
	entries, err := p.r.ScanDir(dir)
	if err != nil {
		return modules.OSError(err)
	}
	for _, e := range entries {
		settings, ok := from.Lookup(e.Name()).(*py.List)
		if !ok {
			settings = py.NewList()
			from.SetStr(e.Name(), settings)
		}
		conf, err := readFile(p.r, pypath.Join(dir, e.Name()), p.depth+1)
		if err != nil {
			return err
		}
		for k, v := range conf.All() {
			p.all.SetStr(py.ToStr(k), v)
			settings.Append(k)
		}
	}
	return nil
}

// get is a setting; inside is a command of the block, when given.
func get(r host.Reader, key string, inside py.Value, file string) (py.Value, error) {
	conf, err := read(r, file)
	if err != nil {
		return nil, err
	}
	v, ok := conf.GetStr(key)
	if !ok {
		v = py.False
	}
	if !py.IsTrue(inside) || !py.IsTrue(v) {
		return v, nil
	}
	return inBlock(v, inside)
}

// inBlock is a command of a block, False when it is not there.
func inBlock(block, command py.Value) (py.Value, error) {
	d, ok := block.(*py.Dict)
	if !ok {
		return nil, py.AttributeErrorf("'%s' object has no attribute 'get'", py.TypeName(block))
	}
	v, ok, err := d.Get(command)
	if err != nil || ok {
		return v, err
	}
	return py.False, nil
}
