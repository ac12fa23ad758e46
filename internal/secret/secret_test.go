package secret_test

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pinch/internal/secret"
)

const text = "hunter2-Passwörd"

func TestFormatHides(t *testing.T) {
	s := secret.New(text)
	type holder struct {
		Name string
		Pw   secret.String
		Ptr  *secret.String
	}
	h := holder{"web1", s, &s}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%t"} {
		for _, v := range []any{s, &s, h, &h, []secret.String{s}, map[string]secret.String{"a": s}} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, "hunter2") || strings.Contains(strings.ToLower(got), "68756e74") {
				t.Errorf("%s of %T shows the secret: %s", verb, v, got)
			}
		}
	}
	if got := fmt.Sprint(s); got != secret.Mask {
		t.Errorf("Sprint = %q, want %q", got, secret.Mask)
	}
	if got := fmt.Sprint(secret.String{}); got != "" {
		t.Errorf("an empty secret prints %q", got)
	}
}

func TestLogHides(t *testing.T) {
	s := secret.New(text)
	var b bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&b, nil), slog.NewJSONHandler(&b, nil)} {
		slog.New(h).Info("x", "pw", s, "list", []secret.String{s}, "any", struct{ P secret.String }{s})
	}
	if strings.Contains(b.String(), "hunter2") {
		t.Errorf("log shows the secret: %s", b.String())
	}
}

func TestEncodersRefuse(t *testing.T) {
	s := secret.New(text)
	cases := map[string]func() ([]byte, error){
		"json":         func() ([]byte, error) { return json.Marshal(s) },
		"json in map":  func() ([]byte, error) { return json.Marshal(map[string]any{"a": s}) },
		"json map key": func() ([]byte, error) { return json.Marshal(map[secret.String]int{s: 1}) },
		"xml":          func() ([]byte, error) { return xml.Marshal(struct{ P secret.String }{s}) },
		"text":         s.MarshalText,
		"binary":       s.MarshalBinary,
		"gob": func() ([]byte, error) {
			var b bytes.Buffer
			err := gob.NewEncoder(&b).Encode(s)
			return b.Bytes(), err
		},
	}
	for name, encode := range cases {
		t.Run(name, func(t *testing.T) {
			out, err := encode()
			// encoding/json's map keys and encoding/xml do not wrap the cause.
			if err == nil || name != "json map key" && name != "xml" && !errors.Is(err, secret.ErrMarshal) {
				t.Errorf("err = %v, want ErrMarshal", err)
			}
			if bytes.Contains(out, []byte("hunter2")) {
				t.Errorf("output shows the secret: %s", out)
			}
		})
	}
}

func TestRevealAndEqual(t *testing.T) {
	a, b := secret.New(text), secret.New(text)
	if a.Reveal() != text || !a.IsSet() || (secret.String{}).IsSet() {
		t.Error("Reveal or IsSet is wrong")
	}
	if !a.Equal(b) || a.Equal(secret.New("x")) || a.Equal(secret.String{}) {
		t.Error("Equal is wrong")
	}
}
