package file

import (
	"strings"

	"pinch/internal/py"
)

// Python's re flags.
const (
	reIgnoreCase = 2
	reLocale     = 4
	reMultiline  = 8
	reDotall     = 16
	reUnicode    = 32
	reVerbose    = 64
	reDebug      = 128
	reASCII      = 256
)

// reFlags reads a flags argument: a number, a flag's name or a list of names.
func reFlags(v py.Value) (int, error) {
	if n, ok := py.AsInt(v); ok {
		return int(n), nil
	}
	var names []py.Value
	switch v := v.(type) {
	case py.Str:
		names = []py.Value{v}
	case *py.List:
		names = v.Items
	case py.Tuple:
		names = v
	default:
		return 0, execError(`Invalid re flags: "` + py.ToStr(v) + `", must be given either as a single flag string, a list of strings, as an integer, or as an re flag`)
	}
	flags := 0
	for _, n := range names {
		f, ok := map[string]int{
			"I": reIgnoreCase, "IGNORECASE": reIgnoreCase, "L": reLocale, "LOCALE": reLocale, "M": reMultiline, "MULTILINE": reMultiline,
			"S": reDotall, "DOTALL": reDotall, "U": reUnicode, "UNICODE": reUnicode, "X": reVerbose, "VERBOSE": reVerbose,
			"A": reASCII, "ASCII": reASCII, "DEBUG": reDebug,
		}[strings.ToUpper(py.ToStr(n))]
		if !ok {
			return 0, execError("Invalid re flag given: " + py.ToStr(n))
		}
		flags |= f
	}
	return flags, nil
}

// textFile reads a file for editing: the path with links resolved, and its
// content. The errors are Salt's.
func (o *op) textFile(path string) (real string, data []byte, err error) {
	real = realPath(o.w, expandUser(o, path))
	if !exists(o.w, real) {
		return real, nil, invokeError("File not found: " + real)
	}
	if data, err = o.w.ReadFile(real); err != nil {
		if isDir(o.w, real) {
			return real, nil, invokeError("Cannot perform string replacements on a binary file: " + real)
		}
		return real, nil, execError("Unable to open file '" + real + "'. Exception: " + osError(err))
	}
	if !isText(data) {
		return real, nil, invokeError("Cannot perform string replacements on a binary file: " + real)
	}
	return real, data, nil
}

// search says whether a pattern occurs in a file (Salt's file.search).
func (o *op) search(path, pattern string, flags int) (bool, error) {
	_, data, err := o.textFile(path)
	if err != nil {
		return false, err
	}
	re, err := compileBytes(pattern, flags)
	if err != nil {
		return false, err
	}
	return re.search(string(data))
}

// checkFile says why a state cannot work on a file, "" when it can.
func checkFile(o *op, name string) string {
	if !isAbs(name) {
		return "Specified file " + name + " is not an absolute path"
	}
	if !exists(o.w, name) {
		return name + ": file not found"
	}
	return ""
}

// spaceRegex makes the pattern that finds a text whatever white space stands
// between its words (Salt's build_whitespace_split_regex).
func spaceRegex(text string) (string, error) {
	var b strings.Builder
	b.WriteString("(?m)^")
	for _, line := range py.SplitLines(text, false) {
		words, err := shellWords(line)
		if err != nil {
			return "", err
		}
		for i, w := range words {
			words[i] = escapeRegex(w)
		}
		b.WriteString(`(?:[\s]+)?` + strings.Join(words, `(?:[\s]+)?`) + `(?:[\s]+)?`)
	}
	b.WriteString("$")
	return b.String(), nil
}

// shellWords splits a line as Python's shlex does without its POSIX mode: a
// word that begins with a quote goes to the next one. Which quotes count
// depends on those in the line.
func shellWords(line string) ([]string, error) {
	quotes := `'"`
	switch {
	case strings.Contains(line, `'\"`):
		quotes = ""
	case strings.Contains(line, "'"):
		quotes = `"`
	case strings.Contains(line, `"`):
		quotes = "'"
	}
	const space = " \t\r\n"
	var words []string
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case strings.IndexByte(space, c) >= 0:
			i++
		case strings.IndexByte(quotes, c) >= 0:
			n := strings.IndexByte(line[i+1:], c)
			if n < 0 {
				return nil, py.ValueErrorf("No closing quotation")
			}
			words = append(words, line[i:i+n+2])
			i += n + 2
		default:
			n := strings.IndexAny(line[i:], space)
			if n < 0 {
				n = len(line) - i
			}
			words = append(words, line[i:i+n])
			i += n
		}
	}
	return words, nil
}
