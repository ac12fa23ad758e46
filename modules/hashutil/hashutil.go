// Package hashutil has the functions of Salt's hashutil module that work on
// files of the host; the others are in saltfun.
package hashutil

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

type fileArgs struct {
	Fname string `arg:"fname,required" doc:"The path of a file."`
}

type decodeArgs struct {
	Instr   string `arg:"instr,required" doc:"Base64 text."`
	Outfile string `arg:"outfile,required" doc:"The path of the file to write."`
}

type digestArgs struct {
	Infile   string `arg:"infile,required" doc:"The path of a file."`
	Checksum string `arg:"checksum" default:"md5" doc:"md5, sha256 or sha512."`
}

// maxEncoded bounds what is read into memory.
const maxEncoded = 16 << 20

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.Query[fileArgs]{Name: "hashutil.base64_encodefile", Doc: "Gives a file's content as lines of base64.", Run: encodeFile}.Func(),
		modules.Query[digestArgs]{Name: "hashutil.digest_file", Doc: "Gives the checksum of a file.", Run: digestFile}.Func(),
		modules.Action[decodeArgs]{Name: "hashutil.base64_decodefile", Doc: "Writes what base64 text stands for into a file.", Run: decodeFile}.Func(),
	}
}

func encodeFile(_ context.Context, c *modules.Call, a *fileArgs) (py.Value, error) {
	info, err := c.Stat(a.Fname)
	if err != nil {
		return nil, modules.OSError(err)
	}
	if info.Size > maxEncoded {
		return nil, modules.CommandExecutionError(fmt.Sprintf("%s: files of up to %d bytes are encoded", a.Fname, maxEncoded))
	}
	raw, err := c.ReadFile(a.Fname)
	if err != nil {
		return nil, modules.OSError(err)
	}
	var b strings.Builder
	for len(raw) > 0 {
		n := min(57, len(raw))
		b.WriteString(base64.StdEncoding.EncodeToString(raw[:n]) + "\n")
		raw = raw[n:]
	}
	return py.Str(b.String()), nil
}

// decodeFile decodes line by line, as Python's base64.decode does.
func decodeFile(_ context.Context, c *modules.Call, w host.Writer, a *decodeArgs) (py.Value, error) {
	var out []byte
	for _, line := range strings.SplitAfter(a.Instr, "\n") {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		if err != nil {
			return nil, py.Errorf("Error", "Incorrect padding")
		}
		out = append(out, raw...)
	}
	if err := w.WriteFile(a.Outfile, bytes.NewReader(out), modules.WriteNew(c, a.Outfile)); err != nil {
		return nil, modules.OSError(err)
	}
	return py.True, nil
}

func digestFile(_ context.Context, c *modules.Call, a *digestArgs) (py.Value, error) {
	kinds := map[string]func() hash.Hash{"md5": md5.New, "sha256": sha256.New, "sha512": sha512.New}
	if _, err := c.Stat(a.Infile); err != nil {
		return nil, modules.CommandExecutionError("File path '" + a.Infile + "' not found.")
	}
	kind, ok := kinds[a.Checksum]
	if !ok {
		return nil, modules.CommandExecutionError("Hash func '" + a.Checksum + "' is not supported.")
	}
	f, err := c.Open(a.Infile)
	if err != nil {
		return nil, modules.OSError(err)
	}
	h := kind()
	_, err = io.Copy(h, f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, modules.OSError(err)
	}
	return py.Str(hex.EncodeToString(h.Sum(nil))), nil
}
