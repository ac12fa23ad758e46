package saltyaml

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// chunk is libyaml's raw buffer: input is checked in pieces of this many
// bytes, so a bad character is reported before anything else that is wrong in
// the same piece, and after everything wrong in the pieces before it.
const chunk = 16384

const bom = "\uFEFF"

// checkInput finds the first character that YAML does not allow. It returns
// the offset of the piece in which the scanner meets the error, math.MaxInt
// when all is well.
func checkInput(text string) (limit int, bad *Error) {
	// Python encodes the whole text first.
	for i := strings.IndexByte(text, 0xED); i >= 0 && i+1 < len(text); {
		if text[i+1] >= 0xA0 {
			return 0, badUTF8(text, i)
		}
		next := strings.IndexByte(text[i+1:], 0xED)
		if next < 0 {
			break
		}
		i += 1 + next
	}
	start, end := 0, min(chunk, len(text))
	i := 0
	if strings.HasPrefix(text, bom) {
		i = len(bom)
	}
	for i < len(text) {
		for i < end && (text[i] >= 0x20 && text[i] < 0x7F || text[i] == '\n') { // nearly all there is
			i++
		}
		if i == len(text) {
			break
		}
		for i >= end || cutsRune(text, i, end) {
			start, end = i, min(i+chunk, len(text))
		}
		c := text[i]
		if c >= 0x20 && c < 0x7F || c == '\n' || c == '\t' || c == '\r' {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			return start, badUTF8(text, i)
		case r == 0x85, r >= 0xA0 && r <= 0xFFFD, r >= 0x10000:
			i += n
		default:
			return start, newReader(r, i, "control characters are not allowed")
		}
	}
	return math.MaxInt, nil
}

// cutsRune says whether the character at i reaches over the end of a piece
// that is not the last.
func cutsRune(text string, i, end int) bool {
	if end == len(text) || text[i] < 0xC0 || i+utf8.UTFMax <= end {
		return false
	}
	_, n := utf8.DecodeRuneInString(text[i:])
	return i+n > end
}

// badUTF8 is the error for text that Python could not have encoded as UTF-8:
// a lone surrogate, held in its three-byte form.
func badUTF8(text string, i int) *Error {
	if len(text) >= i+3 && text[i] == 0xED && text[i+1]&0xE0 == 0xA0 {
		cp := 0xD000 | rune(text[i+1]&0x3F)<<6 | rune(text[i+2]&0x3F)
		at := utf8.RuneCountInString(text[:i])
		return newPlain("UnicodeEncodeError", fmt.Sprintf(
			`'utf-8' codec can't encode character '\u%04x' in position %d: surrogates not allowed`, cp, at), nil)
	}
	return newReader(rune(text[i]), i, "invalid UTF-8 octet")
}

func newReader(r rune, offset int, reason string) *Error {
	return newPlain("ReaderError", fmt.Sprintf(
		"unacceptable character #x%04x: %s\n  in \"<unicode string>\", position %d", r, reason, offset), nil)
}
