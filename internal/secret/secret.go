// Package secret holds text that must not be shown: passwords, passphrases,
// tokens. It is used by the roster, the connection and by arguments of state
// functions; a secret reaches the place that needs it by Reveal and by no
// other way.
package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
)

// Mask is what a secret prints as, of whatever length it is.
const Mask = "***"

// ErrMarshal is returned by every attempt to encode a secret. Data that
// leaves the process is made with Reveal, where a reader of the code sees it.
var ErrMarshal = errors.New("secret: refused to encode a secret; use Reveal where it is really meant to leave the process")

// String is a secret text. The zero value is the empty secret. It prints as
// Mask under every verb of fmt and in log/slog, and refuses to be encoded.
type String struct{ s string }

// New returns s as a secret.
func New(s string) String { return String{s} }

// Reveal returns the text. Do not print, log or store it.
func (s String) Reveal() string { return s.s }

// IsSet says whether the secret is not the empty text.
func (s String) IsSet() bool { return s.s != "" }

// Equal compares two secrets in time that depends on their length only.
func (s String) Equal(o String) bool {
	return subtle.ConstantTimeCompare([]byte(s.s), []byte(o.s)) == 1
}

// String implements fmt.Stringer: Mask, or "" for the empty secret so that a
// missing password can be told from a set one.
func (s String) String() string {
	if s.s == "" {
		return ""
	}
	return Mask
}

// GoString implements fmt.GoStringer (%#v).
func (s String) GoString() string { return "secret.String{" + s.String() + "}" }

// Format implements fmt.Formatter, so that no verb (%x, %q, %d) reaches the
// text.
func (s String) Format(f fmt.State, verb rune) {
	text := s.String()
	if verb == 'v' && f.Flag('#') {
		text = s.GoString()
	}
	_, _ = io.WriteString(f, text) // fmt reports errors of its own writer
}

// MarshalText refuses; it also covers XML, TOML, map keys and encoders that
// fall back to text.
func (String) MarshalText() ([]byte, error) { return nil, ErrMarshal }

// MarshalJSON refuses.
func (String) MarshalJSON() ([]byte, error) { return nil, ErrMarshal }

// MarshalBinary refuses.
func (String) MarshalBinary() ([]byte, error) { return nil, ErrMarshal }

// GobEncode refuses.
func (String) GobEncode() ([]byte, error) { return nil, ErrMarshal }

// MarshalYAML refuses.
func (String) MarshalYAML() (any, error) { return nil, ErrMarshal }
