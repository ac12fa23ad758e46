package saltyaml

// blockSequence reads `- a` entries up to the end of the block.
func (c *composer) blockSequence(n *node) error {
	t, err := c.peek()
	if err != nil {
		return err
	}
	start := t.start
	c.skip()
	for {
		if t, err = c.peek(); err != nil {
			return err
		}
		switch t.kind {
		case tokBlockEntry:
			if err := c.entry(n, false, false); err != nil {
				return err
			}
		case tokBlockEnd:
			c.skip()
			return nil
		default:
			return newMarked("ParserError", "while parsing a block collection", &start,
				"did not find expected '-' indicator", &t.start)
		}
	}
}

// indentlessSequence reads entries that stand at the column of their mapping.
func (c *composer) indentlessSequence(n *node) error {
	for {
		t, err := c.peek()
		if err != nil {
			return err
		}
		if t.kind != tokBlockEntry {
			return nil
		}
		if err := c.entry(n, true, false); err != nil {
			return err
		}
	}
}

// entry reads the indicator at hand and the node behind it, which may be
// empty. keyStops says that a key ends it too, indentless is node's.
func (c *composer) entry(n *node, keyStops, indentless bool) error {
	t, err := c.peek()
	if err != nil {
		return err
	}
	end, inSequence := t.end, t.kind == tokBlockEntry
	c.skip()
	if t, err = c.peek(); err != nil {
		return err
	}
	switch t.kind {
	case tokBlockEnd:
		return c.add(n, c.empty(end))
	case tokBlockEntry:
		if inSequence {
			return c.add(n, c.empty(end))
		}
	case tokKey, tokValue:
		if keyStops {
			return c.add(n, c.empty(end))
		}
	}
	child, err := c.node(true, indentless)
	if err != nil {
		return err
	}
	return c.add(n, child)
}

// blockMapping reads `key: value` pairs up to the end of the block.
func (c *composer) blockMapping(n *node) error {
	t, err := c.peek()
	if err != nil {
		return err
	}
	start := t.start
	c.skip()
	for {
		if t, err = c.peek(); err != nil {
			return err
		}
		switch t.kind {
		case tokKey:
			if err := c.entry(n, true, true); err != nil {
				return err
			}
		case tokBlockEnd:
			c.skip()
			return nil
		default:
			return newMarked("ParserError", "while parsing a block mapping", &start,
				"did not find expected key", &t.start)
		}
		if t, err = c.peek(); err != nil {
			return err
		}
		if t.kind == tokValue {
			err = c.entry(n, true, true)
		} else {
			err = c.add(n, c.empty(t.start))
		}
		if err != nil {
			return err
		}
	}
}
