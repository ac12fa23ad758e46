package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
	"pinch/states/low"
)

// apply extracts. wrong are the paths that are removed before.
func (j *job) apply(ctx context.Context, w host.Writer, why string, wrong []string) (modules.Done, error) {
	if err := j.clean(w, wrong); err != nil {
		return modules.Done{}, err
	}
	created := !isDir(w, j.name)
	if created {
		if err := w.MkdirAll(j.name, 0o755); err != nil {
			return modules.Done{}, err
		}
		if j.own.uid >= 0 {
			if err := w.Chown(j.name, j.own.uid, -1); err != nil {
				return modules.Done{}, err
			}
		}
	}
	files, failed, err := j.extract(ctx, w)
	if text, ok := raised(err); ok {
		return modules.Done{Result: low.False, Comment: text, Changes: j.changed(), Warnings: j.warnings}, nil
	}
	if err != nil {
		return modules.Done{}, fmt.Errorf("%s: extract to %s: %w", redact(j.source), j.name, err)
	}
	if failed != nil {
		return modules.Done{Result: low.False, Changes: failed, Warnings: j.warnings}, nil
	}
	d := modules.Done{Result: low.True, Comment: fmt.Sprintf("%s extracted to %s%s", redact(j.source), j.name, why), Warnings: j.warnings}
	if j.trim > 0 {
		d.Comment += fmt.Sprintf(". Output was trimmed to %d number of lines", j.trim)
	}
	if len(files) == 0 {
		d.Result, d.Comment = low.False, "No files were extracted from "+redact(j.source)
		d.Changes = j.changed()
		return d, nil
	}
	err = j.chown(w, &d)
	if created {
		j.changes.SetStr("directories_created", py.Strings(j.name))
	}
	j.changes.SetStr("extracted_files", py.Strings(files...))
	d.Changes = j.changes
	return d, err
}

// clean removes what is to go before.
func (j *job) clean(w host.Writer, wrong []string) error {
	removed := py.NewList()
	remove := func(paths []string) error {
		for _, p := range paths {
			full, err := inside(j.name, p)
			if err != nil {
				return err
			}
			if _, err := w.Lstat(full); err != nil {
				continue // nothing to clean
			}
			if err := w.RemoveAll(full); err != nil {
				return err
			}
			removed.Append(py.Str(j.name + p))
		}
		return nil
	}
	if err := remove(wrong); err != nil {
		return err
	}
	if j.a.CleanParent {
		if exists(w, j.name) {
			if err := w.RemoveAll(strings.TrimRight(j.name, "/")); err != nil {
				return err
			}
			if removed.Len() == 0 {
				j.changes.SetStr("removed", py.Str(fmt.Sprintf("Directory %s was removed prior to the extraction", j.name)))
			}
		}
	}
	if j.a.Clean {
		if err := remove(append(append([]string{}, j.contents.topDirs...), j.contents.topFiles...)); err != nil {
			return err
		}
	}
	if removed.Len() > 0 {
		j.changes.SetStr("removed", removed)
	}
	return nil
}

// extract extracts, with a program where Salt does; failed is what tar said
// when it failed.
func (j *job) extract(ctx context.Context, w host.Writer) (files []string, failed *py.Dict, err error) {
	excludes := list(j.a.Excludes)
	switch {
	case j.unzip:
		opts, err := saltargs.ShlexSplit(j.options)
		if err != nil {
			return nil, nil, err
		}
		files, err = cmdUnzip(ctx, j.c, w, j.file, j.name, excludes, opts, "")
		return trimmed(files, j.trim), nil, err
	case j.format == "rar":
		files, err = unrar(ctx, j.c, w, j.file, j.name, nil, "")
		return trimmed(files, j.trim), nil, err
	case j.format == "zip":
		password := ""
		if j.a.Password != nil {
			password = j.a.Password.Reveal()
		}
		x := &extractor{w: w, file: j.file, format: "zip", dir: j.name, perms: j.a.ExtractPerms, password: password, excludes: excludes}
		files, err = x.extract(ctx, j.c)
		return trimmed(files, j.trim), nil, unpacking(err)
	case !j.hasOptions:
		x := &extractor{w: w, file: j.file, format: "tar", dir: j.name, perms: true}
		if files, err = x.extract(ctx, j.c); j.trim > 0 {
			files = files[:min(j.trim, len(files))]
		}
		return files, nil, err
	}
	return j.tar(ctx, w)
}

// unpacking is the error of a zip archive in Salt's words.
func unpacking(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return modules.CommandExecutionError(fmt.Sprintf("Exception encountered unpacking zipfile: %v", err))
}

// trimmed is Salt's _trim_files.
func trimmed(files []string, n int) []string {
	if n <= 0 || len(files) <= n {
		return files
	}
	return append(append([]string{}, files[:n]...), fmt.Sprintf("List trimmed after %d files.", n))
}

// tar extracts with the tar program.
func (j *job) tar(ctx context.Context, w host.Writer) (files []string, failed *py.Dict, err error) {
	if w.LookPath("tar") == "" {
		return nil, nil, modules.CommandExecutionError("tar command not available, it might not be installed on minion")
	}
	words, err := saltargs.ShlexSplit(j.options)
	if err != nil {
		return nil, nil, err
	}
	short, long, n := "xv", []string(nil), 0
	for _, o := range words {
		if o == "v" || o == "-v" || o == "--verbose" {
			continue
		}
		if strings.HasPrefix(o, "-") || n > 0 {
			long = append(long, o)
		} else {
			short += strings.NewReplacer("x", "", "f", "").Replace(o)
		}
		n++
	}
	if strings.EqualFold(j.c.Grains.String("os"), "openbsd") {
		short = "-" + short
	}
	res, err := j.c.RunAll(ctx, w, modules.Command{Argv: append(append([]string{"tar", short}, long...), "-f", j.file), Dir: j.name})
	if err != nil {
		return nil, nil, err
	}
	if res.Code != 0 {
		return nil, py.DictOf("pid", py.Int(res.PID), "retcode", py.Int(res.Code), "stdout", py.Str(res.Stdout), "stderr", py.Str(res.Stderr)), nil
	}
	version, err := j.c.RunAll(ctx, w, modules.Command{Argv: []string{"tar", "--version"}, IgnoreRetcode: true, Quiet: true})
	if err != nil {
		return nil, nil, err
	}
	text := res.Stdout
	if strings.Contains(version.Stdout, "bsdtar") {
		text = res.Stderr
	}
	if files = py.SplitLines(text, false); len(files) == 0 {
		return []string{"no tar output so far"}, nil, nil
	}
	if j.trim > 0 {
		files = files[:min(j.trim, len(files))]
	}
	return files, nil, nil
}
