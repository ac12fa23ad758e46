package saltyaml

// flowSequence reads `[a, b: c]`.
func (c *composer) flowSequence(n *node) error {
	t, err := c.peek()
	if err != nil {
		return err
	}
	start := t.start
	c.skip()
	for first := true; ; first = false {
		if t, err = c.peek(); err != nil {
			return err
		}
		if t.kind != tokFlowSeqEnd && !first {
			if t.kind != tokFlowEntry {
				return newMarked("ParserError", "while parsing a flow sequence", &start,
					"did not find expected ',' or ']'", &t.start)
			}
			c.skip()
			if t, err = c.peek(); err != nil {
				return err
			}
		}
		var child *node
		switch t.kind {
		case tokFlowSeqEnd:
			c.skip()
			return nil
		case tokKey:
			child, err = c.flowPair(t.start)
		default:
			child, err = c.node(false, false)
		}
		if err != nil {
			return err
		}
		if err := c.add(n, child); err != nil {
			return err
		}
	}
}

// flowPair reads the `key: value` of a flow sequence, which is a mapping of
// its own.
func (c *composer) flowPair(start mark) (*node, error) {
	n := c.nodes.take()
	n.kind, n.style, n.tag, n.start, n.size = mappingNode, flowStyle, tagMap, start, 1
	c.skip()
	t, err := c.peek()
	if err != nil {
		return nil, err
	}
	var key *node
	switch t.kind {
	case tokValue, tokFlowEntry, tokFlowSeqEnd:
		// libyaml 0.2.5 also swallows the token that it looked at, but for the
		// closing bracket.
		key = c.empty(t.end)
		if t.kind != tokFlowSeqEnd {
			c.skip()
		}
	default:
		if key, err = c.node(false, false); err != nil {
			return nil, err
		}
	}
	if err := c.add(n, key); err != nil {
		return nil, err
	}
	if err := c.flowValue(n, tokFlowSeqEnd); err != nil {
		return nil, err
	}
	// libyaml looks at the next token before it ends the pair.
	_, err = c.peek()
	return n, err
}

// flowValue reads the value of a pair in a flow collection, which may lack.
func (c *composer) flowValue(n *node, closing tokenKind) error {
	t, err := c.peek()
	if err != nil {
		return err
	}
	if t.kind == tokValue {
		c.skip()
		if t, err = c.peek(); err != nil {
			return err
		}
		if t.kind != tokFlowEntry && t.kind != closing {
			child, err := c.node(false, false)
			if err != nil {
				return err
			}
			return c.add(n, child)
		}
	}
	return c.add(n, c.empty(t.start))
}

// flowMapping reads `{a: b, c}`.
func (c *composer) flowMapping(n *node) error {
	t, err := c.peek()
	if err != nil {
		return err
	}
	start := t.start
	c.skip()
	for first := true; ; first = false {
		if t, err = c.peek(); err != nil {
			return err
		}
		if t.kind != tokFlowMapEnd && !first {
			if t.kind != tokFlowEntry {
				return newMarked("ParserError", "while parsing a flow mapping", &start,
					"did not find expected ',' or '}'", &t.start)
			}
			c.skip()
			if t, err = c.peek(); err != nil {
				return err
			}
		}
		switch t.kind {
		case tokFlowMapEnd:
			c.skip()
			return nil
		case tokKey:
			if err := c.flowKey(n); err != nil {
				return err
			}
			if err := c.flowValue(n, tokFlowMapEnd); err != nil {
				return err
			}
		default: // a key without a colon
			child, err := c.node(false, false)
			if err != nil {
				return err
			}
			if err := c.add(n, child); err != nil {
				return err
			}
			if t, err = c.peek(); err != nil {
				return err
			}
			if err := c.add(n, c.empty(t.start)); err != nil {
				return err
			}
		}
	}
}

func (c *composer) flowKey(n *node) error {
	c.skip()
	t, err := c.peek()
	if err != nil {
		return err
	}
	switch t.kind {
	case tokValue, tokFlowEntry, tokFlowMapEnd:
		return c.add(n, c.empty(t.start))
	}
	child, err := c.node(false, false)
	if err != nil {
		return err
	}
	return c.add(n, child)
}
