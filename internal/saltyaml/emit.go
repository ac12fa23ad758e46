package saltyaml

import (
	"fmt"
	"math"
)

// emitter writes nodes as libyaml 0.2.5 does. whitespace says that the last
// thing written ends with a space, indention that the line so far is only
// indentation and indicators such as "- ".
type emitter struct {
	o      Options
	out    []byte
	brk    string
	indent int
	step   int // indentation of a level
	width  int
	column int
	flow   int

	whitespace, indention bool
	openEnded             bool

	last int // number of the last anchor
}

func newEmitter(o Options) *emitter {
	e := &emitter{o: o, brk: o.LineBreak, indent: -1, step: o.Indent, width: o.Width, whitespace: true, indention: true}
	if e.brk == "" {
		e.brk = "\n"
	}
	if e.step < 2 || e.step > 9 {
		e.step = 2
	}
	if e.width >= 0 && e.width <= 2*e.step {
		e.width = 80
	}
	if e.width < 0 {
		e.width = math.MaxInt32
	}
	return e
}

func (e *emitter) document(root *node) (string, error) {
	if e.o.ExplicitStart || e.o.Canonical {
		e.newLine()
		e.indicator("---", true, false, false)
		if e.o.Canonical {
			e.newLine()
		}
	}
	e.anchorNode(root)
	if err := e.node(root, where{}); err != nil {
		return "", err
	}
	e.newLine()
	if e.o.ExplicitEnd {
		e.openEnded = false
	}
	if e.o.ExplicitEnd || e.openEnded {
		e.indicator("...", true, false, false)
		e.newLine()
	}
	return string(e.out), nil
}

// anchorNode finds the nodes that occur more than once and names them in the
// order in which they are met again.
func (e *emitter) anchorNode(n *node) {
	if n.kind == scalarNode {
		return // represented anew each time
	}
	if n.met {
		if n.anchor == "" {
			e.last++
			n.anchor = fmt.Sprintf("id%03d", e.last)
		}
		return
	}
	n.met = true
	for _, c := range n.items {
		e.anchorNode(c)
	}
}

// where is what the emitter knows of where a node stands.
type where struct{ mapping, simpleKey bool }

func (e *emitter) node(n *node, at where) error {
	if n.anchor != "" && n.written {
		e.indicator("*", true, false, false)
		e.text(n.anchor)
		if at.simpleKey {
			e.put(' ')
		}
		return nil
	}
	if n.kind == scalarNode {
		return e.scalar(n, at)
	}
	n.written = true
	if n.anchor != "" {
		e.indicator("&", true, false, false)
		e.text(n.anchor)
	}
	if implicit := n.tag == tagSeq || n.tag == tagMap; !implicit || e.o.Canonical {
		e.tag(n.tag)
	}
	inFlow := e.flow > 0 || e.o.Canonical || n.style == flowStyle || len(n.items) == 0
	switch {
	case n.kind == sequenceNode && inFlow:
		return e.flowSequence(n)
	case n.kind == sequenceNode:
		return e.blockSequence(n, at)
	case inFlow:
		return e.flowMapping(n)
	}
	return e.blockMapping(n)
}

func (e *emitter) deeper(flow, indentless bool) (old int) {
	old = e.indent
	switch {
	case e.indent < 0 && flow:
		e.indent = e.step
	case e.indent < 0:
		e.indent = 0
	case !indentless:
		e.indent += e.step
	}
	return old
}

func (e *emitter) flowSequence(n *node) error {
	e.indicator("[", true, true, false)
	old := e.deeper(true, false)
	e.flow++
	for i, c := range n.items {
		e.flowSeparator(i > 0)
		if err := e.node(c, where{}); err != nil {
			return err
		}
	}
	e.flowEnd("]", len(n.items) > 0, old)
	return nil
}

func (e *emitter) flowSeparator(comma bool) {
	if comma {
		e.indicator(",", false, false, false)
	}
	e.foldFlow()
}

func (e *emitter) foldFlow() {
	if e.o.Canonical || e.column > e.width {
		e.newLine()
	}
}

func (e *emitter) flowEnd(indicator string, some bool, old int) {
	e.flow--
	e.indent = old
	if e.o.Canonical && some {
		e.indicator(",", false, false, false)
		e.newLine()
	}
	e.indicator(indicator, false, false, false)
}

