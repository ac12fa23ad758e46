package jinja

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// saltXMLFilters has the filter xml: a dict of dicts as XML, where simple
// values are attributes.
func saltXMLFilters() map[string]Filter {
	return map[string]Filter{
		"xml": fn("SerializerExtension.format_xml(self, value)", strictArgs(func(c *Context, a []py.Value) (py.Value, error) {
			pairs, err := xmlPairs(a[0])
			if err != nil {
				return nil, err
			}
			b := &xmlBuilder{c: c}
			root, err := b.tree(pairs, nil, 0)
			if err != nil {
				return nil, err
			}
			if root == nil { // Salt hands None on to the serializer
				return nil, py.AttributeErrorf("'NoneType' object has no attribute 'iter'")
			}
			var out strings.Builder
			out.WriteString("<?xml version=\"1.0\" ?>\n")
			if err := root.write(&out, ""); err != nil {
				return nil, err
			}
			return Markup(out.String()), nil
		})),
	}
}

type xmlElement struct {
	tag      py.Value
	attrs    *py.Dict // names and text
	text     string
	children []*xmlElement
}

type xmlBuilder struct{ c *Context }

// xmlPairs are the tags and contents in a value.
func xmlPairs(v py.Value) ([]py.Value, error) {
	switch v := v.(type) {
	case *py.Dict:
		return itemsOf(v)
	case *py.List:
		return xmlItems(v.Items)
	case py.Tuple:
		return xmlItems(v)
	}
	return nil, runtimeErrorf("Value is not a dict or list. Cannot render as XML")
}

// xmlItems keeps a list only when it begins with text.
func xmlItems(items []py.Value) ([]py.Value, error) {
	if len(items) == 0 {
		return nil, py.Errorf("IndexError", "list index out of range")
	}
	if _, ok := strOf(items[0]); !ok {
		return nil, nil
	}
	return items, nil
}

// tree adds elements below parent, or makes a root when parent is nil, and
// returns the last one. A list repeats its tag.
func (b *xmlBuilder) tree(pairs []py.Value, parent *xmlElement, depth int) (*xmlElement, error) {
	if depth > maxPrintDepth {
		return nil, recursionError()
	}
	var sub *xmlElement
	for _, p := range pairs {
		if err := b.c.rt.step(); err != nil {
			return nil, err
		}
		pair, err := collect(p)
		switch {
		case err != nil:
			return nil, err
		case len(pair) < 2:
			return nil, py.ValueErrorf("not enough values to unpack (expected 2, got %d)", len(pair))
		case len(pair) > 2:
			return nil, py.ValueErrorf("too many values to unpack (expected 2)")
		}
		tag, content := pair[0], pair[1]
		if l, ok := content.(*py.List); ok {
			for _, it := range l.Items {
				if _, err := b.tree([]py.Value{py.Tuple{tag, it}}, parent, depth+1); err != nil {
					return nil, err
				}
			}
		} else {
			sub = &xmlElement{tag: tag}
			if parent != nil {
				parent.children = append(parent.children, sub)
			}
		}
		switch v := content.(type) {
		case py.Str, Markup, py.Bool, py.Int, *py.Long, py.Float:
			sub.text = py.ToStr(v)
			continue
		case *py.Dict:
			sub.attrs = py.NewDict()
			for name, val := range v.All() {
				switch val.(type) {
				case *py.Dict, *py.List:
					continue
				}
				s, err := py.StrErr(val)
				if err != nil {
					return nil, err
				}
				if err := sub.attrs.Set(name, py.Str(s)); err != nil {
					return nil, err
				}
			}
		}
		inner, err := xmlPairs(content)
		if err != nil {
			return nil, err
		}
		for _, it := range inner {
			val, err := py.GetItem(it, py.Int(1))
			if err != nil {
				return nil, err
			}
			switch val.(type) {
			case *py.Dict, *py.List:
			default:
				continue
			}
			if _, err := b.tree([]py.Value{it}, sub, depth+1); err != nil {
				return nil, err
			}
		}
	}
	return sub, nil
}

var xmlEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", ">", "&gt;")

// write prints the element as minidom's toprettyxml does.
func (e *xmlElement) write(b *strings.Builder, indent string) error {
	tag, err := xmlName(e.tag)
	if err != nil {
		return err
	}
	b.WriteString(indent + "<" + tag)
	if e.attrs != nil {
		for k, v := range e.attrs.All() {
			name, err := xmlName(k)
			if err != nil {
				return err
			}
			text, err := xmlText(py.ToStr(v), true)
			if err != nil {
				return err
			}
			b.WriteString(" " + name + `="` + text + `"`)
		}
	}
	text, err := xmlText(e.text, false)
	if err != nil {
		return err
	}
	switch {
	case len(e.children) > 0:
		b.WriteString(">\n")
		for _, c := range e.children {
			if err := c.write(b, indent+" "); err != nil {
				return err
			}
		}
		b.WriteString(indent + "</" + tag + ">\n")
	case text != "":
		b.WriteString(">" + text + "</" + tag + ">\n")
	default:
		b.WriteString("/>\n")
	}
	return nil
}

// xmlName checks the name of an element or attribute.
func xmlName(v py.Value) (string, error) {
	s, ok := strOf(v)
	if !ok {
		return "", py.TypeErrorf("cannot serialize %s (type %s)", py.Repr(v), py.TypeName(v))
	}
	for i, r := range s {
		start := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0xC0 && r != 0xD7 && r != 0xF7
		if !start && (i == 0 || !(r == '-' || r == '.' || r >= '0' && r <= '9' || r == 0xB7)) {
			return "", py.Errorf("ExpatError", "not well-formed (invalid token): %s is no name of an XML element or attribute", strconv.Quote(s))
		}
	}
	if s == "" {
		return "", py.Errorf("ExpatError", "not well-formed (invalid token): an XML element or attribute has an empty name")
	}
	return s, nil
}

// xmlText escapes text. Line ends are those that the XML parser makes of it.
func xmlText(s string, attr bool) (string, error) {
	if !attr {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	for _, r := range s {
		if r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError && !utf8.ValidString(s) {
			return "", py.Errorf("ExpatError", "not well-formed (invalid token): XML cannot hold the character U+%04X", r)
		}
	}
	return xmlEscape.Replace(s), nil
}
