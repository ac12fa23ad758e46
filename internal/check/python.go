package check

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	"pinch/internal/fileserver"
)

// ownDirs are the directories of a tree from which Salt loads Python.
var ownDirs = []string{
	"_beacons", "_clouds", "_engines", "_grains", "_log_handlers", "_matchers", "_modules", "_output", "_pillar", "_proxy", "_renderers",
	"_returners", "_roster", "_runners", "_sdb", "_serializers", "_states", "_thorium", "_tokens", "_tops", "_utils", "_wheel", "_wrapper",
}

// ownFunction is a function that the tree's own Python defines.
type ownFunction struct {
	file string // below its root
	line int
}

func (o ownFunction) String() string {
	return fmt.Sprintf("it is in the tree's own Python (%s:%d), which is not loaded", o.file, o.line)
}

var (
	pyFunction = regexp.MustCompile(`^def ([A-Za-z]\w*)\(`)
	pyVirtual  = regexp.MustCompile(`^__virtualname__\s*=\s*["']([\w.]+)["']`)
)

// python finds the Python of the tree's own, which pinch does not load.
func (c *checker) python(ctx context.Context) error {
	files := c.tree.Files()
	for _, env := range files.Names() {
		for _, name := range files.Files(env) {
			dir, rest, ok := strings.Cut(name, "/")
			if !ok || path.Ext(name) != ".py" || !isOwnDir(dir) {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			f, ok := files.Find(name, env)
			if !ok {
				continue
			}
			n := c.functionsOf(f, dir, rest)
			text := fmt.Sprintf("%s: the tree's own Python is not loaded", dir)
			switch dir {
			case "_modules", "_states":
				text += fmt.Sprintf(" (%d functions)", n)
			case "_grains":
				text += ": its grains are not there"
			}
			c.add(Finding{File: f.Path, Line: 1, Kind: Python, Text: text})
		}
	}
	return nil
}

func isOwnDir(dir string) bool {
	for _, d := range ownDirs {
		if d == dir {
			return true
		}
	}
	return false
}

// functionsOf notes the functions of a module under the names that SLS and
// templates have for them: "states", "modules" and the function.
func (c *checker) functionsOf(f *fileserver.File, dir, rest string) int {
	text, err := f.Text()
	if err != nil {
		return 0
	}
	module := strings.TrimSuffix(path.Base(rest), ".py")
	if module == "__init__" {
		module = path.Base(path.Dir(rest))
	}
	type found struct {
		name string
		line int
	}
	var all []found
	for i, l := range strings.Split(text, "\n") {
		if m := pyVirtual.FindStringSubmatch(l); m != nil {
			module = m[1]
		}
		if m := pyFunction.FindStringSubmatch(l); m != nil {
			all = append(all, found{m[1], i + 1})
		}
	}
	for _, fn := range all {
		c.own[dir+":"+module+"."+strings.TrimSuffix(fn.name, "_")] = ownFunction{f.Rel, fn.line}
	}
	return len(all)
}
