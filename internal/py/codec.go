package py

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode/utf8"
)

// codecName is the canonical name of a text encoding: with the spellings that
// CPython takes. Beyond these an encoding is a LookupError.
func codecName(name, verb string) (string, error) {
	n := strings.NewReplacer("-", "_", " ", "_").Replace(strings.ToLower(name))
	switch n {
	case "utf_8", "utf8", "u8", "utf", "cp65001", "utf8_ucs2", "utf8_ucs4":
		return "utf-8", nil
	case "utf_8_sig":
		return "utf-8-sig", nil
	case "ascii", "us_ascii", "646", "ansi_x3.4_1968", "iso646_us", "us":
		return "ascii", nil
	case "latin_1", "latin1", "latin", "l1", "iso_8859_1", "iso8859_1", "8859", "cp819", "iso8859", "iso_8859_1_1987", "ibm819":
		return "latin-1", nil
	case "utf_16", "utf16", "u16":
		return "utf-16", nil
	case "utf_16_le", "utf_16le":
		return "utf-16-le", nil
	case "utf_16_be", "utf_16be":
		return "utf-16-be", nil
	case "utf_32", "utf32", "u32":
		return "utf-32", nil
	case "utf_32_le", "utf_32le":
		return "utf-32-le", nil
	case "utf_32_be", "utf_32be":
		return "utf-32-be", nil
	case "base64", "base_64", "hex", "rot13", "rot_13", "bz2", "zlib", "uu", "quopri":
		return "", Errorf("LookupError", "'%s' is not a text encoding; use codecs.%s() to handle arbitrary codecs", name, verb)
	}
	return "", Errorf("LookupError", "unknown encoding: %s", name)
}

// Encode is s.encode(encoding, errors): utf-8, ascii, latin-1, utf-16 and
// utf-32 with their variants.
func Encode(s, encoding, errors string) (string, error) {
	codec, err := codecName(encoding, "encode")
	if err != nil {
		return "", err
	}
	switch codec {
	case "utf-8-sig":
		out, err := encodeRunes(s, "utf-8", errors, 0x110000, appendUTF8)
		return "\ufeff" + out, err
	case "utf-8":
		if utf8.ValidString(s) {
			return s, nil
		}
		return encodeRunes(s, codec, errors, 0x110000, appendUTF8)
	case "ascii":
		if isASCII(s) {
			return s, nil
		}
		return encodeRunes(s, codec, errors, 0x80, appendByte)
	case "latin-1":
		return encodeRunes(s, codec, errors, 0x100, appendByte)
	}
	out, err := encodeRunes(s, codec, errors, 0x110000, wideAppender(codec))
	switch codec {
	case "utf-16":
		out = "\xff\xfe" + out
	case "utf-32":
		out = "\xff\xfe\x00\x00" + out
	}
	return out, err
}

func appendUTF8(b []byte, r rune) []byte { return utf8.AppendRune(b, r) }

func appendByte(b []byte, r rune) []byte { return append(b, byte(r)) }

