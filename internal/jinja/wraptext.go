package jinja

import (
	"context"
	"strings"

	"pinch/internal/py"
)

// WrapText is Python's textwrap.wrap(text, width) with its defaults: white
// space counts as blanks, long words are cut and hyphens break.
func WrapText(text string, width int) ([]string, error) {
	v, err := py.CallMethod(context.Background(), py.Str(text), "expandtabs", py.NewArgs())
	if err != nil {
		return nil, err
	}
	text = strings.Map(func(r rune) rune {
		if strings.ContainsRune("\n\v\f\r", r) {
			return ' '
		}
		return r
	}, py.ToStr(v))
	return wrapLine(text, width, true, true)
}
