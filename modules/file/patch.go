package file

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
	"pinch/internal/saltargs"
	"pinch/modules"
	"pinch/states/low"
)

type patchArgs struct {
	Name           string         `arg:"name,required" doc:"File or directory to patch."`
	Source         modules.Source `arg:"source" doc:"The patch."`
	SourceHash     py.Value       `arg:"source_hash" doc:"Hash of the patch."`
	SourceHashName py.Value       `arg:"source_hash_name" doc:"Name to look for in the file of hashes."`
	SkipVerify     bool           `arg:"skip_verify" default:"False" doc:"Do not compare a download with a hash."`
	Template       string         `arg:"template" doc:"Engine that renders the patch."`
	Context        py.Value       `arg:"context" doc:"Variables for the template."`
	Defaults       py.Value       `arg:"defaults" doc:"Variables for the template that context overrides."`
	Options        py.Value       `arg:"options" default:"''" doc:"Further options of patch."`
	RejectFile     *string        `arg:"reject_file" doc:"File for the hunks that do not apply."`
	Strip          *int           `arg:"strip" doc:"Leading directories to take from names, for a directory."`
	Saltenv        *string        `arg:"saltenv" doc:"Environment of the tree."`
	Kwargs         *py.Dict       `arg:"**"`
}

const patchDoc = "Applies a patch, unless it has been applied before. It needs the program patch on the host.\n" +
	"```yaml\n/etc/app.conf:\n  file.patch:\n    - source: salt://app/app.conf.patch\n```"

func patchState() *modules.Func {
	return modules.State[patchArgs]{Name: "file.patch", Doc: patchDoc,
		Check: func(ctx context.Context, c *modules.Call, a *patchArgs) (modules.Plan, error) {
			return plan(ctx, c, func(ctx context.Context, o *op) (*ret, error) { return o.patch(ctx, a) })
		}}.Func()
}

// patchOptions takes -p out of the options and refuses those that the state
// sets itself.
func patchOptions(text string, strip *int) (options []string, n *int, problem string) {
	words, err := saltargs.ShlexSplit(text)
	if err != nil {
		return nil, nil, raised(err)
	}
	const badStrip = "Invalid format for '-strip' CLI option. Consider using the 'strip' option for this state."
	var refused []string
	for i := 0; i < len(words); i++ {
		w := words[i]
		for _, own := range []string{"-N", "--forward", "-r", "--reject-file", "-o", "--output"} {
			if strings.HasPrefix(w, own) {
				refused = append(refused, w)
				break
			}
		}
		value, isStrip := "", true
		switch {
		case strings.HasPrefix(w, "-p"):
			value = w[2:]
		case strings.HasPrefix(w, "--strip="):
			value = w[strings.LastIndexByte(w, '=')+1:]
		case strings.HasPrefix(w, "--strip"):
			if i++; i < len(words) {
				value = words[i]
			}
		default:
			isStrip = false
			options = append(options, w)
		}
		if !isStrip {
			continue
		}
		v, err := strconv.Atoi(value)
		if err != nil {
			if strings.HasPrefix(w, "-p") {
				return nil, nil, "Invalid format for '-p' CLI option. Consider using the 'strip' option for this state."
			}
			return nil, nil, badStrip
		}
		strip = &v
	}
	if len(refused) > 0 {
		return nil, nil, "The following CLI options are not allowed: " + strings.Join(refused, ", ")
	}
	return options, strip, ""
}

func (o *op) patch(ctx context.Context, a *patchArgs) (*ret, error) {
	r := newRet(a.Name)
	program := o.LookPath("patch")
	if program == "" {
		return r.fail("patch executable not found on minion"), nil
	}
	name := expandUser(o, a.Name)
	switch {
	case a.Name == "":
		return r.fail("A file/directory to be patched is required"), nil
	case !isAbs(name):
		return r.fail(name + " is not an absolute path"), nil
	case !exists(o.w, name):
		return r.fail(name + " does not exist"), nil
	}
	for _, k := range []string{"hash", "dry_run_first"} {
		if a.Kwargs.Has(k) {
			r.warn("The '" + k + "' argument is no longer used and has been ignored.")
		}
	}
	if a.RejectFile != nil {
		switch dir := pypath.Dir(*a.RejectFile); {
		case !isAbs(dir):
			return r.fail("'" + *a.RejectFile + "' is not an absolute path"), nil
		case !isDir(o.w, dir):
			return r.fail("Parent directory for reject_file '" + *a.RejectFile + "' either does not exist, or is not a directory"), nil
		}
	}
	options, strip, problem := patchOptions(py.ToStr(orEmpty(a.Options)), a.Strip)
	if problem != "" {
		return r.fail(problem), nil
	}
	s := &sourceArgs{name: name, source: py.OrNone(a.Source.Value), sourceHash: a.SourceHash, template: a.Template, skipVerify: a.SkipVerify,
		verifyTLS: true, context: dictOrNil(a.Context), defaults: dictOrNil(a.Defaults)}
	if given(a.SourceHashName) {
		s.sourceHashName = py.ToStr(a.SourceHashName)
	}
	source, hash, err := o.chooseSource(ctx, s)
	if err != nil {
		return r.fail(raised(err)), nil
	}
	c, problem, err := o.resolve(ctx, s, source, hash, "")
	if problem == "" && err == nil {
		problem, err = o.verify(ctx, c, source, true)
	}
	if err != nil || problem != "" {
		if err != nil {
			problem = raised(err)
		}
		return r.fail("Unable to manage file: " + problem), nil
	}
	data, err := c.read(ctx, o)
	if err != nil {
		return r.fail("Failed to cache patch file " + redact(source) + ": " + raised(err)), nil
	}
	p := &patcher{op: o, program: program, name: name, options: options, data: data, isDir: isDir(o.w, name), strip: strip}
	return p.run(ctx, r, a.RejectFile)
}

