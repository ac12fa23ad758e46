package saltyaml

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/py"
)

type loadCase struct {
	Name         string
	Text         json.RawMessage
	Load, Render struct {
		Value json.RawMessage
		Error *struct {
			Class, Message string
			Context        *string
			Problem        *string
			Line, Column   int
		}
	}
}

func TestGoldenLoad(t *testing.T) {
	const file = "yaml_cases.json"
	data, err := golden.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Cases []loadCase }
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, file, doc.Cases, func(c loadCase) string { return c.Name }, checkLoad)
}

func checkLoad(c loadCase) string {
	textValue, err := golden.Decode(c.Text)
	if err != nil {
		return err.Error()
	}
	text := string(textValue.(py.Str))
	v, err := Load(text)
	if w := c.Load.Error; w != nil {
		var e *Error
		if !errors.As(err, &e) {
			return fmt.Sprintf("load: got %v, %v, want error %s: %s", v, err, w.Class, w.Message)
		}
		if e.Class != w.Class || e.Error() != w.Message {
			return fmt.Sprintf("load: got error\n%s: %s\nwant\n%s: %s", e.Class, e.Error(), w.Class, w.Message)
		}
		if w.Problem != nil && (e.Problem != *w.Problem || e.Line != w.Line || e.Column != w.Column) {
			return fmt.Sprintf("load: got problem %q at %d:%d", e.Problem, e.Line, e.Column)
		}
	} else if s := checkValue(c.Load.Value, v, err); s != "" {
		return "load: " + s
	}
	v, _, err = LoadSLS(text)
	if w := c.Render.Error; w != nil {
		var e *Error
		if !errors.As(err, &e) || e.Class != w.Class || e.Error() != w.Message {
			return fmt.Sprintf("render: got %v, %v, want error %s: %s", v, err, w.Class, w.Message)
		}
		return ""
	}
	if s := checkValue(c.Render.Value, v, err); s != "" {
		return "render: " + s
	}
	return ""
}

func checkValue(want json.RawMessage, v py.Value, err error) string {
	if err != nil {
		return fmt.Sprintf("unexpected error: %v", err)
	}
	w, err := golden.Decode(want)
	if err != nil {
		return err.Error()
	}
	return golden.Diff(w, v)
}
