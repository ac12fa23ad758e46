// Package golden reads the recorded results ("goldens") that pinch's tests
// compare with: JSON files whose values are tagged so that every Python type
// survives. It is used by tests only.
//
//	null true false "text" [..]     None, bool, str, list
//	{"$i":"12"} {"$f":"1e+16"}      int, float (also inf, -inf, nan)
//	{"$d":[[k,v],..]} {"$o":..}     dict, OrderedDict, in order
//	{"$t":[..]} {"$set":[..]}       tuple, set
//	{"$b":"hex"} {"$u":[cp,..]}     bytes, str with a lone surrogate
//	{"$date":iso} {"$datetime":iso} date, datetime
//	{"$complex":repr} {"$cycle":n}  complex, the n-th enclosing container
package golden

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"pinch/internal/py"
)

// Open returns the content of a golden file: from the directory in the
// variable PINCH_GOLDENS when it is set, else from testdata of the package
// under test, where name may also be stored as name.gz.
func Open(name string) ([]byte, error) {
	dir := os.Getenv("PINCH_GOLDENS")
	if dir == "" {
		dir = "testdata"
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err == nil {
		return data, nil
	}
	f, gzErr := os.Open(filepath.Join(dir, name+".gz"))
	if gzErr != nil {
		return nil, err
	}
	defer f.Close()
	return gunzip(f)
}

// External says whether the goldens come from outside the repository, so that
// the list of known failures does not apply.
func External() bool { return os.Getenv("PINCH_GOLDENS") != "" }

// Decode returns the value of tagged JSON.
func Decode(data []byte) (py.Value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := decode(d, nil)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("golden: data after the value")
	}
	return v, nil
}

// decode reads one value; up are the containers it stands in, outermost first.
func decode(d *json.Decoder, up []py.Value) (py.Value, error) {
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := tok.(type) {
	case nil:
		return py.None, nil
	case bool:
		return py.Bool(t), nil
	case string:
		return py.Str(t), nil
	case json.Number:
		return number(t.String())
	case json.Delim:
		if t == '[' {
			l := py.NewList()
			if l.Items, err = items(d, append(up, l)); err != nil {
				return nil, err
			}
			return l, nil
		}
		return tagged(d, up)
	}
	return nil, fmt.Errorf("golden: unexpected %v", tok)
}

func items(d *json.Decoder, up []py.Value) ([]py.Value, error) {
	out := []py.Value{}
	for d.More() {
		v, err := decode(d, up)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	_, err := d.Token()
	return out, err
}

func number(s string) (py.Value, error) {
	if i, ok := new(big.Int).SetString(s, 10); ok {
		return py.NewInt(i), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return py.Float(f), err
}

// tagged reads the object behind '{'.
func tagged(d *json.Decoder, up []py.Value) (v py.Value, err error) {
	tok, err := d.Token()
	if err != nil {
		return nil, err
	}
	tag, ok := tok.(string)
	if !ok {
		return nil, fmt.Errorf("golden: object without a tag")
	}
	switch tag {
	case "$d", "$o":
		v, err = dict(d, up, tag == "$o")
	case "$t", "$set":
		v, err = group(d, up, tag == "$set")
	case "$u":
		v, err = codePoints(d)
	case "$cycle":
		var n int
		if err = d.Decode(&n); err == nil {
			if n < 1 || n > len(up) {
				return nil, fmt.Errorf("golden: no container %d levels up", n)
			}
			v = up[len(up)-n]
		}
	case "$r":
		var r []string
		if err = d.Decode(&r); err == nil {
			v = Opaque{Class: r[0], Text: r[1]}
		}
	default:
		var s string
		if err = d.Decode(&s); err == nil {
			v, err = scalar(tag, s)
		}
	}
	if err != nil {
		return nil, err
	}
	if tok, err := d.Token(); err != nil || tok != json.Delim('}') {
		return nil, fmt.Errorf("golden: object with tag %s has more than one key", tag)
	}
	return v, nil
}

func dict(d *json.Decoder, up []py.Value, ordered bool) (py.Value, error) {
	out := &py.Dict{Ordered: ordered}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	for d.More() {
		if _, err := d.Token(); err != nil {
			return nil, err
		}
		pair, err := items(d, append(up, out))
		if err != nil {
			return nil, err
		}
		if len(pair) != 2 {
			return nil, fmt.Errorf("golden: pair of %d values", len(pair))
		}
		if err := out.Set(pair[0], pair[1]); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return out, err
}

func group(d *json.Decoder, up []py.Value, set bool) (py.Value, error) {
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	// A tuple can contain itself only through another container, which
	// counts one more level: nil keeps the count.
	vs, err := items(d, append(up, nil))
	if err != nil {
		return nil, err
	}
	if set {
		return py.NewSet(vs...)
	}
	return py.Tuple(vs), nil
}

func codePoints(d *json.Decoder) (py.Value, error) {
	var cps []rune
	if err := d.Decode(&cps); err != nil {
		return nil, err
	}
	var b []byte
	for _, r := range cps {
		if r >= 0xD800 && r <= 0xDFFF {
			b = append(b, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0xBF, 0x80|byte(r)&0xBF)
			continue
		}
		b = append(b, string(r)...)
	}
	return py.Str(b), nil
}

func scalar(tag, s string) (py.Value, error) {
	switch tag {
	case "$i":
		i, ok := new(big.Int).SetString(s, 10)
		if !ok {
			return nil, fmt.Errorf("golden: int %q", s)
		}
		return py.NewInt(i), nil
	case "$f":
		f, err := strconv.ParseFloat(s, 64)
		return py.Float(f), err
	case "$b":
		b, err := hex.DecodeString(s)
		return py.Bytes(b), err
	case "$date":
		t, err := time.Parse("2006-01-02", s)
		return py.Date{Year: t.Year(), Month: int(t.Month()), Day: t.Day()}, err
	case "$datetime":
		if t, err := time.Parse("2006-01-02T15:04:05.999999Z07:00", s); err == nil {
			return py.DateTime{T: t, Aware: true}, nil
		}
		t, err := time.Parse("2006-01-02T15:04:05.999999", s)
		return py.DateTime{T: t}, err
	case "$complex":
		c, err := strconv.ParseComplex(strings.ReplaceAll(strings.Trim(s, "()"), "j", "i"), 128)
		return py.Complex(c), err
	}
	return nil, fmt.Errorf("golden: unknown tag %s", tag)
}

// Opaque is a value known by its class and repr only.
type Opaque struct{ Class, Text string }

// Type implements py.Value.
func (o Opaque) Type() string { return o.Class }

// PyRepr implements py.Reprer.
func (o Opaque) PyRepr() (string, error) { return o.Text, nil }
