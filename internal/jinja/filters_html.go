package jinja

import (
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"pinch/internal/py"
)

// htmlFilters are Jinja's filters for markup.
func htmlFilters() map[string]Filter {
	escape := fn("escape(s)", func(_ *Context, a []py.Value) (py.Value, error) { return escapeValue(a[0]) })
	return map[string]Filter{
		"e": escape, "escape": escape,
		"forceescape": fn("do_forceescape(value)", func(_ *Context, a []py.Value) (py.Value, error) {
			s, err := py.StrErr(a[0])
			return Markup(escapeHTML(s)), err
		}),
		"safe": fn("do_mark_safe(value)", func(_ *Context, a []py.Value) (py.Value, error) {
			s, err := py.StrErr(a[0])
			return Markup(s), err
		}),
		"striptags": fn("do_striptags(value)", func(_ *Context, a []py.Value) (py.Value, error) {
			s, err := py.StrErr(a[0])
			return py.Str(stripTags(s)), err
		}),
		"xmlattr": fn("do_xmlattr(eval_ctx, d, autospace=True)", doXMLAttr),
		"urlize":  fn("do_urlize(eval_ctx, value, trim_url_limit=None, nofollow=False, target=None, rel=None, extra_schemes=None)", doURLize),
		"tojson": fn("do_tojson(eval_ctx, value, indent=None)", func(_ *Context, a []py.Value) (py.Value, error) {
			// Jinja's policy sorts the keys; non-ASCII text is escaped.
			s, err := py.DumpsJSON(a[0], py.DumpOptions{Indent: a[1], SortKeys: true, EnsureASCII: true})
			if err != nil {
				return nil, err
			}
			return Markup(htmlSafeJSON(s)), nil
		}),
	}
}

// htmlSafeJSON escapes what HTML would read as markup.
func htmlSafeJSON(s string) string {
	return strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(s)
}

// escapeValue is markupsafe.escape.
func escapeValue(v py.Value) (py.Value, error) {
	switch v := v.(type) {
	case Markup:
		return v, nil
	case *Module:
		return Markup(v.body), nil
	}
	s, err := py.StrErr(v)
	return Markup(escapeHTML(s)), err
}

func unescapeHTML(s string) string { return html.UnescapeString(s) }

// stripTags removes tags and comments, collapses whitespace and resolves
// entities.
func stripTags(s string) string {
	var b strings.Builder
	pos := 0
	for {
		i := strings.IndexByte(s[pos:], '<')
		if i < 0 {
			break
		}
		i += pos
		end := 0
		if strings.HasPrefix(s[i:], "<!--") {
			if end = strings.Index(s[i+4:], "-->"); end < 0 {
				break
			}
			end += i + 4 + 3
		} else {
			if end = strings.IndexByte(s[i:], '>'); end < 0 {
				break
			}
			end += i + 1
		}
		b.WriteString(s[pos:i])
		pos = end
	}
	b.WriteString(s[pos:])
	return unescapeHTML(strings.Join(strings.FieldsFunc(b.String(), isSpace), " "))
}

func doXMLAttr(c *Context, a []py.Value) (py.Value, error) {
	items, err := itemsOf(a[0])
	if err != nil {
		return nil, err
	}
	var parts []string
	for _, it := range items {
		kv := it.(py.Tuple)
		if _, none := kv[1].(py.NoneType); none || IsUndefined(kv[1]) {
			continue
		}
		key, ok := strOf(kv[0])
		if !ok {
			return nil, py.TypeErrorf("expected string or bytes-like object, got '%s'", py.TypeName(kv[0]))
		}
		if strings.ContainsAny(key, " \t\n\r\f\v/>=") {
			return nil, py.ValueErrorf("Invalid character in attribute name: %s", quote(key))
		}
		k, err := escapeValue(kv[0])
		if err != nil {
			return nil, err
		}
		v, err := escapeValue(kv[1])
		if err != nil {
			return nil, err
		}
		parts = append(parts, py.ToStr(k)+`="`+py.ToStr(v)+`"`)
	}
	s := strings.Join(parts, " ")
	space, err := py.Truth(a[1])
	if err != nil {
		return nil, err
	}
	if space && s != "" {
		s = " " + s
	}
	if c.escape {
		return Markup(s), nil
	}
	return py.Str(s), nil
}

var (
	httpRE = lazyRE(`(?i)^(?:(?:https?://|www\.)(?:(?:[\p{L}\p{N}_%-]+\.)+)?(?:[a-z]{2,63}|xn--[\p{L}\p{N}_%]{2,59})` +
		`|(?:[\p{L}\p{N}_%-]{2,63}\.)+(?:com|net|int|edu|gov|org|info|mil)` +
		`|(?:https?://)(?:[\d]{1,3}(?:\.[\d]{1,3}){3}|\[(?:[\da-f]{0,4}:){2}(?:[\da-f]{0,4}:?){1,6}\]))` +
		`(?::[\d]{1,5})?(?:[/?#]\S*)?\n?$`)
	emailRE  = lazyRE(`^\S+@[\p{L}\p{N}_][\p{L}\p{N}_.-]*\.[\p{L}\p{N}_]+\n?$`)
	leadRE   = lazyRE(`^(?:[(<]|&lt;)+`)
	trailRE  = lazyRE(`(?:[)>.,\n]|&gt;)+$`)
	schemeRE = lazyRE(`^[\p{L}\p{N}_.+-]{2,}:/{0,2}$`)
)