// patcher runs patch on one file or directory.
type patcher struct {
	*op
	program, name string
	options       []string
	data          []byte
	isDir         bool
	strip         *int
}

// patch runs the program; the patch comes on its standard input.
func (p *patcher) patch(ctx context.Context, dryRun bool, data []byte, more ...string) (host.Output, error) {
	argv := []string{p.program}
	if dryRun { // first, so that the table of commands that only look knows it
		flag := "--dry-run"
		if k := p.Grains.String("kernel"); k == "FreeBSD" || k == "OpenBSD" {
			flag = "-C"
		}
		argv = append(argv, flag)
	}
	argv = append(argv, p.options...)
	argv = append(argv, more...)
	has := func(words ...string) bool {
		for _, w := range argv[1:] {
			for _, x := range words {
				if w == x || strings.HasSuffix(x, "=") && strings.HasPrefix(w, x) || x == "-p" && strings.HasPrefix(w, "-p") {
					return true
				}
			}
		}
		return false
	}
	if !has("-N", "--forward") && !has("-R") {
		argv = append(argv, "--forward")
	}
	if !has("-r", "--reject-file=") {
		argv = append(argv, "--reject-file=-")
	}
	argv = append(argv, "-i", "-")
	if p.isDir {
		argv = append(argv, "-d", p.name)
		if !has("-p", "--strip=") {
			argv = append(argv, "--strip=0")
		}
	} else {
		argv = append(argv, p.name)
	}
	cmd := host.Cmd{Argv: argv, Stdin: bytes.NewReader(data), Env: cLocale()}
	if dryRun {
		return p.Query(ctx, cmd)
	}
	return p.w.Run(ctx, cmd)
}

// cLocale makes programs speak English.
func cLocale() map[string]*string {
	c := "C"
	return map[string]*string{"LC_ALL": &c, "LANGUAGE": &c}
}

func outputDict(o host.Output) *py.Dict {
	text := func(b []byte) py.Value { return py.Str(strings.TrimRight(string(b), "\n")) }
	return py.DictOf("pid", py.Int(o.PID), "retcode", py.Int(o.Code), "stdout", text(o.Stdout), "stderr", text(o.Stderr))
}

func (p *patcher) run(ctx context.Context, r *ret, rejects *string) (*ret, error) {
	var opts []string
	if p.isDir && p.strip != nil {
		opts = append(opts, fmt.Sprintf("-p%d", *p.strip))
	}
	// -o makes the program name the same files as Salt's look does; a dry run
	// writes none of them.
	check, err := p.patch(ctx, true, p.data, append([]string{"-N", "-r", "-", "-o", "/tmp/tmp" + strings.ToLower(rand.Text()[:8])}, opts...)...)
	if err != nil {
		return nil, err
	}
	check.Stdout = bytes.ReplaceAll(check.Stdout, []byte("checking file"), []byte("patching file"))
	if check.Code != 0 {
		return p.rejected(ctx, r, check, opts, rejects)
	}
	if p.test {
		r.changes = outputDict(check)
		return r.is(low.None, "The patch would be applied"), nil
	}
	done, err := p.patch(ctx, false, p.data, opts...)
	if err != nil {
		return nil, err
	}
	r.changes = outputDict(done)
	if done.Code != 0 {
		return r.fail("Failed to apply patch"), nil
	}
	return r.is(low.True, "Patch successfully applied"), nil
}

// rejected tells a patch that was applied before from one that does not fit.
func (p *patcher) rejected(ctx context.Context, r *ret, check host.Output, opts []string, rejects *string) (*ret, error) {
	if check.Code == 2 && len(check.Stderr) > 0 {
		return r.fail(strings.TrimRight(string(check.Stderr), "\n")), nil
	}
	reverse, err := p.patch(ctx, true, p.data, append([]string{"-R", "-f"}, opts...)...)
	if err != nil {
		return nil, err
	}
	if reverse.Code == 0 {
		return r.is(low.True, "Patch was already applied"), nil
	}
	r.fail("Patch would not apply cleanly, no changes made. Results of dry-run are below.")
	if rejects == nil {
		r.comment += " Run state again using the reject_file option to save rejects to a persistent file."
	} else if !p.test {
		out, err := p.w.TempFile("", "pinch-patch-*")
		if err != nil {
			return nil, err
		}
		if _, err := p.patch(ctx, false, p.data, append([]string{"-N", "-r", *rejects, "-o", out}, opts...)...); err != nil {
			return nil, err
		}
	}
	r.comment += "\n\n" + nestedText(outputDict(check), 14)
	return r, nil
}

// nestedText shows a flat mapping as the nested outputter does.
func nestedText(d *py.Dict, indent int) string {
	pad := strings.Repeat(" ", indent)
	var b strings.Builder
	b.WriteString(pad + "----------")
	for _, k := range []string{"pid", "retcode", "stderr", "stdout"} {
		v := py.OrNone(d.Lookup(k))
		b.WriteString("\n" + pad + k + ":")
		for _, l := range strings.Split(py.ToStr(v), "\n") {
			b.WriteString("\n" + pad + "    " + l)
		}
	}
	return b.String()
}
