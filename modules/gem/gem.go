// Package gem has Salt's gem module, which Salt 3008 keeps in an extension:
// packages of Ruby, by the gem program.
package gem

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

// tool is how gem is run.
type tool struct {
	c    *modules.Call
	bin  string
	user string
}

// run runs gem; w is nil while only looking. A failure is Salt's error with
// what gem said.
func (t *tool) run(ctx context.Context, w host.Writer, args ...string) (string, error) {
	bin := t.bin
	if bin == "" {
		bin = "gem"
		if at := t.otherRuby(); at != "" {
			return "", modules.SaltInvocationError("gem: " + at + " is there, and rvm and rbenv are not supported: set gem_bin")
		}
	}
	res, err := t.c.RunAll(ctx, w, modules.Command{Argv: append([]string{bin}, args...), RunAs: t.user})
	if err == nil && res.Code != 0 {
		err = modules.CommandExecutionError(res.Stderr)
	}
	return res.Stdout, err
}

// otherRuby is where rvm or rbenv lies, which Salt would ask for gem.
func (t *tool) otherRuby() string {
	home := t.c.Getenv("HOME")
	if u, ok := t.c.User(t.user); ok && t.user != "" {
		home = u.Home
	}
	for _, p := range []string{home + "/.rvm/bin/rvm", "/usr/local/rvm/bin/rvm", home + "/.rbenv/bin/rbenv", "/usr/local/rbenv/bin/rbenv"} {
		if _, err := t.c.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

var listLine = regexp.MustCompile(`^([^ ]+) \((.+)\)`)

// list are the installed gems with their versions; prefix begins their names.
func (t *tool) list(ctx context.Context, prefix string) (*py.Dict, error) {
	args := []string{"list"}
	if prefix != "" {
		args = append(args, prefix)
	}
	text, err := t.run(ctx, nil, args...)
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range strings.Split(text, "\n") {
		if m := listLine.FindStringSubmatch(line); m != nil {
			out.SetStr(m[1], py.Strings(strings.Split(m[2], ", ")...))
		}
	}
	return out, nil
}

var versionLine = regexp.MustCompile(`(?m)^[.0-9]+.*$`)

func (t *tool) version(ctx context.Context) (string, error) {
	text, err := t.run(ctx, nil, "--version")
	return versionLine.FindString(text), err
}

// installOptions say what is installed and how.
type installOptions struct {
	gems, version string
	rdoc, ri, pre bool
	proxy, source string
}

func (t *tool) install(ctx context.Context, w host.Writer, o installOptions) (string, error) {
	args := append([]string{"install"}, strings.Fields(o.gems)...)
	if o.version != "" {
		args = append(args, "--version", o.version)
	}
	version, err := t.version(ctx)
	if err != nil {
		return "", err
	}
	flag := func(set bool, word string) {
		if set {
			args = append(args, word)
		}
	}
	if strings.HasPrefix(version, "3.") {
		flag(!o.rdoc || !o.ri, "--no-document")
		flag(o.pre, "--prerelease")
	} else {
		flag(!o.rdoc, "--no-rdoc")
		flag(!o.ri, "--no-ri")
		flag(o.pre, "--pre")
	}
	if o.proxy != "" {
		args = append(args, "-p", o.proxy)
	}
	if o.source != "" {
		args = append(args, "--source", o.source)
	}
	return t.run(ctx, w, args...)
}

// sources are the URLs that gems come from.
func (t *tool) sources(ctx context.Context) ([]string, error) {
	text, err := t.run(ctx, nil, "sources")
	lines := py.SplitLines(text, false)
	return lines[min(2, len(lines)):], err
}

var looseParts = regexp.MustCompile(`\d+|[a-z]+|[^\da-z.]+`)

// compareLoose is distutils' LooseVersion; ok is false where Python refuses to
// compare a number with a text.
func compareLoose(a, b string) (n int, ok bool) {
	x, y := looseParts.FindAllString(a, -1), looseParts.FindAllString(b, -1)
	for i := range min(len(x), len(y)) {
		p, errP := strconv.Atoi(x[i])
		q, errQ := strconv.Atoi(y[i])
		switch {
		case (errP == nil) != (errQ == nil):
			return 0, false
		case errP == nil && p != q:
			return p - q, true
		case errP != nil && x[i] != y[i]:
			return strings.Compare(x[i], y[i]), true
		}
	}
	return len(x) - len(y), true
}

var operator = regexp.MustCompile(`^(>=|>|<|<=)`)

// satisfied is Salt's comment when one of the installed versions will do.
func satisfied(versions []string, want string) string {
	op := operator.FindString(want) // "<=" is never found, as in Salt
	if op == "" {
		for _, v := range versions {
			if v == want {
				return "Gem is already installed."
			}
		}
		return ""
	}
	have := strings.TrimSpace(strings.ReplaceAll(versions[0], "default: ", ""))
	n, ok := compareLoose(have, strings.TrimSpace(strings.ReplaceAll(want, op, "")))
	if ok && (op == ">=" && n >= 0 || op == ">" && n > 0 || op == "<" && n < 0) {
		return "Installed Gem meets version requirements."
	}
	return ""
}

var outdatedLine = regexp.MustCompile(`(\S+) \(\S+ < (\S+)\)`)

func (t *tool) upgrades(ctx context.Context) (*py.Dict, error) {
	text, err := t.run(ctx, nil, "outdated")
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	for _, line := range strings.Split(text, "\n") {
		if m := outdatedLine.FindStringSubmatch(line); m != nil {
			out.SetStr(m[1], py.Str(m[2]))
		}
	}
	return out, nil
}

// plan is the plan of a state whose Apply runs gem once.
func plan(would, ok, failed string, changes *py.Dict, run func(ctx context.Context, w host.Writer) (string, error)) modules.Plan {
	return modules.Would(would, nil, func(ctx context.Context, w host.Writer) (modules.Done, error) {
		said, err := run(ctx, w)
		if err != nil {
			return modules.Done{}, err
		}
		if said == "" { // Salt takes a silent gem for a failure
			return modules.Failed(failed), nil
		}
		return modules.OK(ok, changes), nil
	})
}

func gemWould(name, what string) string {
	return fmt.Sprintf("The gem %s would have been %s", name, what)
}
