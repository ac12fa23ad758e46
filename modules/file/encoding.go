package file

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"pinch/internal/py"
)

// codec returns the text encoding of a Python name, nil for UTF-8.
func codec(name string) (encoding.Encoding, error) {
	n := strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(name))
	switch n {
	case "utf-8", "utf8", "u8", "cp65001":
		return nil, nil
	case "utf-8-sig":
		return unicode.UTF8BOM, nil
	case "ascii", "us-ascii", "646":
		return asciiCodec{}, nil
	case "latin-1", "latin1", "latin", "l1", "iso-8859-1", "iso8859-1", "8859", "cp819":
		return charmap.ISO8859_1, nil
	case "utf-16", "utf16", "u16":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), nil
	case "utf-16-le", "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), nil
	case "utf-16-be", "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), nil
	case "utf-32", "utf32", "u32":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), nil
	case "utf-32-le", "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), nil
	case "utf-32-be", "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), nil
	}
	squash := func(s string) string {
		s = strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
		for _, p := range []struct{ from, to string }{{"windows", "cp"}, {"codepage", "cp"}, {"ibm", "cp"}, {"latin2", "iso88592"}, {"latin9", "iso885915"}} {
			s = strings.Replace(s, p.from, p.to, 1)
		}
		return s
	}
	for _, e := range charmap.All {
		cm, ok := e.(*charmap.Charmap)
		if ok && squash(cm.String()) == squash(n) {
			return cm, nil
		}
	}
	return nil, fmt.Errorf("encoding %q is not supported: use UTF-8, UTF-16, UTF-32 or a single-byte encoding", name)
}

// encode is str.encode(name, errors).
func encode(text, name, errors string) ([]byte, error) {
	if name == "" {
		return []byte(text), nil
	}
	c, err := codec(name)
	if err != nil {
		return nil, err
	}
	if c == nil {
		return []byte(text), nil
	}
	var out []byte
	if prefix, err := c.NewEncoder().Bytes(nil); err == nil {
		out = append(out, prefix...)
	}
	whole, err := c.NewEncoder().String(text)
	if err == nil {
		return []byte(whole), nil
	}
	pos := 0
	for _, r := range text {
		b, err := c.NewEncoder().String(string(r))
		switch {
		case err == nil:
			out = append(out, b...)
		case errors == "ignore":
		case errors == "replace":
			out = append(out, '?')
		case errors == "backslashreplace":
			out = append(out, escapeRune(r)...)
		case errors == "xmlcharrefreplace":
			out = append(out, fmt.Sprintf("&#%d;", r)...)
		default:
			return nil, py.Errorf("UnicodeEncodeError", "'%s' codec can't encode character '%s' in position %d: ordinal not in range(%d)",
				strings.ToLower(name), escapeRune(r), pos, rangeOf(c))
		}
		pos++
	}
	return out, nil
}

// rangeOf is the number of characters that a codec's message speaks of.
func rangeOf(c encoding.Encoding) int {
	if _, ok := c.(asciiCodec); ok {
		return 128
	}
	return 256
}

func escapeRune(r rune) string {
	switch {
	case r < 0x100:
		return fmt.Sprintf(`\x%02x`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r)
	}
	return fmt.Sprintf(`\U%08x`, r)
}

// decode is bytes.decode(name).
func decode(data []byte, name string) (string, error) {
	c, err := codec(name)
	if err != nil {
		return "", err
	}
	if c == nil {
		if !utf8.Valid(data) {
			return "", py.Errorf("UnicodeDecodeError", "'utf-8' codec can't decode the file: invalid byte")
		}
		return string(data), nil
	}
	out, err := c.NewDecoder().Bytes(data)
	if err != nil {
		return "", py.Errorf("UnicodeDecodeError", "'%s' codec can't decode the file: %v", name, err)
	}
	return string(out), nil
}
