package jinja

// This file parses the tags that Salt adds: load_*, import_* and profile.
// They are spelled out in Jinja's own nodes, as Salt does it, so that scoping
// and line numbers come out the same.

func (p *parser) saltLoad() []node {
	filter := p.cur.text
	line := at(p.advance().line)
	p.expectName("as")
	target := p.assignTarget(false)
	name := "_" + p.freeID()
	body := p.statements(true, "endload")
	call := &callNode{at: line, node: &nameNode{hidden(line), name, ctxLoad}}
	return []node{
		&macroNode{at: line, name: name, body: body},
		&assignNode{line, target, &filterNode{spot: hidden(line), node: call, name: filter}},
	}
}

func (p *parser) saltImport() []node {
	tag := p.cur.text
	imp := p.importTag()
	line := at(imp.lineno())
	filter := "load_" + tag[len("import_"):]
	assign := &assignNode{line, &nameNode{hidden(line), imp.target, ctxStore},
		&filterNode{spot: hidden(line), node: &nameNode{hidden(line), imp.target, ctxLoad}, name: filter}}
	return p.profileBlock(imp.template, tag, []node{imp, assign}, line)
}

func (p *parser) saltProfile() []node {
	line := at(p.advance().line)
	p.expectName("as")
	label := p.expression(true)
	body := p.statements(true, "endprofile")
	return p.profileBlock(label, "profile block", body, line)
}

func (p *parser) profileBlock(label node, source string, body []node, line at) []node {
	id := "_salt_profile_" + p.freeID()
	out := []node{&assignNode{line, &nameNode{hidden(line), id, ctxStore}, &profileNode{line, label, source}}}
	out = append(out, body...)
	return append(out, &exprStmtNode{0, &profileEndNode{0, &nameNode{hidden(0), id, ctxLoad}}})
}
