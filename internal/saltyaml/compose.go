package saltyaml

import "fmt"

// flowStyle is node.style of a collection written with brackets.
const flowStyle = '['

// composer builds the node tree of one document from the scanner's tokens, by
// recursive descent over libyaml's grammar. It asks for each token at the
// moment libyaml's event parser does, so that of several errors in a text the
// same one is found first.
type composer struct {
	*scanner
	handles []tagHandle
	anchors map[string]*node
	depth   int
	// recursive is set when a collection contains itself.
	recursive bool
	nodes     arena
	words     *words
}

// reset makes the composer ready for a text. Nodes of earlier texts are given
// up, buffers stay.
func (c *composer) reset(text string) {
	if c.scanner == nil {
		c.scanner = new(scanner)
	}
	c.scanner.reset(text)
	c.handles, c.anchors, c.depth, c.recursive = nil, nil, 0, false
	c.nodes.reset()
}

type tagHandle struct{ handle, prefix string }

// compose returns the only document of the text, nil when there is none, and
// whether a collection in it contains itself.
func compose(text string) (root *node, recursive bool, err error) {
	return new(composer).compose(text)
}

// compose is the function of this name with a composer that was used before or
// is new.
func (c *composer) compose(text string) (root *node, recursive bool, err error) {
	if len(text) > maxInput {
		return nil, false, newPlain("ValueError",
			fmt.Sprintf("document of %d bytes is larger than the limit of %d", len(text), maxInput), nil)
	}
	c.reset(text)
	if _, err := c.peek(); err != nil {
		return nil, false, err
	}
	c.skip() // the stream's start
	if root, err = c.document(); err != nil || root == nil {
		return nil, false, err
	}
	next, err := c.nextDocument()
	if err != nil {
		return nil, false, err
	}
	if next != nil {
		return nil, false, newMarked("ComposerError", "expected a single document in the stream", &root.start,
			"but found another document", next)
	}
	return root, c.recursive, nil
}

// document composes the first document, nil when the stream has none.
func (c *composer) document() (*node, error) {
	t, err := c.peek()
	if err != nil {
		return nil, err
	}
	explicit := false
	switch t.kind {
	case tokStreamEnd:
		return nil, nil
	case tokVersion, tokTagDirective, tokDocStart:
		explicit = true
		if err := c.explicitStart(); err != nil {
			return nil, err
		}
	default:
		if err := c.directives(); err != nil {
			return nil, err
		}
	}
	if t, err = c.peek(); err != nil {
		return nil, err
	}
	var root *node
	if explicit && t.endsContent() {
		root = c.empty(t.start)
	} else if root, err = c.node(true, false); err != nil {
		return nil, err
	}
	if t, err = c.peek(); err != nil {
		return nil, err
	}
	if t.kind == tokDocEnd {
		c.skip()
	}
	c.handles = nil
	return root, nil
}

// nextDocument returns where a further document starts, nil at the end.
func (c *composer) nextDocument() (*mark, error) {
	t, err := c.peek()
	for err == nil && t.kind == tokDocEnd {
		c.skip()
		t, err = c.peek()
	}
	if err != nil || t.kind == tokStreamEnd {
		return nil, err
	}
	start := t.start
	if err := c.explicitStart(); err != nil {
		return nil, err
	}
	return &start, nil
}

// explicitStart reads directives and the `---` that must follow.
func (c *composer) explicitStart() error {
	if err := c.directives(); err != nil {
		return err
	}
	t, err := c.peek()
	if err != nil {
		return err
	}
	if t.kind != tokDocStart {
		return newMarked("ParserError", "", nil, "did not find expected <document start>", &t.start)
	}
	c.skip()
	return nil
}

// directives reads %YAML and %TAG lines and sets the tag handles.
func (c *composer) directives() error {
	c.handles = nil
	version := false
	for {
		t, err := c.peek()
		if err != nil {
			return err
		}
		problem := ""
		switch t.kind {
		case tokVersion:
			if version {
				problem = "found duplicate %YAML directive"
			} else if t.major != 1 || t.minor != 1 && t.minor != 2 {
				problem = "found incompatible YAML document"
			}
			version = true
		case tokTagDirective:
			if _, ok := c.prefix(t.value); ok {
				problem = "found duplicate %TAG directive"
			}
			c.handles = append(c.handles, tagHandle{t.value, t.suffix})
		default:
			for _, h := range [...]tagHandle{{"!", "!"}, {"!!", tagPrefix}} {
				if _, ok := c.prefix(h.handle); !ok {
					c.handles = append(c.handles, h)
				}
			}
			return nil
		}
		if problem != "" {
			return newMarked("ParserError", "", nil, problem, &t.start)
		}
		c.skip()
	}
}

func (c *composer) prefix(handle string) (string, bool) {
	for _, h := range c.handles {
		if h.handle == handle {
			return h.prefix, true
		}
	}
	return "", false
}

