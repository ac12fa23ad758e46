package roster

import (
	"math"
	"strconv"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/internal/secret"
)

// get returns a key's value; null counts as not given.
func (b *builder) get(key string) (py.Value, bool) {
	v, ok := b.raw.GetStr(key)
	if !ok || v == py.None {
		return nil, false
	}
	if s, isStr := v.(py.Str); isStr && strings.HasPrefix(string(s), "sdb://") {
		b.problem(key, "put the value itself here, or use a key and the ssh agent", "%s: sdb:// values are not supported", key)
		return nil, false
	}
	return v, true
}

// show is a value in a message: its Python form, bounded.
func show(v py.Value) string {
	s := []rune(py.Repr(v))
	if len(s) > 60 {
		return string(s[:57]) + "..."
	}
	return string(s)
}

func (b *builder) text(key string) (string, bool) {
	v, ok := b.get(key)
	if !ok {
		return "", false
	}
	s, isStr := v.(py.Str)
	if !isStr {
		b.problem(key, "put it in quotes", "%s: expected text, got %s %s", key, v.Type(), show(v))
		return "", false
	}
	return string(s), true
}

// boolean takes YAML's booleans, 0 and 1, and their words in quotes.
func (b *builder) boolean(key string) (value, ok bool) {
	v, ok := b.get(key)
	if !ok {
		return false, false
	}
	switch v := v.(type) {
	case py.Bool:
		return bool(v), true
	case py.Int:
		if v == 0 || v == 1 {
			return v == 1, true
		}
	case py.Str:
		switch strings.ToLower(string(v)) {
		case "true", "yes", "on":
			return true, true
		case "false", "no", "off", "":
			return false, true
		}
	}
	b.problem(key, "write true or false", "%s: expected true or false, got %s", key, show(v))
	return false, false
}

func (b *builder) number(key string) (float64, bool) {
	v, ok := b.get(key)
	if !ok {
		return 0, false
	}
	switch v := v.(type) {
	case py.Int:
		return float64(v), true
	case py.Float:
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, true
		}
	case py.Str:
		if f, err := strconv.ParseFloat(string(v), 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f, true
		}
	}
	b.problem(key, "", "%s: expected a number, got %s", key, show(v))
	return 0, false
}

// seconds reads a time of at most a day; it must not be negative.
func (b *builder) seconds(key string) (time.Duration, bool) {
	f, ok := b.number(key)
	if !ok {
		return 0, false
	}
	if f < 0 || f > 86400 {
		b.problem(key, "", "%s: expected seconds from 0 to 86400, got %v", key, f)
		return 0, false
	}
	return time.Duration(f * float64(time.Second)), true
}

// password takes text, and numbers as the text that Salt makes of them.
func (b *builder) password(key string) (secret.String, bool) {
	v, ok := b.get(key)
	if !ok {
		return secret.String{}, false
	}
	switch v := v.(type) {
	case py.Str:
		return secret.New(string(v)), true
	case py.Int, *py.Long, py.Float:
		b.warn(key, "%s: is a number for YAML, so zeros and signs may be lost; put it in quotes", key)
		return secret.New(py.ToStr(v)), true
	}
	b.problem(key, "put it in quotes", "%s: expected text, got %s", key, v.Type())
	return secret.String{}, false
}

// list takes a list of texts or one text cut at commas.
func (b *builder) list(key string, commas bool) ([]string, bool) {
	v, ok := b.get(key)
	if !ok {
		return nil, false
	}
	switch v := v.(type) {
	case py.Str:
		if !commas {
			break
		}
		var out []string
		for _, part := range strings.Split(string(v), ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
		return out, true
	case *py.List:
		var out []string
		for _, it := range v.Items {
			s, isStr := it.(py.Str)
			if !isStr {
				b.problem(key, "put it in quotes", "%s: expected a list of texts, got %s in it", key, show(it))
				return nil, false
			}
			out = append(out, string(s))
		}
		return out, true
	}
	b.problem(key, "write a list, one item a line with a leading \"- \"", "%s: expected a list of texts, got %s", key, show(v))
	return nil, false
}

func (b *builder) dict(key string) (*py.Dict, bool) {
	v, ok := b.get(key)
	if !ok {
		return nil, false
	}
	d, isDict := v.(*py.Dict)
	if !isDict {
		b.problem(key, "", "%s: expected a mapping, got %s", key, show(v))
	}
	return d, isDict
}
