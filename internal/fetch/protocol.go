package fetch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"pinch/internal/py"
)

// The helper program reads one request, JSON, from standard input as far as its
// end. To standard output it writes blocks, each behind its length (u32, big
// endian): first a description, JSON, which is the response without its body or
// `{"error": …}`; then the body; then an empty block; then another description,
// in which an error says that the transfer was cut.

// maxBlock bounds a block: a helper that writes more is none of ours.
const maxBlock = 1 << 20

// EncodeRequest returns the request as the helper reads it.
func EncodeRequest(r *Request) ([]byte, error) {
	return py.EncodeJSON(py.DictOf("url", py.Str(r.URL), "method", py.Str(r.Method), "header", pairs(r.Header), "body", py.Bytes(r.Body),
		"insecure", py.Bool(r.Insecure), "ca", py.Str(r.CAFile), "cert", py.Str(r.CertFile), "key", py.Str(r.KeyFile),
		"no_redirect", py.Bool(r.NoRedirect), "timeout", py.Int(r.Timeout)))
}

// DecodeRequest reads what EncodeRequest wrote.
func DecodeRequest(b []byte) (*Request, error) {
	d, err := decodeDict(b)
	if err != nil {
		return nil, err
	}
	r := &Request{URL: d.String("url"), Method: d.String("method"), Header: unpairs(d.Lookup("header")),
		Insecure: isTrue(d, "insecure"), CAFile: d.String("ca"), CertFile: d.String("cert"), KeyFile: d.String("key"),
		NoRedirect: isTrue(d, "no_redirect"), Timeout: time.Duration(number(d, "timeout"))}
	if body, ok := d.Lookup("body").(py.Bytes); ok {
		r.Body = []byte(body)
	}
	return r, nil
}

// WriteResponse writes a response or an error as the helper answers.
func WriteResponse(w io.Writer, r *Response, err error) error {
	if err != nil {
		return describe(w, py.DictOf("error", encodeError(err)))
	}
	d := py.DictOf("status", py.Int(r.Status), "reason", py.Str(r.Reason), "header", pairs(r.Header), "url", py.Str(r.URL))
	if err := describe(w, d); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Body.Read(buf)
		if n > 0 {
			if werr := writeBlock(w, buf[:n]); werr != nil {
				return werr
			}
		}
		if err == nil {
			continue
		}
		if werr := writeBlock(w, nil); werr != nil {
			return werr
		}
		end := py.NewDict()
		if !errors.Is(err, io.EOF) {
			end.SetStr("error", encodeError(err))
		}
		return describe(w, end)
	}
}

// readResponse reads the description; the body goes on reading r.
func readResponse(r io.Reader) (*Response, error) {
	d, err := readDescription(r)
	if err != nil {
		return nil, err
	}
	return &Response{Status: int(number(d, "status")), Reason: d.String("reason"), Header: unpairs(d.Lookup("header")), URL: d.String("url")}, nil
}

// blockReader reads a body.
type blockReader struct {
	r    io.Reader
	left uint32
	err  error
}

// Read implements io.Reader.
func (b *blockReader) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.left == 0 {
		if b.left, b.err = blockLength(b.r); b.err != nil {
			return 0, b.err
		}
		if b.left == 0 {
			if _, b.err = readDescription(b.r); b.err == nil {
				b.err = io.EOF
			}
			return 0, b.err
		}
	}
	n, err := b.r.Read(p[:min(uint32(len(p)), b.left)])
	b.left -= uint32(n)
	b.err = cut(err)
	return n, b.err
}

func writeBlock(w io.Writer, b []byte) error {
	if _, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b)))); err != nil {
		return err
	}
	_, err := w.Write(b)
	return err
}

func describe(w io.Writer, d *py.Dict) error {
	b, err := py.EncodeJSON(d)
	if err != nil {
		return err
	}
	return writeBlock(w, b)
}

func blockLength(r io.Reader) (uint32, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, cut(err)
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxBlock {
		return 0, fmt.Errorf("the helper sent a block of %d bytes", n)
	}
	return n, nil
}

// readDescription reads a description; the error that it tells is returned.
func readDescription(r io.Reader) (*py.Dict, error) {
	n, err := blockLength(r)
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, cut(err)
	}
	d, err := decodeDict(b)
	if err != nil {
		return nil, err
	}
	if e, ok := d.Lookup("error").(*py.Dict); ok {
		return nil, &Error{Msg: e.String("message"), Errno: int(number(e, "errno")), Timeout: isTrue(e, "timeout")}
	}
	return d, nil
}

// cut makes the end of the stream, where more must come, an error.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func encodeError(err error) *py.Dict {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Msg: err.Error()}
	}
	return py.DictOf("message", py.Str(e.Msg), "errno", py.Int(e.Errno), "timeout", py.Bool(e.Timeout))
}

func decodeDict(b []byte) (*py.Dict, error) {
	v, err := py.DecodeJSON(string(b))
	if err != nil {
		return nil, err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, fmt.Errorf("a %s where a mapping belongs", v.Type())
	}
	return d, nil
}

func pairs(header [][2]string) *py.List {
	l := py.NewList()
	for _, h := range header {
		l.Append(py.NewList(py.Str(h[0]), py.Str(h[1])))
	}
	return l
}

func unpairs(v py.Value) [][2]string {
	l, ok := v.(*py.List)
	if !ok {
		return nil
	}
	var out [][2]string
	for _, it := range l.Items {
		if p, ok := it.(*py.List); ok && len(p.Items) == 2 {
			out = append(out, [2]string{py.ToStr(p.Items[0]), py.ToStr(p.Items[1])})
		}
	}
	return out
}

func isTrue(d *py.Dict, key string) bool { return d.Lookup(key) == py.Value(py.True) }

func number(d *py.Dict, key string) int64 {
	n, _ := py.AsInt(py.OrNone(d.Lookup(key)))
	return n
}
