package cron

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pydiff"
	"pinch/modules"
	"pinch/states/low"
)

type fileArgs struct {
	Name           modules.Source `arg:"name,required" doc:"The crontab's source: salt://, file:// or a path of the host."`
	SourceHash     py.Value       `arg:"source_hash" default:"''" doc:"Hash of a web source; not supported, as such sources are not."`
	SourceHashName py.Value       `arg:"source_hash_name" doc:"Name to look for in a file of hashes; not supported."`
	User           string         `arg:"user" default:"root" doc:"Whose crontab."`
	Template       string         `arg:"template" doc:"Engine that renders the source, such as jinja."`
	Context        py.Value       `arg:"context" doc:"Variables for the template."`
	Replace        bool           `arg:"replace" default:"True" doc:"Replace the crontab; False leaves every crontab alone, as it does in Salt."`
	Defaults       py.Value       `arg:"defaults" doc:"Variables for the template that context overrides."`
	Backup         py.Value       `arg:"backup" default:"''" doc:"No effect: the crontab is no file of its own."`
	Kwargs         *py.Dict       `arg:"**"`
}

func fileState() *modules.Func {
	return modules.State[fileArgs]{Name: "cron.file", Virtual: stateVirtual, Check: checkFile, Doc: "Makes a file of the tree a user's whole crontab.\n\n" +
		"```yaml\nsalt://cron/web.cron:\n  cron.file:\n    - user: web\n    - template: jinja\n```"}.Func()
}

func checkFile(ctx context.Context, c *modules.Call, a *fileArgs) (modules.Plan, error) {
	if _, isText := a.Name.Value.(py.Str); !isText {
		return modules.Plan{}, modules.SaltInvocationError("cron.file: name must be one source")
	}
	u, ok := c.User(a.User)
	group, err := firstGroup(c, u)
	if err != nil {
		return modules.Plan{}, err
	}
	if !ok || group == nil {
		return modules.Fail("Could not identify group for user " + a.User), nil
	}
	if !a.Replace {
		return modules.InOrder("User " + a.User + " already has a crontab. No changes made"), nil
	}
	old, err := read(ctx, c, a.User)
	if err != nil {
		return modules.Plan{}, err
	}
	if !strings.HasSuffix(old, "\n") {
		old += "\n"
	}
	text, problem, err := content(ctx, c, a)
	if err != nil {
		return modules.Plan{}, err
	}
	if problem != "" {
		return modules.Fail(problem), nil
	}
	diff := ""
	if text != old {
		diff = pydiff.File([]byte(old), []byte(text))
	}
	if c.Test {
		return modules.Plan{Would: testFile(c, diff)}, nil
	}
	if diff == "" {
		return modules.InOrder("Crontab for user " + a.User + " is in the correct state"), nil
	}
	// Salt gives the new content to the user in a temporary file of its own, so
	// that another user's crontab shows a change of owner, too.
	owner := py.NewDict()
	if u.UID != c.Getuid() {
		owner.SetStr("user", py.Str(a.User))
	}
	if self, ok := c.UserID(c.Getuid()); ok && group.GID != self.GID {
		owner.SetStr("group", py.Str(group.Name))
	}
	return modules.Plan{Apply: func(ctx context.Context, w host.Writer) (modules.Done, error) {
		file, problem, failed, err := writeFile(ctx, w, a.User, text)
		if err != nil {
			return modules.Done{}, err
		}
		if failed {
			return modules.Failed(fmt.Sprintf("Unable to update user %s crontab %s. Error: %s", a.User, file, problem)), nil
		}
		changes := py.DictOf("diff", py.Str(diff))
		changes.Update(owner)
		return modules.OK("Crontab for user "+a.User+" was updated", changes), nil
	}}, nil
}

// testFile is what test mode tells. Salt compares a copy of the crontab and
// names it; nobody can look at it, so pinch makes up the name and no copy.
func testFile(c *modules.Call, diff string) modules.Done {
	if diff == "" {
		tmp := c.Getenv("TMPDIR")
		if tmp == "" {
			tmp = "/tmp"
		}
		return modules.Done{Result: low.True, Comment: "The file " + path.Join(tmp, "__salt.tmp."+strings.ToLower(rand.Text()[:8])) + " is in the correct state"}
	}
	return modules.Done{Result: low.None, Comment: "The following values are set to be changed:\ndiff: " + diff + "\n"}
}

// firstGroup is the first of a user's groups by name; nil when there is none.
func firstGroup(c host.Reader, u host.User) (*host.Group, error) {
	ids, err := host.GroupList(c, u)
	if err != nil {
		return nil, err
	}
	all, err := c.Groups()
	if err != nil {
		return nil, err
	}
	var first *host.Group
	for _, g := range all {
		if slices.Contains(ids, g.GID) && (first == nil || g.Name < first.Name) {
			first = &g
		}
	}
	return first, nil
}

// content reads the source. problem is Salt's comment when it cannot be had.
func content(ctx context.Context, c *modules.Call, a *fileArgs) (text, problem string, err error) {
	source := py.ToStr(a.Name.Value)
	scheme, rest, found := strings.Cut(source, "://")
	switch {
	case found && scheme == "salt":
		return treeContent(ctx, c, source)
	case found && scheme != "file":
		return "", "", modules.SaltInvocationError("cron.file: " + source + ": sources of the web are not supported: use a file of the tree or of the host")
	case a.Template != "":
		return "", "", modules.SaltInvocationError("cron.file: " + source + ": a template must be a file of the tree (salt://)")
	}
	if !found {
		rest = source
	}
	b, err := c.ReadFile(rest)
	if err != nil {
		return "", "Local file source " + rest + " does not exist", nil
	}
	return string(b), "", nil
}

func treeContent(ctx context.Context, c *modules.Call, source string) (text, problem string, err error) {
	info, err := c.Sources.Stat(ctx, source, "")
	var se *modules.SourceError
	if errors.As(err, &se) {
		return "", se.Comment, nil
	}
	if err != nil {
		return "", "", err
	}
	r, err := c.Sources.Open(ctx, info)
	if err != nil {
		return "", "", err
	}
	b, err := io.ReadAll(r)
	return string(b), "", errors.Join(err, r.Close())
}

func trimEnd(b []byte) string { return strings.TrimRight(string(b), "\r\n") }
