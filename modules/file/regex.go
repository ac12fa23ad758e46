package file

import "pinch/internal/pyre"

// regex is a compiled Python expression. Errors are Python's (re.error).
type regex struct{ re *pyre.Regexp }

// compileBytes compiles an expression for bytes, as Salt's file.replace and
// file.search use it: \w and the like know ASCII only.
func compileBytes(expr string, flags int) (*regex, error) {
	re, err := pyre.CompileBytes(expr, pyre.Flags(flags))
	if err != nil {
		return nil, err
	}
	return &regex{re}, nil
}

// compileText compiles an expression for text.
func compileText(expr string, flags int) (*regex, error) {
	re, err := pyre.Compile(expr, pyre.Flags(flags))
	if err != nil {
		return nil, err
	}
	return &regex{re}, nil
}

// search is re.search, match re.match.
func (r *regex) search(s string) (bool, error) {
	m, err := r.re.Search(s)
	return m != nil, err
}

func (r *regex) match(s string) (bool, error) {
	m, err := r.re.Match(s)
	return m != nil, err
}

// subn is re.subn.
func (r *regex) subn(repl, s string, count int) (string, int, error) {
	return r.re.Subn(repl, s, count)
}

// escapeRegex is re.escape.
func escapeRegex(s string) string { return pyre.Escape(s) }
