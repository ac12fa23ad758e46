package archive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// examine lists the archive, which lies on the host now, and says what is to
// be done. w is nil while only looking.
func (j *job) examine(ctx context.Context, w host.Writer) (modules.Plan, error) {
	a := j.a
	if err := j.checkUpdate(w); err != nil {
		return modules.Plan{}, err
	}
	problem, err := j.list(ctx, w)
	switch {
	case err != nil:
		return modules.Plan{}, fmt.Errorf("%s: list the archive: %w", redact(j.source), err)
	case problem != "":
		return j.fail("%s", problem)
	case j.contents.encrypted && (a.Password == nil || !a.Password.IsSet()):
		return j.fail("Archive %s is password-protected, but no password was specified. Please set the 'password' argument.", redact(j.source))
	case a.EnforceToplevel && (len(j.contents.topDirs) > 1 || len(j.contents.topFiles) > 0):
		return j.fail("Archive does not have a single top-level directory. To allow this archive to be extracted, set 'enforce_toplevel' to False. To avoid a '%s-bomb' it may also be advisable to set a top-level directory by adding it to the 'name' value (for example, setting 'name' to %ssome_dir instead of %s).", j.format, j.name, j.name)
	case a.Clean && a.CleanParent:
		return j.fail("Only one of 'clean' and 'clean_parent' can be set to True")
	}
	missing, wrong, err := j.compare()
	if err != nil {
		return j.fail("%v", err)
	}
	if len(wrong) > 0 {
		intro := fmt.Sprintf("The below paths (relative to %s) exist, but are the incorrect type (file instead of directory, symlink instead of file, etc.).", j.name)
		paths := "\n\n- " + strings.Join(wrong, "\n- ")
		switch {
		case j.c.Test && a.Clean:
			return j.plan(low.None, "%s Since the 'clean' option is enabled, the destination paths would be cleared and the archive would be extracted.%s", intro, paths)
		case j.c.Test && a.CleanParent:
			return j.plan(low.None, "%s Since the 'clean_parent' option is enabled, the destination parent directory would be removed first and then re-created and the archive would be extracted", intro)
		case a.Clean:
			wrong = nil // what is cleaned is not removed one by one
		case !a.Force:
			return j.fail("%s To proceed with extraction, set 'force' to True. Note that this will remove these paths before extracting.%s", intro, paths)
		}
	}
	why := ""
	if missing {
		why = ", due to absence of one or more files/dirs"
	}
	if !a.Overwrite && !missing && len(wrong) == 0 {
		if !j.updated {
			return j.inPlace(), nil
		}
		why = ", due to source_hash update"
	}
	if j.local && j.sum != "" && !a.SkipVerify {
		have, err := sumOf(j.c, j.file, len(j.sum))
		if err != nil {
			return modules.Plan{}, err
		}
		if !strings.EqualFold(have, j.sum) {
			return j.fail("%s does not match the desired source_hash %s", redact(j.source), j.sum)
		}
	}
	comment := fmt.Sprintf("Archive %s would be extracted to %s", redact(j.source), j.name)
	if a.Clean {
		comment += ", after cleaning destination path(s)"
	}
	p, err := j.plan(low.None, "%s", comment+why)
	p.Apply = func(ctx context.Context, w host.Writer) (modules.Done, error) { return j.apply(ctx, w, why, wrong) }
	return p, err
}

// list lists the archive. problem is Salt's comment when that fails.
func (j *job) list(ctx context.Context, w host.Writer) (problem string, err error) {
	l := &lister{c: j.c, w: w, name: j.file, file: j.file, format: j.format, command: j.a.ListOptions}
	j.contents, err = l.list(ctx, j.strip)
	text, ok := raised(err)
	if !ok {
		return "", err
	}
	var wants []string
	if j.ifMissing == "" {
		wants = append(wants, "'if_missing' must be set")
	}
	if j.own.set() && j.enforceOn == "" {
		wants = append(wants, "Ownership cannot be managed without setting 'enforce_ownership_on'.")
	}
	if len(wants) == 0 {
		return text, nil
	}
	if j.format == "tar" {
		text += "\n\nIf the source archive is a tar archive compressed using a compression type not natively supported by the tar command, then setting the 'list_options' argument may allow the contents to be listed. Otherwise, if Salt is unable to determine the files/directories in the archive, the following workaround(s) would need to be used for this state to proceed"
	} else {
		text += "\n\nThe following workarounds must be used for this state to proceed"
	}
	return text + fmt.Sprintf(" (assuming the source file is a valid %s archive):\n\n- ", j.format) + strings.Join(wants, "\n- "), nil
}

