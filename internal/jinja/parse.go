package jinja

import (
	"strconv"
	"strings"

	"pinch/internal/py"
)

// parser turns tokens into the syntax tree. Its shape and its messages are
// Jinja's; a syntax error leaves it by a panic with *Error, which parse
// recovers.
type parser struct {
	o       *Options
	name    string
	lex     *lexer
	cur     token
	last    int32 // the end of the token before cur
	pushed  []token
	lastID  int
	tags    []string   // open tags, innermost last
	ends    [][]string // end tags looked for, innermost last
	depth   int
	source  string
	exts    extensionTags
	maxNest int
	long    int // links of long chains in this tag
}

// maxNesting bounds how deep expressions and blocks may nest, so that a
// hostile template cannot exhaust the stack.
const maxNesting = 400

// parse returns the statements of a template.
func parse(name, source string, o *Options) (body []node, err error) {
	p := &parser{o: o, name: name, source: source, exts: o.tags(), maxNest: maxNesting}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			body, err = nil, e
		}
	}()
	p.lex = newLexer(source, o, p.failAt)
	p.cur.line = 1
	p.cur = p.read()
	return p.subparse(nil), nil
}

func (p *parser) failAt(msg string, line int) {
	panic(&Error{Kind: SyntaxError, Message: msg, Line: line, File: p.name})
}

func (p *parser) fail(msg string) { p.failAt(msg, p.cur.line) }

// enter guards a recursive step of the parser; the result undoes it.
func (p *parser) enter() func() {
	p.depth++
	if p.depth > p.maxNest {
		p.fail("too many nested expressions or blocks (limit " + strconv.Itoa(p.maxNest) + ")")
	}
	return func() { p.depth-- }
}

// The bounds of chains such as 1+1+1 or a.b.c, whose trees are as deep as they
// are long: of one chain, and of what goes beyond shortChain in all chains of
// a tag, which may stand in one another. Jinja runs into Python's recursion
// limit sooner.
const (
	maxChain   = 1000
	shortChain = 20
	maxChains  = 20_000
)

// link counts one more link of a chain.
func (p *parser) link(n *int) {
	if *n++; *n > shortChain {
		p.long++
	}
	if *n > maxChain || p.long > maxChains {
		p.fail("too long an expression (limit " + strconv.Itoa(maxChain) + " operators in a row)")
	}
}

// read takes the next token off the lexer. The end of the template counts as
// being where the last token is.
func (p *parser) read() token {
	t := p.lex.next()
	if t.kind == tokEOF {
		t.line = p.cur.line
	}
	return t
}

// advance moves to the next token and returns the one it was on.
func (p *parser) advance() token {
	old := p.cur
	p.last = old.end
	switch {
	case len(p.pushed) > 0:
		p.cur = p.pushed[0]
		p.pushed = p.pushed[1:]
	case p.cur.kind != tokEOF:
		p.cur = p.read()
	}
	return old
}

// look returns the token after the current one.
func (p *parser) look() token {
	if len(p.pushed) == 0 {
		p.pushed = append(p.pushed, p.read())
	}
	return p.pushed[0]
}

func (p *parser) skipIf(k tokKind) bool {
	if p.cur.kind == k {
		p.advance()
		return true
	}
	return false
}