func (e *emitter) flowMapping(n *node) error {
	e.indicator("{", true, true, false)
	old := e.deeper(true, false)
	e.flow++
	for i := 0; i < len(n.items); i += 2 {
		e.flowSeparator(i > 0)
		simple := !e.o.Canonical && e.simpleKey(n.items[i])
		if !simple {
			e.indicator("?", true, false, false)
		}
		if err := e.node(n.items[i], where{mapping: true, simpleKey: simple}); err != nil {
			return err
		}
		if !simple {
			e.foldFlow()
		}
		e.indicator(":", !simple, false, false)
		if err := e.node(n.items[i+1], where{mapping: true}); err != nil {
			return err
		}
	}
	e.flowEnd("}", len(n.items) > 0, old)
	return nil
}

func (e *emitter) blockSequence(n *node, at where) error {
	old := e.deeper(false, at.mapping && !e.indention)
	for _, c := range n.items {
		e.newLine()
		e.indicator("-", true, false, true)
		if err := e.node(c, where{}); err != nil {
			return err
		}
	}
	e.indent = old
	return nil
}

func (e *emitter) blockMapping(n *node) error {
	old := e.deeper(false, false)
	for i := 0; i < len(n.items); i += 2 {
		e.newLine()
		simple := e.simpleKey(n.items[i])
		if !simple {
			e.indicator("?", true, false, true)
		}
		if err := e.node(n.items[i], where{mapping: true, simpleKey: simple}); err != nil {
			return err
		}
		if !simple {
			e.newLine()
		}
		e.indicator(":", !simple, false, !simple)
		if err := e.node(n.items[i+1], where{mapping: true}); err != nil {
			return err
		}
	}
	e.indent = old
	return nil
}

// simpleKey says whether a key can be written on one line without "?".
func (e *emitter) simpleKey(n *node) bool {
	length := 0
	if n.anchor != "" {
		length = len(n.anchor)
		if n.written {
			return length <= 128
		}
	}
	if n.kind == scalarNode {
		if analyze(n.value, e.o.ASCII).multiline {
			return false
		}
		length += len(n.value)
		if plain, quoted := implicitly(n); e.o.Canonical || !plain && !quoted {
			handle, suffix := splitTag(n.tag)
			length += len(handle) + len(suffix)
		}
		return length <= 128
	}
	if len(n.items) > 0 {
		return false
	}
	if n.tag != tagSeq && n.tag != tagMap || e.o.Canonical {
		handle, suffix := splitTag(n.tag)
		length += len(handle) + len(suffix)
	}
	return length <= 128
}

// implicitly says whether a reader finds a scalar's tag by itself when it is
// plain, and when it is quoted.
func implicitly(n *node) (plain, quoted bool) {
	return resolve(n.value) == n.tag, n.tag == tagStr
}

func splitTag(tag string) (handle, suffix string) {
	if len(tag) > len(tagPrefix) && tag[:len(tagPrefix)] == tagPrefix {
		return "!!", tag[len(tagPrefix):]
	}
	if len(tag) > 1 && tag[0] == '!' {
		return "!", tag[1:]
	}
	return "", tag
}

// tag writes a tag. Those of the representer need no escapes.
func (e *emitter) tag(tag string) {
	handle, suffix := splitTag(tag)
	if handle == "" {
		e.indicator("!<", true, false, false)
		e.text(suffix)
		e.indicator(">", false, false, false)
		return
	}
	e.space()
	e.text(handle + suffix)
}

func (e *emitter) space() {
	if !e.whitespace {
		e.put(' ')
	}
}

func (e *emitter) put(c byte) {
	e.out = append(e.out, c)
	e.column++
}

// write copies one character and returns its width.
func (e *emitter) write(s string, i int) int {
	w := width(s[i])
	e.out = append(e.out, s[i:i+w]...)
	e.column++
	return w
}

// text writes a name.
func (e *emitter) text(s string) {
	e.out = append(e.out, s...)
	e.column += len(s)
	e.whitespace, e.indention = false, false
}

func (e *emitter) putBreak() {
	e.out = append(e.out, e.brk...)
	e.column = 0
}

// writeBreak copies a line break: LF in the document's own form.
func (e *emitter) writeBreak(s string, i int) int {
	if s[i] == '\n' {
		e.putBreak()
		return 1
	}
	w := width(s[i])
	e.out = append(e.out, s[i:i+w]...)
	e.column = 0
	return w
}

// newLine goes to the current indentation, on a new line unless this one is
// still empty up to there.
func (e *emitter) newLine() {
	indent := max(e.indent, 0)
	if !e.indention || e.column > indent || e.column == indent && !e.whitespace {
		e.putBreak()
	}
	for e.column < indent {
		e.put(' ')
	}
	e.whitespace, e.indention = true, true
}

func (e *emitter) indicator(s string, needSpace, isSpace, isIndention bool) {
	if needSpace {
		e.space()
	}
	e.out = append(e.out, s...)
	e.column += len(s)
	e.whitespace = isSpace
	e.indention = e.indention && isIndention
}
