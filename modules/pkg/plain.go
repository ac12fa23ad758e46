package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/py"
)

// listing lists what is installed.
type listing func(ctx context.Context, kind listKind) (map[string][]string, error)

// apply runs a command and returns what it has changed of what is installed.
// What a failed command says on standard error becomes the problem msg.
func (m *commands) apply(ctx context.Context, list listing, msg string, env py.Value, argv []string) (*py.Dict, error) {
	old, err := list(ctx, installed)
	if err != nil {
		return nil, err
	}
	was := stringify(old)
	out, err := m.change(ctx, "", env, argv...)
	if err != nil {
		return nil, err
	}
	return m.removed(ctx, was, out, msg, list)
}

// applyUpgrade is apply for an upgrade of everything.
func (m *commands) applyUpgrade(ctx context.Context, list listing, argv []string) (*py.Dict, error) {
	old, err := list(ctx, installed)
	if err != nil {
		return nil, err
	}
	out, err := m.change(ctx, "", nil, argv...)
	if err != nil {
		return nil, err
	}
	now, err := list(ctx, installed)
	if err != nil {
		return nil, err
	}
	return upgraded(old, now, out)
}

// installedOf are the targets that are installed.
func installedOf(ctx context.Context, list listing, targets *py.Dict) ([]string, error) {
	have, err := list(ctx, installed)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(keys(targets), func(n string) bool { return len(have[n]) == 0 }), nil
}

// sourceFiles are the paths on the host of the package files of a request.
func (m *commands) sourceFiles(ctx context.Context, r *installRequest) ([]string, error) {
	var files []string
	for k, v := range r.sources.All() {
		file, err := m.sourceFile(ctx, py.ToStr(k), str(v), r.env)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// pairs reads lines of a name and a version.
func pairs(stdout string) *py.Dict {
	ret := py.NewDict()
	for line := range strings.Lines(stdout) {
		if f := strings.Fields(line); len(f) == 2 {
			ret.SetStr(f[0], py.Str(f[1]))
		}
	}
	return ret
}

// refused refuses arguments that change what is returned or where it is
// done, and that are not supported.
func refused(fun string, kw *py.Dict, args ...string) error {
	for _, a := range args {
		if v, ok := kw.GetStr(a); ok && py.IsTrue(v) {
			return commandErrorf("%s: %s is not supported", fun, a)
		}
	}
	return nil
}