func (p *parser) skipName(name string) bool {
	if p.cur.isName(name) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(k tokKind) token {
	if p.cur.kind != k {
		p.unexpected(tokNames[k])
	}
	return p.advance()
}

func (p *parser) expectName(name string) token {
	if !p.cur.isName(name) {
		p.unexpected(name)
	}
	return p.advance()
}

func (p *parser) unexpected(want string) {
	if p.cur.kind == tokEOF {
		p.fail("unexpected end of template, expected " + quote(want) + ".")
	}
	p.fail("expected token " + quote(want) + ", got " + quote(p.cur.describe()))
}

// quote is Python's repr of a string.
func quote(s string) string { return py.Repr(py.Str(s)) }

// subparse reads statements and text up to one of the end tags (left as the
// current token) or the end of the template.
func (p *parser) subparse(ends []string) []node {
	defer p.enter()()
	if ends != nil {
		p.ends = append(p.ends, ends)
		defer func() { p.ends = p.ends[:len(p.ends)-1] }()
	}
	var body, data []node
	flush := func() {
		if len(data) > 0 {
			body = append(body, &outputNode{at(data[0].lineno()), data})
			data = nil
		}
	}
	for p.cur.kind != tokEOF {
		switch p.cur.kind {
		case tokData:
			if p.cur.text != "" {
				data = append(data, &dataNode{at(p.cur.line), p.cur.text})
			}
			p.advance()
		case tokVariableBegin:
			p.advance()
			p.long = 0
			data = append(data, p.tuple(tupleOpts{condexpr: true}))
			p.expect(tokVariableEnd)
		case tokBlockBegin:
			flush()
			p.advance()
			p.long = 0
			if p.atEnd(ends) {
				return body
			}
			body = append(body, p.statement()...)
			p.expect(tokBlockEnd)
		default:
			p.fail("internal parsing error")
		}
	}
	flush()
	return body
}

func (p *parser) atEnd(ends []string) bool {
	if p.cur.kind != tokName {
		return false
	}
	for _, e := range ends {
		if p.cur.text == e {
			return true
		}
	}
	return false
}

// statements reads a block's body; with drop the end tag's name is consumed.
func (p *parser) statements(drop bool, ends ...string) []node {
	p.skipIf(tokColon)
	p.expect(tokBlockEnd)
	body := p.subparse(ends)
	if p.cur.kind == tokEOF {
		p.failTag("", append(append([][]string(nil), p.ends...), ends), p.cur.line)
	}
	if drop {
		p.advance()
	}
	return body
}

// failTag reports an unknown tag, or the end of the template for name "".
func (p *parser) failTag(name string, ends [][]string, line int) {
	msg := []string{"Unexpected end of template."}
	if name != "" {
		msg[0] = "Encountered unknown tag " + quote(name) + "."
	}
	if len(ends) > 0 {
		var quoted []string
		for _, e := range ends[len(ends)-1] {
			quoted = append(quoted, quote(e))
		}
		looking := strings.Join(quoted, " or ")
		if name != "" && expectedSomewhere(ends, name) {
			msg = append(msg, "You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for "+looking+".")
		} else {
			msg = append(msg, "Jinja was looking for the following tags: "+looking+".")
		}
	}
	if len(p.tags) > 0 {
		msg = append(msg, "The innermost block that needs to be closed is "+quote(p.tags[len(p.tags)-1])+".")
	}
	p.failAt(strings.Join(msg, " "), line)
}

func expectedSomewhere(ends [][]string, name string) bool {
	for _, es := range ends {
		for _, e := range es {
			if e == name {
				return true
			}
		}
	}
	return false
}

// freeID returns a new internal identifier.
func (p *parser) freeID() string {
	p.lastID++
	return "fi" + strconv.Itoa(p.lastID)
}

// statement reads one tag. The closing delimiter is left to the caller.
func (p *parser) statement() []node {
	t := p.cur
	if t.kind != tokName {
		p.failAt("tag name expected", t.line)
	}
	f := statementParser(t.text, p.exts)
	if f == nil {
		p.failTag(t.text, p.ends, t.line)
	}
	p.tags = append(p.tags, t.text)
	body := f(p)
	p.tags = p.tags[:len(p.tags)-1]
	return body
}

func statementParser(tag string, exts extensionTags) func(*parser) []node {
	one := func(f func(*parser) node) func(*parser) []node {
		return func(p *parser) []node { return []node{f(p)} }
	}
	switch tag {
	case "for":
		return one((*parser).forTag)
	case "if":
		return one((*parser).ifTag)
	case "block":
		return one((*parser).blockTag)
	case "extends":
		return one((*parser).extendsTag)
	case "print":
		return one((*parser).printTag)
	case "macro":
		return one((*parser).macroTag)
	case "include":
		return one((*parser).includeTag)
	case "from":
		return one((*parser).fromTag)
	case "import":
		return func(p *parser) []node { return []node{p.importTag()} }
	case "set":
		return one((*parser).setTag)
	case "with":
		return one((*parser).withTag)
	case "autoescape":
		return one((*parser).autoescapeTag)
	case "call":
		return one((*parser).callTag)
	case "filter":
		return one((*parser).filterTag)
	}
	switch {
	case tag == "do" && exts.do:
		return one((*parser).doTag)
	case tag == "break" && exts.loopControls:
		return one(func(p *parser) node { return &breakNode{at(p.advance().line)} })
	case tag == "continue" && exts.loopControls:
		return one(func(p *parser) node { return &continueNode{at(p.advance().line)} })
	}
	if exts.salt {
		switch tag {
		case "load_yaml", "load_json", "load_text":
			return (*parser).saltLoad
		case "import_yaml", "import_json", "import_text":
			return (*parser).saltImport
		case "profile":
			return (*parser).saltProfile
		}
	}
	return nil
}
