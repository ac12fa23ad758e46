package run

import (
	"context"
	"strings"

	"pinch/internal/match"
	"pinch/internal/py"
)

const slotMark = "__slot__:"

// fillSlots returns the arguments with every slot ("__slot__:salt:fun(args)")
// replaced by what its function returns: in texts, in the values of mappings,
// and in the items of lists, one level deep, as Salt does. Without a slot the
// dict itself is returned.
func (f *Functions) fillSlots(ctx context.Context, args *py.Dict) (*py.Dict, error) {
	if !hasSlot(args) {
		return args, nil
	}
	out := args.Copy()
	for k, v := range args.All() {
		n, err := f.fillValue(ctx, v, 2)
		if err != nil {
			return nil, err
		}
		if err := out.Set(k, n); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func hasSlot(d *py.Dict) bool {
	for _, v := range d.All() {
		if holdsSlot(v, 3) {
			return true
		}
	}
	return false
}

func holdsSlot(v py.Value, depth int) bool {
	if depth == 0 {
		return false
	}
	switch v := v.(type) {
	case py.Str:
		return strings.HasPrefix(string(v), slotMark)
	case *py.Dict:
		for _, x := range v.All() {
			if holdsSlot(x, depth-1) {
				return true
			}
		}
	case *py.List:
		for _, x := range v.Items {
			if holdsSlot(x, depth-1) {
				return true
			}
		}
	}
	return false
}

func (f *Functions) fillValue(ctx context.Context, v py.Value, depth int) (py.Value, error) {
	switch v := v.(type) {
	case py.Str:
		if strings.HasPrefix(string(v), slotMark) {
			return f.slot(ctx, string(v))
		}
	case *py.Dict:
		if depth > 0 && holdsSlot(v, depth+1) {
			out := v.Copy()
			for k, x := range v.All() {
				n, err := f.fillValue(ctx, x, 0)
				if err != nil {
					return nil, err
				}
				if err := out.Set(k, n); err != nil {
					return nil, err
				}
			}
			return out, nil
		}
	case *py.List:
		if depth > 0 && holdsSlot(v, depth+1) {
			out := py.NewList()
			for _, x := range v.Items {
				n, err := f.fillValue(ctx, x, depth-1)
				if err != nil {
					return nil, err
				}
				out.Append(n)
			}
			return out, nil
		}
	}
	return v, nil
}

// slot evaluates one slot. A malformed one is left as it is, with a warning.
func (f *Functions) slot(ctx context.Context, text string) (py.Value, error) {
	parts := strings.SplitN(text, ":", 3)
	if len(parts) != 3 || parts[1] != "salt" {
		f.log.Warn("malformed slot", "slot", text)
		return py.Str(text), nil
	}
	fun, args, rest, ok := parseCall(parts[2])
	if !ok || f.registry.Exec(fun) == nil && f.remote == nil {
		f.log.Warn("malformed slot", "slot", text)
		return py.Str(text), nil
	}
	ret, err := f.Call(ctx, fun, args)
	if err != nil {
		return nil, err
	}
	path, tail, appends := strings.Cut(rest, "~")
	if path = strings.TrimSpace(path); strings.HasPrefix(path, ".") {
		if ret, err = match.Traverse(ret, py.Str(path[1:]), py.None, "."); err != nil {
			return nil, err
		}
	}
	if s, isText := ret.(py.Str); appends && isText {
		tail = strings.TrimSpace(tail)
		if n := len(tail); n >= 2 && tail[0] == tail[n-1] && (tail[0] == '"' || tail[0] == '\'') {
			tail = tail[1 : n-1]
		}
		return s + py.Str(tail), nil
	}
	return ret, nil
}

// parseCall reads "mod.fun(arg, 'arg', kw=arg)" and what follows the closing
// parenthesis. Words are texts, as Salt's parse_function gives them, except
// in brackets, which are read as JSON-like values.
func parseCall(s string) (fun string, args *py.Args, rest string, ok bool) {
	open := strings.IndexByte(s, '(')
	if open <= 0 {
		return "", nil, "", false
	}
	fun, args = strings.TrimSpace(s[:open]), &py.Args{}
	var word strings.Builder
	var quote byte
	depth, quoted, key := 0, false, ""
	flush := func() {
		text := word.String()
		if !quoted {
			text = strings.TrimSpace(text)
		}
		if text == "" && !quoted && key == "" {
			return
		}
		v := argument(text, quoted)
		if key != "" {
			args.Kw = append(args.Kw, py.KwArg{Name: key, Value: v})
		} else {
			args.Pos = append(args.Pos, v)
		}
		word.Reset()
		quoted, key = false, ""
	}
	for i := open + 1; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
				if depth > 0 {
					word.WriteByte(c)
				}
				continue
			}
			if c == '\\' && i+1 < len(s) {
				i++
				c = s[i]
			}
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote = c
			if depth > 0 {
				word.WriteByte(c)
			} else {
				quoted = true
				if strings.TrimSpace(word.String()) == "" {
					word.Reset()
				}
			}
		case c == '[' || c == '{' || c == '(':
			depth++
			word.WriteByte(c)
		case depth > 0 && (c == ']' || c == '}' || c == ')'):
			depth--
			word.WriteByte(c)
		case c == ')':
			flush()
			return fun, args, s[i+1:], true
		case c == ',' && depth == 0:
			flush()
		case c == '=' && depth == 0 && !quoted && key == "":
			key = strings.TrimSpace(word.String())
			word.Reset()
		case c == ' ' && depth == 0 && quoted:
		default:
			word.WriteByte(c)
		}
	}
	return "", nil, "", false
}

func argument(text string, quoted bool) py.Value {
	if quoted {
		return py.Str(text)
	}
	if strings.HasPrefix(text, "[") || strings.HasPrefix(text, "{") {
		if v, err := py.LoadsJSON([]byte(text)); err == nil {
			return v
		}
	}
	return py.Str(text)
}