// compare looks for what the archive holds.
func (j *job) compare() (missing bool, wrong []string, err error) {
	for _, x := range []struct {
		paths []string
		is    func(host.Info) bool
	}{
		{j.contents.dirs, host.Info.IsDir},
		{j.contents.files, func(i host.Info) bool { return !i.IsLink() && !i.IsDir() }},
		{j.contents.links, host.Info.IsLink},
	} {
		for _, p := range x.paths {
			full, err := inside(j.name, p)
			if err != nil {
				return false, nil, err
			}
			fi, err := j.c.Lstat(full)
			switch {
			case errors.Is(err, fs.ErrNotExist):
				missing = true
			case err == nil && !x.is(fi):
				wrong = append(wrong, p)
			}
		}
	}
	return missing, wrong, nil
}

// inPlace is the plan when nothing has to be extracted.
func (j *job) inPlace() modules.Plan {
	const comment = "All files in archive are already present"
	o, err := j.examineOwners(j.c)
	if err == nil && len(o.wrong) == 0 && len(o.missing) == 0 {
		return modules.Plan{Would: modules.Done{Result: low.True, Comment: comment, Changes: j.changed(), Warnings: j.warnings}}
	}
	would := modules.Done{Result: low.True, Comment: comment, Warnings: j.warnings}
	if len(o.wrong) > 0 {
		would = modules.Done{Result: low.None, Comment: comment + ". Ownership would be updated on one or more files/directories.",
			Changes: py.DictOf("updated ownership", py.True), Warnings: j.warnings}
		if len(o.wrongDirs) > 0 { // Salt takes what test mode says of a directory for a failure
			would.Result = low.False
			would.Comment += notChanged + strings.Join(o.wrongDirs, "\n- ")
		}
	}
	return modules.Plan{Would: would, Apply: func(_ context.Context, w host.Writer) (modules.Done, error) {
		d := modules.Done{Result: low.True, Comment: comment, Warnings: j.warnings}
		err := j.chown(w, &d)
		d.Changes = j.changed()
		return d, err
	}}
}

// owners are the paths whose owner is not the wanted one, and those that are not there.
// wrongDirs are directories with a wrong path in them, missingFiles those of
// missing that are not meant to be directories.
type owners struct{ wrong, missing, wrongDirs, missingFiles []string }

const notChanged = "\n\nWhile trying to enforce user/group ownership, Salt was unable to change ownership on the following paths:\n\n- "

// examineOwners looks at the owners of what was extracted: of directories at
// the top with all below, and of files and links at the top; or of the one path
// that is named.
func (j *job) examineOwners(r host.Reader) (o owners, err error) {
	if !j.own.set() {
		return o, nil
	}
	var visit func(p string) error
	visit = func(p string) error {
		fi, err := r.Lstat(p)
		if err != nil {
			return err
		}
		if j.own.uid >= 0 && fi.UID != j.own.uid || j.own.gid >= 0 && fi.GID != j.own.gid {
			o.wrong = append(o.wrong, p)
		}
		if !fi.IsDir() {
			return nil
		}
		entries, err := r.ReadDir(p)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := visit(path.Join(p, e.Name())); err != nil {
				return err
			}
		}
		return nil
	}
	top := [][]string{j.contents.topDirs, j.contents.topFiles, j.contents.topLinks}
	if j.enforceOn != "" {
		top = [][]string{{j.enforceOn}}
	}
	for n, l := range top {
		for _, p := range l {
			full := p
			if !path.IsAbs(p) {
				full = j.name + p
			}
			before := len(o.wrong)
			err := visit(strings.TrimRight(full, "/"))
			if errors.Is(err, fs.ErrNotExist) {
				o.missing = append(o.missing, full)
				if n > 0 || j.enforceOn != "" {
					o.missingFiles = append(o.missingFiles, full)
				}
				continue
			}
			if err != nil {
				return o, err
			}
			if len(o.wrong) > before && isDir(r, full) {
				o.wrongDirs = append(o.wrongDirs, full)
			}
		}
	}
	return o, nil
}

// chown sets the owners, and adds to d what could not be done.
func (j *job) chown(w host.Writer, d *modules.Done) error {
	o, err := j.examineOwners(w)
	if err != nil {
		return err
	}
	failed := o.missingFiles
	for _, p := range o.wrong {
		if err := w.Lchown(p, j.own.uid, j.own.gid); err != nil {
			failed = append(failed, p)
			continue
		}
		j.changes.SetStr("updated ownership", py.True)
	}
	if len(o.missing) > 0 {
		if j.ifMissing == "" {
			d.Result = low.False
		}
		d.Comment += "\n\nWhile trying to enforce user/group ownership, the following paths were missing:\n\n- " + strings.Join(o.missing, "\n- ")
	}
	if len(failed) > 0 {
		d.Result = low.False
		d.Comment += notChanged + strings.Join(failed, "\n- ")
	}
	return nil
}
