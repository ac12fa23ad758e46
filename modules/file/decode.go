package file

import (
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type decodeArgs struct {
	Name           string   `arg:"name,required" doc:"Absolute path of the file."`
	EncodedData    py.Value `arg:"encoded_data" doc:"The content, encoded."`
	ContentsPillar py.Value `arg:"contents_pillar" doc:"Pillar key of the encoded content."`
	EncodingType   string   `arg:"encoding_type" default:"'base64'" doc:"The encoding; Salt has only base64."`
	Checksum       string   `arg:"checksum" default:"'md5'" doc:"Hash by which contents are compared."`
}

const decodeDoc = "Writes a file from base64 text.\n" +
	"```yaml\n/etc/app/key.bin:\n  file.decode:\n    - encoding_type: base64\n    - encoded_data: aGVsbG8K\n```"

func decodeState() *modules.Func {
	return modules.State[decodeArgs]{Name: "file.decode", Doc: decodeDoc,
		Check: func(ctx context.Context, c *modules.Call, a *decodeArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.decodeState(ctx, a) })
		}}.Func()
}

func (o *op) decodeState(ctx context.Context, a *decodeArgs) (*ret, error) {
	r := newRet(a.Name)
	content := a.EncodedData
	switch {
	case !given(a.EncodedData) && !given(a.ContentsPillar):
		return nil, execError("Specify either the 'encoded_data' or 'contents_pillar' argument.")
	case given(a.EncodedData) && given(a.ContentsPillar):
		return nil, execError("Specify only one 'encoded_data' or 'contents_pillar' argument.")
	case given(a.ContentsPillar):
		v, ok, err := o.pillarGet(ctx, a.ContentsPillar, "")
		if err != nil {
			return nil, err
		}
		if !ok || v == py.Value(py.False) {
			return nil, execError("Pillar data not found.")
		}
		content = v
	}
	if o.test && !isFile(o.w, a.Name) {
		return r.is(low.None, "File is set to be updated."), nil
	}
	data, err := base64Decode(py.ToStr(content))
	if err != nil {
		return nil, err
	}
	if _, ok := hashNamed(a.Checksum); !ok {
		return nil, execError("Hash type '" + a.Checksum + "' is not supported")
	}
	sum := hashBytes(data, a.Checksum)
	if isFile(o.w, a.Name) {
		old, err := fileHash(o.w, a.Name, a.Checksum)
		if err != nil {
			return nil, err
		}
		if old == sum {
			return r.is(low.True, "File is in the correct state."), nil
		}
		r.changes = py.DictOf("old", py.Str(old), "new", py.Str(sum))
	}
	if o.test {
		return r.is(low.None, "File is set to be updated."), nil
	}
	opt := host.WriteOptions{KeepLinks: true}
	if !lexists(o.w, a.Name) {
		mode := fs.FileMode(0o666 &^ o.w.Umask())
		opt.Mode = &mode
	}
	if err := o.w.WriteFile(a.Name, strings.NewReader(string(data)), opt); err != nil {
		r.changes = py.NewDict()
		return r.fail(osError(err)), nil
	}
	if r.changes.Len() == 0 {
		r.changes = py.DictOf("old", py.None, "new", py.Str(sum))
	}
	return r.is(low.True, "File was updated."), nil
}

// base64Decode is base64.decodebytes: characters that are none of base64's are
// skipped.
func base64Decode(text string) ([]byte, error) {
	var b strings.Builder
	pad := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+', c == '/':
			if pad > 0 && b.Len()%4 == 0 {
				pad = 0
			}
			b.WriteByte(c)
		case c == '=':
			pad++
		}
	}
	clean := b.String()
	switch n := len(clean); {
	case n%4 == 1:
		return nil, py.Errorf("binascii.Error", "Invalid base64-encoded string: number of data characters (%d) cannot be 1 more than a multiple of 4", n)
	case n%4 == 2 && pad < 2, n%4 == 3 && pad < 1:
		return nil, py.Errorf("binascii.Error", "Incorrect padding")
	}
	data, err := base64.RawStdEncoding.DecodeString(clean)
	if err != nil {
		return nil, fmt.Errorf("base64: %w", err)
	}
	return data, nil
}
