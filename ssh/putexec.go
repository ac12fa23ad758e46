package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// putCommand writes a file for hosts without SFTP. It is the same text for
// every file: destination, temporary name, mode and size are lines on standard
// input, before the data. It is quoted so that sh, csh, fish and others hand it
// to /bin/sh unchanged: no single quote, exclamation mark, backslash or line
// break. A signal or a lost connection ends the input early, which the size
// check finds.
const putCommand = `/bin/sh -c 'umask 077; ` +
	`IFS= read -r d && IFS= read -r t && IFS= read -r m && IFS= read -r n || exit 91; ` +
	`trap "" HUP TERM PIPE; ` +
	`if [ -d "$d" ]; then echo "it is a directory" >&2; exit 92; fi; ` +
	`if [ -d "${d%/*}/" ]; then :; else echo "no such directory" >&2; exit 97; fi; ` +
	`if [ -w "${d%/*}/" ]; then :; else echo "the directory is not writable" >&2; exit 98; fi; ` +
	`set -C; true > "$t" || exit 93; set +C; ` +
	`cat >> "$t" || { rm -f "$t"; exit 94; }; ` +
	`s=$(($(wc -c < "$t"))); ` +
	`if [ "$s" -ne "$n" ]; then rm -f "$t"; echo "got $s of $n bytes" >&2; exit 95; fi; ` +
	`chmod "$m" "$t" && mv -f "$t" "$d" || { rm -f "$t"; exit 96; }'`

// putExec is Put by a command. The source is trusted to have size bytes: what
// is missing or too much fails on the host.
func (c *Conn) putExec(ctx context.Context, dest string, r io.Reader, size int64, mode fs.FileMode) error {
	fail := func(err error) error {
		return &FileError{Fault{Host: c.s.id, Op: "write " + cleanText(dest, 300), Err: err}, dest}
	}
	p, err := c.Start(ctx, putCommand)
	if err != nil {
		return err
	}
	defer p.Close()
	if !c.spawn(func() { io.Copy(io.Discard, p.Stdout) }) {
		return c.usable("write file on")
	}
	name := dest
	if !strings.HasPrefix(name, "/") {
		name = "./" + name
	}
	tmp := randomName(name)
	if !strings.HasPrefix(tmp, "/") {
		tmp = "./" + tmp
	}
	header := fmt.Sprintf("%s\n%s\n%04o\n%d\n", name, tmp, mode.Perm(), size)
	_, werr := io.WriteString(p.Stdin, header)
	source := &countReader{r: io.LimitReader(r, size+1)}
	if werr == nil {
		buf := outBuffers.Get().(*[]byte)
		_, werr = io.CopyBuffer(struct{ io.Writer }{p.Stdin}, source, *buf)
		outBuffers.Put(buf)
	}
	switch {
	case source.err != nil:
		return fail(source.err) // Close ends the input early: the host drops the file
	case werr == nil && source.n < size:
		return fail(fmt.Errorf("the source ended after %d of %d bytes", source.n, size))
	case werr == nil && source.n > size:
		return fail(fmt.Errorf("the source has more than %d bytes", size))
	}
	if werr == nil {
		werr = p.Stdin.Close()
	}
	err = p.Wait()
	var exit *ExitError
	switch {
	case err == nil && werr == nil:
		return nil
	case errors.As(err, &exit):
		text := exit.Stderr
		if text == "" {
			text = fmt.Sprintf("the writing command ended with status %d", exit.Code)
		}
		cause := error(errors.New(text))
		switch exit.Code {
		case 97:
			cause = &netCause{text, fs.ErrNotExist}
		case 98:
			cause = &netCause{text, fs.ErrPermission}
		}
		return fail(cause)
	case err != nil:
		return err
	}
	return fail(werr)
}

// countReader counts and keeps the error of the source apart from that of the
// destination.
type countReader struct {
	r   io.Reader
	n   int64
	err error
}

func (c *countReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}