// lazyRE is compiled when urlize first needs it.
func lazyRE(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

func doURLize(c *Context, a []py.Value) (py.Value, error) {
	rel := map[string]bool{"noopener": true}
	if some, err := py.Truth(a[4]); err != nil {
		return nil, err
	} else if some {
		s, ok := strOf(a[4])
		if !ok {
			return nil, py.AttributeErrorf("'%s' object has no attribute 'split'", py.TypeName(a[4]))
		}
		for _, r := range strings.Fields(s) {
			rel[r] = true
		}
	}
	if on, err := py.Truth(a[2]); err != nil {
		return nil, err
	} else if on {
		rel["nofollow"] = true
	}
	u := &urlizer{limit: a[1]}
	if err := u.readSchemes(a[5]); err != nil {
		return nil, err
	}
	v, err := escapeValue(a[0])
	if err != nil {
		return nil, err
	}
	u.attrs = ` rel="` + escapeHTML(strings.Join(slices.Sorted(maps.Keys(rel)), " ")) + `"`
	if some, err := py.Truth(a[3]); err != nil {
		return nil, err
	} else if some {
		target, err := escapeValue(a[3])
		if err != nil {
			return nil, err
		}
		u.attrs += ` target="` + py.ToStr(target) + `"`
	}
	out, err := u.text(py.ToStr(v))
	if err != nil {
		return nil, err
	}
	if c.escape {
		return Markup(out), nil
	}
	return py.Str(out), nil
}

// urlizer makes links of what looks like an address in escaped text.
type urlizer struct {
	attrs   string
	limit   py.Value // of the text of a link; whatever it is, it is looked at only then
	schemes []string
}

func (u *urlizer) readSchemes(v py.Value) error {
	if _, none := v.(py.NoneType); none {
		return nil
	}
	items, err := collect(v)
	if err != nil {
		return err
	}
	for _, it := range items {
		s, ok := strOf(it)
		if _, isBytes := it.(py.Bytes); isBytes {
			return py.TypeErrorf("cannot use a string pattern on a bytes-like object")
		}
		if !ok {
			return py.TypeErrorf("expected string or bytes-like object, got '%s'", py.TypeName(it))
		}
		if !schemeRE().MatchString(s) {
			return py.Errorf(classFilterArgs, "%s is not a valid URI scheme prefix.", py.Repr(it))
		}
		u.schemes = append(u.schemes, s)
	}
	return nil
}

func (u *urlizer) trim(s string) (string, error) {
	if _, none := u.limit.(py.NoneType); none {
		return s, nil
	}
	long, err := py.RichCompare(py.OpGt, py.Int(utf8.RuneCountInString(s)), u.limit)
	if err != nil || !long {
		return s, err
	}
	head, err := py.GetItem(py.Str(s), &py.Slice{Stop: u.limit})
	if err != nil {
		return "", err
	}
	return py.ToStr(head) + "...", nil
}

func (u *urlizer) text(text string) (string, error) {
	var b strings.Builder
	for text != "" {
		n := strings.IndexFunc(text, isSpace)
		if n < 0 {
			n = len(text)
		}
		word, err := u.word(text[:n])
		if err != nil {
			return "", err
		}
		b.WriteString(word)
		text = text[n:]
		n = spaceLen(text)
		b.WriteString(text[:n])
		text = text[n:]
	}
	return b.String(), nil
}

func (u *urlizer) word(word string) (string, error) {
	head := leadRE().FindString(word)
	middle := word[len(head):]
	tail := trailRE().FindString(middle)
	middle = middle[:len(middle)-len(tail)]
	for _, p := range [...][2]string{{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}} {
		start := strings.Count(middle, p[0])
		if start <= strings.Count(middle, p[1]) {
			continue
		}
		for range min(start, strings.Count(tail, p[1])) {
			end := strings.Index(tail, p[1]) + len(p[1])
			middle += tail[:end]
			tail = tail[end:]
		}
	}
	switch {
	case httpRE().MatchString(middle):
		href := middle
		if !strings.HasPrefix(middle, "https://") && !strings.HasPrefix(middle, "http://") {
			href = "https://" + middle
		}
		shown, err := u.trim(middle)
		if err != nil {
			return "", err
		}
		middle = `<a href="` + href + `"` + u.attrs + `>` + shown + `</a>`
	case strings.HasPrefix(middle, "mailto:") && emailRE().MatchString(middle[7:]):
		middle = `<a href="` + middle + `">` + middle[7:] + `</a>`
	case strings.Contains(middle, "@") && !strings.HasPrefix(middle, "www.") && middle[0] != '@' &&
		!strings.Contains(middle, ":") && emailRE().MatchString(middle):
		middle = `<a href="mailto:` + middle + `">` + middle + `</a>`
	default:
		for _, s := range u.schemes {
			if middle != s && strings.HasPrefix(middle, s) {
				middle = `<a href="` + middle + `"` + u.attrs + `>` + middle + `</a>`
			}
		}
	}
	return head + middle + tail, nil
}

func digitValue(r rune) (rune, bool) {
	if !unicode.Is(unicode.Nd, r) {
		return 0, false
	}
	for d := rune(0); d < 10; d++ { // digits of a script are ten in a row
		if !unicode.Is(unicode.Nd, r-d-1) || (r-d)%16 == 0 || (r-d)%16 == 6 {
			return d, true
		}
	}
	return 0, false
}
