package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/nested"
	"pinch/internal/py"
)

// verifier is a manager that can tell which files of a package were altered.
type verifier interface {
	verify(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error)
}

func (m *dnf) verify(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error) {
	return rpmOf(m).verify(ctx, names, kw)
}

func (m *zypper) verify(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error) {
	return rpmOf(m).verify(ctx, names, kw)
}

// wantsVerify is the argument pkg_verify.
func (in *installing) wantsVerify() bool {
	l, isList := in.a.PkgVerify.(*py.List)
	return isList && len(l.Items) > 0 || in.a.PkgVerify == py.Value(py.True)
}

// verifyPackage notes a package whose files were altered as one to be
// reinstalled. A problem is why rpm cannot tell.
func (in *installing) verifyPackage(ctx context.Context, name string, want py.Value) (problem string, err error) {
	altered, err := in.alteredFiles(ctx, name)
	if msg, ok := isSaltError(err); ok {
		return msg, nil
	}
	if err == nil && altered.Len() > 0 {
		in.again.SetStr(name, want)
		in.altered[name] = altered
	}
	return "", err
}

func (in *installing) alteredFiles(ctx context.Context, name string) (*py.Dict, error) {
	kw := py.NewDict()
	kw.Update(in.a.Extra)
	for _, it := range listItems(in.a.PkgVerify) {
		d, ok := it.(*py.Dict)
		if !ok {
			continue
		}
		for _, k := range []string{"ignore_types", "verify_options"} {
			if v := d.Lookup(k); !py.IsNone(py.OrNone(v)) && !kw.Has(k) {
				kw.SetStr(k, v)
			}
		}
	}
	return in.m.(verifier).verify(ctx, []string{name}, kw)
}

func listItems(v py.Value) []py.Value {
	if l, ok := v.(*py.List); ok {
		return l.Items
	}
	return nil
}

// wouldReinstall is test mode's part about packages whose files were altered.
func (in *installing) wouldReinstall() {
	for _, n := range keys(in.again) {
		in.changes.SetStr(n, py.NewDict())
		in.say("Package '" + in.words([]string{n}, in.again)[0] + "' would be reinstalled because the following files have been altered:")
		in.say(nestedText(in.altered[n]))
	}
}

// noteReinstalled says which packages were reinstalled and which were not:
// those that were not make the state fail.
func (in *installing) noteReinstalled(ctx context.Context, reinstalled []string) (ok bool, err error) {
	var missed []string
	word := func(n string) string { return in.words([]string{n}, in.desired)[0] }
	for _, n := range keys(in.again) {
		good := slices.Contains(reinstalled, n)
		if !in.a.Reinstall {
			altered, err := in.alteredFiles(ctx, n)
			if err != nil {
				return false, err
			}
			if good = altered.Len() == 0; !good {
				in.altered[n] = altered
			}
		}
		if !good {
			missed = append(missed, n)
			continue
		}
		in.noteFiles("Package "+word(n)+" was reinstalled.", "The following files were remediated:", n)
	}
	for _, n := range missed {
		in.noteFiles("Reinstall was not successful for package "+word(n)+".", "The following files could not be remediated:", n)
	}
	return len(missed) == 0, nil
}

func (in *installing) noteFiles(said, files, name string) {
	altered, ok := in.altered[name]
	if !ok {
		in.say(said)
		return
	}
	in.say(said + " " + files)
	in.say(nestedText(altered))
}

func nestedText(d *py.Dict) string { return strings.TrimRight(nested.Text(d), " \t\r\n") }

// wantsExactly says that one of the comparisons of a version is with ==.
func wantsExactly(spec string) bool {
	for s := range strings.SplitSeq(spec, ",") {
		if oper, _ := splitComparison(strings.TrimSpace(s)); oper == "" || oper == "=" || oper == "==" {
			return true
		}
	}
	return false
}

func orText(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
