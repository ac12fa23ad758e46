// Package deptest keeps the dependency rules of docs/architecture.md.
package deptest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// deps lists what a package links in the shim; the tag is that of shim.Build.
func deps(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-tags=pinchshim", "-deps", pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go list -deps %s: %v\n%s", pkg, err, out)
	}
	return strings.Fields(string(out))
}

func TestForbiddenDependencies(t *testing.T) {
	for _, c := range []struct {
		pkg  string
		not  []string // prefixes
		says string
	}{
		{"pinch/shim/cmd/pinch", []string{
			"golang.org/x/crypto/ssh", "github.com/pkg/sftp", "github.com/urfave/cli", "github.com/hashicorp/go-multierror", "gopkg.in/yaml.v3",
			"github.com/vbauerster", "pinch/internal/jinja", "pinch/internal/cli", "pinch/internal/fleet", "pinch/internal/output", "pinch/internal/saltfun",
			"pinch/internal/fileserver", "pinch/internal/config", "pinch/ssh", "pinch/roster",
			"net/http", "crypto/tls", "crypto/x509", "text/template", "log/slog", "encoding/json", "pinch/internal/fetch/direct",
		}, "the shim renders and compiles nothing, speaks no SSH, and leaves the web to its helper"},
		{"pinch/shim/cmd/fetch", []string{"pinch/modules", "pinch/states", "pinch/shim"}, "the helper for the web is that only"},
		{"pinch/internal/py", []string{"pinch/", "github.com/", "golang.org/"}, "the value model is a leaf"},
		{"pinch/ssh", []string{"pinch/states", "pinch/shim", "pinch/modules", "pinch/internal/jinja"}, "connections know nothing of states"},
		{"pinch/roster", []string{"pinch/states", "pinch/shim", "pinch/modules", "pinch/ssh", "pinch/internal/jinja"}, "the roster knows nothing of states and connections"},
		{"pinch/states/low", []string{"pinch/modules", "pinch/internal/host", "pinch/internal/jinja"}, "low state is a leaf"},
		{"pinch/internal/jinja", []string{"pinch/internal/saltyaml", "pinch/states", "pinch/modules"}, "the template engine is one of its own"},
	} {
		t.Run(c.pkg, func(t *testing.T) {
			for _, d := range deps(t, c.pkg) {
				for _, not := range c.not {
					if d != c.pkg && (d == strings.TrimSuffix(not, "/") || strings.HasPrefix(d, not)) {
						t.Errorf("%s depends on %s: %s", c.pkg, d, c.says)
					}
				}
				if c.pkg == "pinch/shim/cmd/pinch" && d == "pinch/states" {
					t.Errorf("the shim depends on the compiler")
				}
			}
		})
	}
}

// Modules share through internal/host and internal packages, not through one
// another.
func TestModulesAreIndependent(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "pinch/modules/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		f := strings.Fields(line)
		if f[0] == "pinch/modules/all" || strings.HasPrefix(f[0], "pinch/modules/all/") {
			continue // the lists
		}
		for _, imp := range f[1:] {
			if strings.HasPrefix(imp, "pinch/modules/") && !strings.HasPrefix(imp, f[0]+"/") {
				t.Errorf("%s imports %s", f[0], imp)
			}
		}
	}
}

// The shim must compile where int has 32 bits; other platforms are made by
// `make shims`.
func TestShimOn32Bits(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the shim")
	}
	cmd := exec.Command("go", "build", "-o", os.DevNull, "pinch/shim/cmd/pinch")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=386")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
