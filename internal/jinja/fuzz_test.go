package jinja_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pinch/internal/jinja"
	"pinch/internal/jinjacodec"
	"pinch/internal/py"
)

// FuzzRender feeds any text to lexer, parser and runtime: it must neither
// panic nor outlive its budget, and what goes wrong is an *Error.
func FuzzRender(f *testing.F) {
	for _, c := range goldenCases(f) {
		f.Add(c.Template)
	}
	vars := py.DictOf("d", py.DictOf("a", py.Int(1)), "l", py.Strings("x", "y"), "s", py.Str("text"))
	budget := jinja.Budget{Steps: 20000, Output: 1 << 20, Depth: 50}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 4096 {
			return
		}
		start := time.Now()
		for _, o := range []jinja.Options{jinja.SaltOptions(), fuzzOptions()} {
			tmpl, err := jinja.Parse("", source, o)
			if err != nil {
				wantError(t, err)
				continue
			}
			tmpl.Needs()
			if _, err := jinja.SurveySalt(context.Background(), "", source, &jinja.Render{Vars: vars, Loader: mapLoader{"a": source}}); err != nil {
				wantError(t, err)
			}
			r := &jinja.Render{Vars: py.DeepCopy(vars).(*py.Dict), Budget: budget, Loader: mapLoader{"a": source}, Codec: jinjacodec.New()}
			if _, err := tmpl.Render(context.Background(), r); err != nil {
				wantError(t, err)
			}
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%v for %q", took, source)
		}
	})
}

func fuzzOptions() jinja.Options {
	o := jinja.DefaultOptions()
	o.TrimBlocks, o.LstripBlocks, o.AutoEscape = true, true, true
	o.LineStatementPrefix, o.LineCommentPrefix = "%", "##"
	o.Extensions = jinja.Extensions{Do: true, LoopControls: true}
	return o
}

func wantError(t *testing.T, err error) {
	t.Helper()
	var e *jinja.Error
	if !errors.As(err, &e) {
		t.Errorf("error is no *Error: %T %v", err, err)
		return
	}
	if strings.Contains(e.Message, "internal") {
		t.Errorf("internal error: %v", err)
	}
}