// endsContent says whether an explicit document without content ends here.
func (t *token) endsContent() bool {
	switch t.kind {
	case tokVersion, tokTagDirective, tokDocStart, tokDocEnd, tokStreamEnd:
		return true
	}
	return false
}

// empty returns the node of a value that is not written.
func (c *composer) empty(at mark) *node {
	n := c.nodes.take()
	n.kind, n.style, n.tag, n.start, n.size = scalarNode, stylePlain, tagNull, at, 1
	return n
}

// props are what may stand before a node's content.
type props struct {
	anchor, tag string
	hasAnchor   bool
	filled      bool // an anchor or a tag
	start       mark
}

// node composes one node. block allows block collections, indentless a
// sequence at the indentation of its mapping.
func (c *composer) node(block, indentless bool) (*node, error) {
	t, err := c.peek()
	if err != nil {
		return nil, err
	}
	if t.kind == tokAlias {
		name, at := t.value, t.start
		c.skip()
		n := c.anchors[name]
		if n == nil {
			return nil, newMarked("ComposerError", "", nil, "found undefined alias", &at)
		}
		c.recursive = c.recursive || n.open
		return n, nil
	}
	p, err := c.properties(t)
	if err != nil {
		return nil, err
	}
	if t, err = c.peek(); err != nil {
		return nil, err
	}
	n := c.nodes.take()
	n.style, n.start, n.size = stylePlain, p.start, 1
	var fill func(*node) error
	switch {
	case indentless && t.kind == tokBlockEntry:
		n.kind, fill = sequenceNode, c.indentlessSequence
	case t.kind == tokScalar:
		n.kind, n.style, n.value = scalarNode, t.style, t.value
		c.skip()
	case t.kind == tokFlowSeqStart:
		n.kind, n.style, fill = sequenceNode, flowStyle, c.flowSequence
	case t.kind == tokFlowMapStart:
		n.kind, n.style, fill = mappingNode, flowStyle, c.flowMapping
	case block && t.kind == tokBlockSeqStart:
		n.kind, fill = sequenceNode, c.blockSequence
	case block && t.kind == tokBlockMapStart:
		n.kind, fill = mappingNode, c.blockMapping
	case p.filled:
		n.kind = scalarNode
		if p.tag == "!" { // libyaml resolves that by its text only if there is one
			p.tag = tagStr
		}
	default:
		context := "while parsing a flow node"
		if block {
			context = "while parsing a block node"
		}
		return nil, newMarked("ParserError", context, &p.start, "did not find expected node content", &t.start)
	}
	return n, c.finish(n, p, fill)
}

// finish names, tags and fills a node.
func (c *composer) finish(n *node, p props, fill func(*node) error) error {
	if p.hasAnchor {
		if first := c.anchors[p.anchor]; first != nil {
			return newMarked("ComposerError", "found duplicate anchor; first occurrence", &first.start,
				"second occurrence", &n.start)
		}
		if c.anchors == nil {
			c.anchors = map[string]*node{}
		}
		c.anchors[p.anchor] = n
	}
	switch {
	case p.tag != "" && p.tag != "!":
		n.tag = p.tag
	case n.kind == sequenceNode:
		n.tag = tagSeq
	case n.kind == mappingNode:
		n.tag = tagMap
	case n.style == stylePlain || p.tag == "!":
		n.tag = resolve(n.value)
	default:
		n.tag = tagStr
	}
	if fill == nil {
		return nil
	}
	if c.depth++; c.depth > maxDepth {
		return newMarked("ComposerError", "", nil, fmt.Sprintf("collections are nested deeper than %d", maxDepth), &n.start)
	}
	n.open = true
	err := fill(n)
	n.open = false
	c.depth--
	return err
}

// properties reads an anchor and a tag in either order.
func (c *composer) properties(t *token) (props, error) {
	p := props{start: t.start}
	var tagMark mark
	handle, suffix, tagged := "", "", false
	for t.kind == tokAnchor && !p.hasAnchor || t.kind == tokTag && !tagged {
		if t.kind == tokAnchor {
			p.anchor, p.hasAnchor = t.value, true
		} else {
			handle, suffix, tagged, tagMark = t.value, t.suffix, true, t.start
		}
		c.skip()
		var err error
		if t, err = c.peek(); err != nil {
			return p, err
		}
	}
	p.filled = p.hasAnchor || tagged
	if !tagged {
		return p, nil
	}
	if handle == "" {
		p.tag = suffix
	} else {
		prefix, ok := c.prefix(handle)
		if !ok {
			return p, newMarked("ParserError", "while parsing a node", &p.start, "found undefined tag handle", &tagMark)
		}
		p.tag = prefix + suffix
	}
	return p, nil
}

// add appends a child and bounds the size of the tree without aliases.
func (c *composer) add(n, child *node) error {
	n.items = append(n.items, child)
	if n.size += child.size; n.size > maxExpanded {
		return newMarked("ComposerError", "", nil,
			fmt.Sprintf("document has more than %d nodes when its aliases are written out", maxExpanded), &child.start)
	}
	return nil
}
