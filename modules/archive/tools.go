package archive

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
)

// list reads a list of names, or a text with commas.
func list(v py.Value) []string {
	var out []string
	switch v := v.(type) {
	case nil, py.NoneType:
		return nil
	case *py.List:
		for _, it := range v.Items {
			out = append(out, py.ToStr(it))
		}
		return out
	}
	for _, s := range strings.Split(py.ToStr(v), ",") {
		out = append(out, strings.TrimSpace(s))
	}
	return out
}

// cmdUnzip extracts with the unzip program and returns the lines that it prints.
func cmdUnzip(ctx context.Context, c *modules.Call, w host.Writer, file, dest string, excludes, opts []string, runas string) ([]string, error) {
	if c.LookPath("unzip") == "" {
		return nil, modules.CommandExecutionError("The 'unzip' binary was not found in $PATH.")
	}
	argv := append(append([]string{"unzip"}, opts...), file, "-d", dest)
	if excludes != nil {
		argv = append(append(argv, "-x"), excludes...)
	}
	res, err := c.RunAll(ctx, w, modules.Command{Argv: argv, RunAs: runas, MergeStderr: true})
	if err != nil {
		return nil, err
	}
	if res.Code != 0 {
		return nil, modules.CommandExecutionError(res.Stdout)
	}
	return py.SplitLines(res.Stdout, false), nil
}

// unrar extracts with unrar or rar and returns the lines that it prints.
func unrar(ctx context.Context, c *modules.Call, w host.Writer, file, dest string, excludes []string, runas string) ([]string, error) {
	program := c.LookPath("unrar")
	if program == "" {
		program = c.LookPath("rar")
	}
	if program == "" {
		return nil, modules.CommandExecutionError("None of provided binaries ('unrar', 'rar') was found in $PATH")
	}
	argv := []string{program, "x", "-idp", file}
	for _, x := range excludes {
		argv = append(argv, "-x", x)
	}
	res, err := c.RunAll(ctx, w, modules.Command{Argv: append(argv, dest), RunAs: runas, MergeStderr: true})
	if err != nil {
		return nil, err
	}
	return py.SplitLines(res.Stdout, false), nil
}

var rarEntry = regexp.MustCompile(`Name:\s*([^\n]+)\s*Type:\s*([^\n]+)`)

// listRar lists an archive with the rar program.
func (l *lister) listRar(ctx context.Context) (*contents, error) {
	if l.c.LookPath("rar") == "" {
		return nil, l.raise("rar command not available, is it installed?")
	}
	res, err := l.c.RunAll(ctx, l.w, modules.Command{Argv: []string{"rar", "lt", l.file}, MergeStderr: true})
	if err != nil {
		return nil, err
	}
	c := &contents{}
	for _, m := range rarEntry.FindAllStringSubmatch(res.Stdout, -1) {
		if m[2] == "Directory" {
			c.dirs = append(c.dirs, m[1]+"/")
		} else {
			c.files = append(c.files, m[1])
		}
	}
	if len(c.dirs)+len(c.files) == 0 {
		return nil, l.raiseWith(fmt.Sprintf("Failed to list %s, is it a rar file? If so, the installed version of rar may be too old to list data in "+
			"a parsable format. Installing the rarfile Python module may be an easier workaround if newer rar is not readily available.", l.name), "error", res.Stdout)
	}
	return c, nil
}

// lister lists archives. w is nil while only looking.
type lister struct {
	c       *modules.Call
	w       host.Writer
	name    string // for errors
	file    string
	format  string
	command py.Value // writes the archive decompressed, with its name at the end
}

// raise is Salt's error of archive.list.
func (l *lister) raise(msg string) error { return l.raiseWith(msg, "", "") }

// raiseWith is raise with more information.
func (l *lister) raiseWith(msg, key, value string) error {
	text := msg
	if text != "" && !strings.ContainsAny(text[len(text)-1:], ".?!") {
		text += "."
	}
	text += " Additional info follows:\n\narchive location:\n    " + l.file
	if key != "" {
		text += "\n" + key + ":\n    " + strings.ReplaceAll(value, "\n", "\n    ")
	}
	return modules.CommandExecutionError(text)
}

// list lists the archive.
func (l *lister) list(ctx context.Context, strip int) (*contents, error) {
	var c *contents
	var err error
	switch l.format {
	case "rar":
		c, err = l.listRar(ctx)
	case "zip":
		if c, err = collect(ctx, l.c, l.w, l.file, "zip"); isFormat(err) {
			err = l.raise(l.name + " is not a ZIP file")
		}
	default:
		if c, err = collect(ctx, l.c, l.w, l.file, "tar"); isFormat(err) && l.command != nil && l.command != py.Value(py.None) {
			c, err = l.listDecompressed(ctx)
		}
		if isFormat(err) {
			err = l.raise(fmt.Sprintf("Unable to list contents of %s. If this is an XZ-compressed tar archive, install XZ Utils to enable listing its contents. If it is compressed using something other than XZ, it may be necessary to specify CLI options to decompress the archive. See the documentation for details.", l.name))
		}
	}
	if err != nil {
		return nil, err
	}
	c.arrange(strip)
	return c, nil
}

// listDecompressed lists what the given command writes.
func (l *lister) listDecompressed(ctx context.Context) (*contents, error) {
	words, err := saltargs.ShlexSplit(py.ToStr(l.command))
	if err != nil {
		return nil, err
	}
	if len(words) == 0 || l.w == nil {
		return nil, l.raise("Invalid CLI options")
	}
	c := &contents{}
	err = stream(ctx, l.c, l.w, append(words, l.file), func(in io.Reader) error { return walkTar(in, c.add) })
	return c, err
}

// stream runs a command and gives its output to read.
func stream(ctx context.Context, c *modules.Call, w host.Writer, argv []string, read func(io.Reader) error) error {
	run := c.Query
	if w != nil {
		run = w.Run
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pr, pw := io.Pipe()
	done := make(chan error, 1)
	go func() {
		out, err := run(ctx, host.Cmd{Argv: argv, Tee: pw, MaxOutput: 1 << 12})
		if err == nil && out.Code != 0 {
			err = errFormat
		}
		_ = pw.CloseWithError(err) // nil is the end of file
		done <- err
	}()
	err := read(pr)
	if err == nil {
		_, err = io.Copy(io.Discard, pr) // what follows the archive's end
	}
	_ = pr.Close() // no more is wanted
	if err != nil {
		cancel()
	}
	if runErr := <-done; err == nil {
		err = runErr
	}
	return err
}