func byteOrderOf(codec string) binary.AppendByteOrder {
	if strings.HasSuffix(codec, "be") {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func wideAppender(codec string) func([]byte, rune) []byte {
	order := byteOrderOf(codec)
	if strings.HasPrefix(codec, "utf-32") {
		return func(b []byte, r rune) []byte { return order.AppendUint32(b, uint32(r)) }
	}
	return func(b []byte, r rune) []byte {
		if r >= 0x10000 {
			r -= 0x10000
			b = order.AppendUint16(b, uint16(0xD800+r>>10))
			r = 0xDC00 + r&0x3FF
		}
		return order.AppendUint16(b, uint16(r))
	}
}

// encodeRunes encodes code points below limit that are no surrogates; the
// others are the error handler's.
func encodeRunes(s, codec, errors string, limit rune, put func([]byte, rune) []byte) (string, error) {
	b := make([]byte, 0, len(s))
	bad := func(r rune) bool { return r >= limit || isSurrogate(r) }
	pos := 0
	for i := 0; i < len(s); pos++ {
		r, n := nextRune(s[i:])
		if !bad(r) {
			b = put(b, r)
			i += n
			continue
		}
		switch errors {
		case "strict":
			return "", encodeError(s, codec, i, pos, bad, limit)
		case "ignore":
		case "replace":
			b = put(b, '?')
		case "xmlcharrefreplace":
			b = putASCII(b, "&#"+strconv.Itoa(int(r))+";", put)
		case "backslashreplace":
			b = putASCII(b, string(appendEscape(nil, r, n, s[i])), put)
		case "surrogateescape":
			if r < 0xDC80 || r > 0xDCFF {
				return "", encodeError(s, codec, i, pos, bad, limit)
			}
			b = append(b, byte(r-0xDC00))
		case "surrogatepass":
			if !isSurrogate(r) || limit < 0x110000 {
				return "", encodeError(s, codec, i, pos, bad, limit)
			}
			if codec == "utf-8" {
				b = append(b, encodeRune(r)...)
			} else {
				b = put(b, r)
			}
		default:
			return "", Errorf("LookupError", "unknown error handler name '%s'", errors)
		}
		i += n
	}
	return string(b), nil
}

// nextRune is decodeRune that shows a byte which is no UTF-8 as the surrogate
// of surrogateescape.
func nextRune(s string) (rune, int) {
	r, n := decodeRune(s)
	if r == utf8.RuneError && n == 1 {
		return 0xDC00 + rune(s[0]), 1
	}
	return r, n
}

func putASCII(b []byte, s string, put func([]byte, rune) []byte) []byte {
	for _, r := range s {
		b = put(b, r)
	}
	return b
}

func encodeError(s, codec string, i, pos int, bad func(rune) bool, limit rune) error {
	reason := "surrogates not allowed"
	switch limit {
	case 0x80:
		reason = "ordinal not in range(128)"
	case 0x100:
		reason = "ordinal not in range(256)"
	}
	end := pos
	first := ""
	for i < len(s) {
		r, n := nextRune(s[i:])
		if !bad(r) {
			break
		}
		if first == "" {
			first = string(appendEscape(nil, r, n, s[i]))
		}
		end++
		i += n
	}
	if end == pos+1 {
		return Errorf("UnicodeEncodeError", "'%s' codec can't encode character '%s' in position %d: %s", codec, first, pos, reason)
	}
	return Errorf("UnicodeEncodeError", "'%s' codec can't encode characters in position %d-%d: %s", codec, pos, end-1, reason)
}

// Decode is b.decode(encoding, errors), see Encode.
func Decode(b, encoding, errors string) (string, error) {
	codec, err := codecName(encoding, "decode")
	if err != nil {
		return "", err
	}
	switch codec {
	case "utf-8":
		return decodeUTF8(b, errors)
	case "utf-8-sig":
		return decodeUTF8(strings.TrimPrefix(b, "\ufeff"), errors)
	case "ascii":
		return decodeASCII(b, errors)
	case "latin-1":
		return latin1(b), nil
	}
	return decodeWide(b, codec, errors)
}

// latin1 makes one code point of every byte.
func latin1(b string) string {
	if isASCII(b) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/2)
	for i := range len(b) {
		out = utf8.AppendRune(out, rune(b[i]))
	}
	return string(out)
}

// handleBad appends what the error handler makes of the bytes b[from:to].
func handleBad(out []byte, b, codec, errors string, from, to int, reason string) ([]byte, error) {
	switch errors {
	case "strict":
	case "ignore":
		return out, nil
	case "replace":
		return append(out, "\ufffd"...), nil
	case "backslashreplace":
		for i := from; i < to; i++ {
			out = append(out, '\\', 'x', hexDigits[b[i]>>4], hexDigits[b[i]&15])
		}
		return out, nil
	case "surrogateescape":
		ascii := false
		for i := from; i < to; i++ {
			ascii = ascii || b[i] < 0x80
		}
		if !ascii {
			for i := from; i < to; i++ {
				out = append(out, encodeRune(0xDC00+rune(b[i]))...)
			}
			return out, nil
		}
	case "surrogatepass":
		if codec == "utf-8" && len(b) >= from+3 && b[from] == 0xED && b[from+1]&0xE0 == 0xA0 && b[from+2]&0xC0 == 0x80 {
			return append(out, b[from:from+3]...), nil
		}
	default:
		return nil, Errorf("LookupError", "unknown error handler name '%s'", errors)
	}
	if to == from+1 {
		return nil, Errorf("UnicodeDecodeError", "'%s' codec can't decode byte 0x%02x in position %d: %s", codec, b[from], from, reason)
	}
	return nil, Errorf("UnicodeDecodeError", "'%s' codec can't decode bytes in position %d-%d: %s", codec, from, to-1, reason)
}

func decodeASCII(b, errors string) (string, error) {
	if isASCII(b) {
		return b, nil
	}
	out := make([]byte, 0, len(b))
	for i := range len(b) {
		if b[i] < 0x80 {
			out = append(out, b[i])
			continue
		}
		var err error
		if out, err = handleBad(out, b, "ascii", errors, i, i+1, "ordinal not in range(128)"); err != nil {
			return "", err
		}
	}
	return string(out), nil
}

func decodeUTF8(b, errors string) (string, error) {
	if utf8.ValidString(b) {
		return b, nil
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if r, n := utf8.DecodeRuneInString(b[i:]); r != utf8.RuneError || n > 1 {
			out = append(out, b[i:i+n]...)
			i += n
			continue
		}
		n, reason := badUTF8(b[i:])
		var err error
		before := len(out)
		if out, err = handleBad(out, b, "utf-8", errors, i, i+n, reason); err != nil {
			return "", err
		}
		if errors == "surrogatepass" && len(out) == before+3 {
			n = 3
		}
		i += n
	}
	return string(out), nil
}

// badUTF8 says how many bytes at the start of s belong to the broken
// character and what is wrong: the longest start of a valid one, or one byte.
func badUTF8(s string) (int, string) {
	c := s[0]
	need, lo, hi := 0, byte(0x80), byte(0xBF)
	switch {
	case c < 0xC2 || c > 0xF4:
		return 1, "invalid start byte"
	case c < 0xE0:
		need = 1
	case c < 0xF0:
		need = 2
		if c == 0xE0 {
			lo = 0xA0
		} else if c == 0xED {
			hi = 0x9F
		}
	default:
		need = 3
		if c == 0xF0 {
			lo = 0x90
		} else if c == 0xF4 {
			hi = 0x8F
		}
	}
	for i := 1; i <= need; i++ {
		if i >= len(s) {
			return i, "unexpected end of data"
		}
		if s[i] < lo || s[i] > hi {
			return i, "invalid continuation byte"
		}
		lo, hi = 0x80, 0xBF
	}
	return 1, "invalid start byte"
}

func decodeWide(b, codec, errors string) (string, error) {
	name := codec
	order := binary.ByteOrder(binary.LittleEndian)
	if strings.HasSuffix(codec, "be") {
		order = binary.BigEndian
	}
	size := 2
	if strings.HasPrefix(codec, "utf-32") {
		size = 4
	}
	start := 0
	if bom := map[string]map[string]binary.ByteOrder{
		"utf-16": {"\xff\xfe": binary.LittleEndian, "\xfe\xff": binary.BigEndian},
		"utf-32": {"\xff\xfe\x00\x00": binary.LittleEndian, "\x00\x00\xfe\xff": binary.BigEndian},
	}[codec]; bom != nil && len(b) >= size {
		if o, ok := bom[b[:size]]; ok {
			order, start = o, size
		}
	}
	if name == "utf-16" || name == "utf-32" {
		name += "-le"
		if order == binary.BigEndian {
			name = codec + "-be"
		}
	}
	out := make([]byte, 0, len(b))
	var err error
	for i := start; i < len(b); {
		if len(b)-i < size {
			if out, err = handleBad(out, b, name, errors, i, len(b), "truncated data"); err != nil {
				return "", err
			}
			break
		}
		n, r, reason := size, rune(0), ""
		if size == 4 {
			u := order.Uint32([]byte(b[i : i+4]))
			r = rune(u)
			if u > utf8.MaxRune {
				reason = "code point not in range(0x110000)"
			} else if isSurrogate(r) {
				reason = "code point in surrogate code point range(0xd800, 0xe000)"
			}
		} else {
			n, r, reason = decodeUTF16(b[i:], order)
		}
		if reason == "" {
			out = utf8.AppendRune(out, r)
		} else if out, err = handleBad(out, b, name, errors, i, i+n, reason); err != nil {
			return "", err
		}
		i += n
	}
	return string(out), nil
}

func decodeUTF16(b string, order binary.ByteOrder) (int, rune, string) {
	r := rune(order.Uint16([]byte(b[:2])))
	switch {
	case r < 0xD800 || r >= 0xE000:
		return 2, r, ""
	case r >= 0xDC00:
		return 2, 0, "illegal encoding"
	case len(b) < 4:
		return len(b), 0, "unexpected end of data"
	}
	low := rune(order.Uint16([]byte(b[2:4])))
	if low < 0xDC00 || low >= 0xE000 {
		return 2, 0, "illegal UTF-16 surrogate"
	}
	return 4, 0x10000 + (r-0xD800)<<10 + low - 0xDC00, ""
}

// codecArgs reads encoding and errors of encode() and decode().
func codecArgs(name string, a *Args) (encoding, errors string, err error) {
	out, err := kwArgs(name, a, 0, "encoding", "errors")
	if err != nil {
		return "", "", err
	}
	text := [2]string{"utf-8", "strict"}
	for i, v := range out {
		if v == nil {
			continue
		}
		s, ok := asStr(v)
		if !ok {
			return "", "", TypeErrorf("%s() argument '%s' must be str, not %s", name, [2]string{"encoding", "errors"}[i], argType(v))
		}
		if strings.IndexByte(s, 0) >= 0 {
			return "", "", ValueErrorf("embedded null character")
		}
		text[i] = s
	}
	return text[0], text[1], nil
}

// StrOfBytes is str(b, encoding, errors).
func StrOfBytes(v Value, encoding, errors string) (string, error) {
	b, ok := v.(Bytes)
	if !ok {
		if _, isStr := asStr(v); isStr {
			return "", TypeErrorf("decoding str is not supported")
		}
		return "", TypeErrorf("decoding to str: need a bytes-like object, %s found", TypeName(v))
	}
	s, err := Decode(string(b), encoding, errors)
	if err != nil {
		return "", err
	}
	return s, nil
}
