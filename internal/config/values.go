package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/roster"
)

func (l *loader) problem(key, advice, format string, args ...any) {
	l.problems = append(l.problems, &roster.Error{Pos: l.c.pos[key], Msg: fmt.Sprintf(format, args...), Advice: advice})
}

func (l *loader) warning(key, format string, args ...any) {
	l.c.Warnings = append(l.c.Warnings, roster.Warning{Pos: l.c.pos[key], Msg: fmt.Sprintf(format, args...)})
}

func (l *loader) value(key string, def py.Value) py.Value {
	if v, ok := l.opts.GetStr(key); ok {
		return v
	}
	return def
}

func (l *loader) text(key, def string) string {
	v, ok := l.opts.GetStr(key)
	if !ok || v == py.None {
		return def
	}
	s, ok := v.(py.Str)
	if !ok {
		l.problem(key, "put it in quotes", "%s: expected text, got %s", key, show(v))
		return def
	}
	return string(s)
}

// scalar returns a password: text, or a number as Salt would write it.
func (l *loader) scalar(key string) string {
	v, ok := l.opts.GetStr(key)
	if !ok || v == py.None {
		return ""
	}
	switch v.(type) {
	case py.Str, py.Int, *py.Long, py.Float:
		return py.ToStr(v)
	}
	l.problem(key, "put it in quotes", "%s: expected text, got %s", key, v.Type())
	return ""
}

func (l *loader) boolean(key string, def bool) bool {
	v, ok := l.opts.GetStr(key)
	if !ok || v == py.None {
		return def
	}
	switch v := v.(type) {
	case py.Bool:
		return bool(v)
	case py.Int:
		return v != 0
	case py.Str:
		switch strings.ToLower(string(v)) {
		case "true", "yes", "on":
			return true
		case "false", "no", "off", "":
			return false
		}
	}
	l.problem(key, "write True or False", "%s: expected True or False, got %s", key, show(v))
	return def
}

func (l *loader) number(key string) (float64, bool) {
	v, ok := l.opts.GetStr(key)
	if !ok || v == py.None {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(py.ToStr(v)), 64)
	if _, isBool := v.(py.Bool); isBool || err != nil || math.IsNaN(f) || math.IsInf(f, 0) || f < 0 || f > 1e9 {
		l.problem(key, "", "%s: expected a number, got %s", key, show(v))
		return 0, false
	}
	return f, true
}

func (l *loader) seconds(key string, def time.Duration) time.Duration {
	f, ok := l.number(key)
	if !ok {
		return def
	}
	return time.Duration(f * float64(time.Second))
}

func (l *loader) integer(key string, def int) int {
	f, ok := l.number(key)
	if !ok {
		return def
	}
	return int(f)
}

func (l *loader) dict(key string) *py.Dict {
	v, ok := l.opts.GetStr(key)
	if !ok || v == py.None {
		return py.NewDict()
	}
	d, ok := v.(*py.Dict)
	if !ok {
		l.problem(key, "", "%s: expected a mapping, got %s", key, show(v))
		return py.NewDict()
	}
	return d
}

// list reads a list of texts or numbers, or one text cut at commas.
func (l *loader) list(key string, def []string) []string {
	v, ok := l.opts.GetStr(key)
	if !ok || v == py.None {
		return def
	}
	var out []string
	switch v := v.(type) {
	case py.Str:
		for _, part := range strings.Split(string(v), ",") {
			if part = strings.TrimSpace(part); part != "" {
				out = append(out, part)
			}
		}
		if out == nil {
			return def
		}
	case py.Int:
		out = []string{py.ToStr(v)}
	case *py.List:
		for _, it := range v.Items {
			switch it.(type) {
			case py.Str, py.Int:
				out = append(out, py.ToStr(it))
			default:
				l.problem(key, "", "%s: expected a list of texts, got %s in it", key, show(it))
			}
		}
	default:
		l.problem(key, "", "%s: expected a list, got %s", key, show(v))
	}
	return out
}
