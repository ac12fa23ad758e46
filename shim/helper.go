package shim

import (
	"fmt"

	"pinch/internal/py"
	"pinch/shim/wire"
)

// helper serves a helper program to the shim, compressed: what it is (its hash
// and the length of the compressed bytes), and a piece of it. It goes through
// the session, so that it works with any user and without SFTP.
func (s *Session) helper(method string, params *py.Dict) (wire.Answer, error) {
	p := Program(params.String("program"))
	if p != Fetch && p != More || s.opts.Finder == nil {
		return wire.Answer{}, &wire.RemoteError{Class: "missing", Msg: fmt.Sprintf("there is no helper program %q", clean(string(p)))}
	}
	bin, err := s.opts.Finder.FindProgram(p, s.Hello.OS, s.Hello.Arch)
	if err != nil {
		return wire.Answer{}, &wire.RemoteError{Class: "missing", Msg: err.Error()}
	}
	gz, err := bin.Gzip()
	if err != nil {
		return wire.Answer{}, fmt.Errorf("the helper program %s: %w", p, err)
	}
	if method == "helper.stat" {
		return wire.Answer{Value: py.DictOf("hash", py.Str(bin.Hash), "length", py.Int(len(gz)))}, nil
	}
	off, _ := py.AsInt(py.OrNone(params.Lookup("off")))
	length, _ := py.AsInt(py.OrNone(params.Lookup("len")))
	if off < 0 || length < 0 || length > 1<<20 || off > int64(len(gz)) {
		return wire.Answer{}, &wire.RemoteError{Class: "method", Msg: fmt.Sprintf("helper.read: %d bytes at %d of %d", length, off, len(gz))}
	}
	return wire.Answer{Data: gz[off:min(off+length, int64(len(gz)))]}, nil
}
