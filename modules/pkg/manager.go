package pkg

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/host"
	"pinch/internal/nested"
	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
	"pinch/states/low"
)

// manager is a package manager. Names and versions are its own; mappings are
// as Salt's execution functions of the same names return them.
//
// A manager made without a writer only looks: what would change the host, the
// fetching of index files included, fails with errNeedsWriter.
type manager interface {
	// normalize is the name less an architecture that goes without saying.
	normalize(name string) string
	// list is what is installed: versions by name. The three kinds are those
	// of pkg.list_pkgs.
	list(ctx context.Context, kind listKind) (map[string][]string, error)
	// latest is the candidate version by name, "" where nothing newer than
	// what is installed is known.
	latest(ctx context.Context, names []string, o latestOptions) (*candidates, error)
	// available lists all versions that repositories offer, by name. A name
	// may carry a version ("vim=1.2").
	available(ctx context.Context, names []string, kw *py.Dict) (*py.Dict, error)
	compare(a, b string, ignoreEpoch bool) (c int, ok bool)
	install(ctx context.Context, r *installRequest) (*py.Dict, error)
	// uninstall removes or purges; targets are versions by name.
	uninstall(ctx context.Context, action string, targets *py.Dict, env py.Value) (*py.Dict, error)
	// refresh is pkg.refresh_db with its arguments and those of the state.
	refresh(ctx context.Context, kw *py.Dict) (py.Value, error)
	upgrades(ctx context.Context, distUpgrade bool, kw *py.Dict) (*py.Dict, error)
	upgrade(ctx context.Context, o upgradeOptions) (*py.Dict, error)
}

// What only some managers can.
type (
	holder interface {
		hold(ctx context.Context, targets []string) (*py.Dict, error)
		unhold(ctx context.Context, targets []string) (*py.Dict, error)
		// holds are the names that are held, in the manager's order.
		holds(ctx context.Context) ([]string, error)
	}
	unpurger interface {
		// unpurge marks packages that are to be purged as to be kept.
		unpurge(ctx context.Context, names []string) (*py.Dict, error)
	}
	fileReader interface {
		// cacheFile brings a file to the host; see commands.
		cacheFile(ctx context.Context, source, env string) (string, error)
		// fileInfo reads name and version of a package file; nil when it is none.
		fileInfo(ctx context.Context, path string) (*packageFile, error)
	}
	downloader interface {
		// downloaded lists the package files of the cache.
		downloaded(ctx context.Context, root string) (*py.Dict, error)
	}
)

type listKind int

const (
	installed listKind = iota // with those that are to be purged
	removed
	purgeDesired
)

// latestOptions are pkg.latest_version's arguments; kwargs holds fromrepo,
// cache_valid_time, show_installed and others that a manager may know.
type latestOptions struct {
	refresh bool
	kwargs  *py.Dict
}

// refreshesLatest says whether pkg.latest_version fetches the index files when
// it is not told.
func refreshesLatest(m manager) bool {
	switch m.(type) {
	case *pacman, *apk, *pkgng:
		return false
	}
	return true
}

// candidates is what latest found. names are those that Salt's function ends
// up with: with exactly one it returns that one's version alone.
type candidates struct {
	names   []string
	version *py.Dict
}

func (c *candidates) of(name string) string { return c.version.String(name) }

func (c *candidates) value() py.Value {
	if len(c.names) == 1 {
		return c.version.Lookup(c.names[0])
	}
	return c.version
}

// installRequest holds pkg.install's arguments. pkgs is version (or None) by
// name; sources is path or URL by name.
type installRequest struct {
	refresh      bool
	fromrepo     string
	skipVerify   bool
	pkgs         *py.Dict
	sources      *py.Dict
	reinstall    bool
	downloadOnly bool
	ignoreEpoch  bool
	env          string // of the tree
	kwargs       *py.Dict
}

// upgradeOptions are pkg.upgrade's arguments. names limits it where the manager
// can.
type upgradeOptions struct {
	distUpgrade, forceConfNew, forceYes, skipVerify, downloadOnly, allowDowngrades bool

	names  []string
	kwargs *py.Dict
}

type packageFile struct{ name, version string }

// errNeedsWriter says that the state cannot be told by looking alone.
var errNeedsWriter = errors.New("the package manager would have to change something")

// newManager returns the host's package manager, chosen now: a program that an
// earlier state installed counts. nil when it is none of those that are
// supported.
func newManager(c *modules.Call, w host.Writer) manager {
	if make := providers[provider(c)]; make != nil {
		return make(c, w)
	}
	return nil
}

// providers are the managers by the names of Salt's modules. One returns nil
// when its programs are missing.
var providers = map[string]func(*modules.Call, host.Writer) manager{
	"aptpkg":       func(c *modules.Call, w host.Writer) manager { return newApt(c, w) },
	"yumpkg":       newDNF,
	"zypperpkg":    newZypper,
	"pacmanpkg":    newPacman,
	"apkpkg":       newAPK,
	"pkgng":        newPkgng,
	"mac_brew_pkg": newBrew,
}

// provider is the name of the module that Salt would load: that of the option
// `providers`, or the one for the host's grains.
func provider(c *modules.Call) string {
	if d, ok := c.Opts.Lookup("providers").(*py.Dict); ok {
		if p := d.String("pkg"); p != "" {
			return p
		}
	}
	switch family := grain(c, "os_family"); family {
	case "Debian":
		return "aptpkg"
	case "RedHat":
		return "yumpkg"
	case "Suse":
		return "zypperpkg"
	case "Arch":
		return "pacmanpkg"
	case "Alpine":
		return "apkpkg"
	}
	switch strings.ToLower(grain(c, "os")) {
	case "amazon", "xcp", "xenserver", "virtuozzolinux", "virtuozzo", "issabel pbx", "openeuler", "vmware photon os":
		return "yumpkg"
	case "freebsd", "dragonfly":
		return "pkgng"
	case "macos":
		return "mac_brew_pkg"
	}
	return ""
}

const managers = "apt, dnf, yum, zypper, pacman, apk, pkgng and brew"

// virtual is the __virtual__ of pkg states.
func virtual(c *modules.Call) (bool, string) {
	p := provider(c)
	switch {
	case newManager(c, nil) != nil:
		return true, ""
	case providers[p] != nil:
		return false, "pkg module could not be loaded: the programs of " + p + " are not installed"
	}
	return false, "pkg module could not be loaded: os_family is " + py.Repr(py.Str(grain(c, "os_family"))) + ", and the package managers that are supported are: " + managers
}

// aptOnly is the __virtual__ of what only apt has.
func aptOnly(c *modules.Call) (bool, string) {
	if p := provider(c); p != "aptpkg" {
		return false, "this function is there for apt only, and the package manager is " + py.Repr(py.Str(p))
	}
	return true, ""
}

// run is a state function: Salt's, straight on. It is tried with a manager
// that only looks first; when that is not enough it is run from the start.
type run func(ctx context.Context, m manager) (modules.Done, error)

func plan(ctx context.Context, c *modules.Call, fn run) (modules.Plan, error) {
	done, err := fn(ctx, newManager(c, nil))
	if !errors.Is(err, errNeedsWriter) {
		if err != nil {
			return modules.Plan{}, err
		}
		return modules.Plan{Would: done}, nil
	}
	apply := func(ctx context.Context, w host.Writer) (modules.Done, error) {
		return fn(ctx, newManager(c, w))
	}
	return modules.Plan{
		Would: modules.Done{Result: low.None, Comment: "The package index would have to be refreshed to tell what is to be done"},
		Apply: apply, TestApply: apply,
	}, nil
}

// problem is Salt's CommandExecutionError with further information: errors of
// the manager and what had changed nevertheless.
type problem struct {
	msg     string
	errors  []string
	result  *py.Dict
	changes *py.Dict
}

// Error implements error: the text with all information.
func (p *problem) Error() string {
	info := p.info()
	info.SetStr("changes", p.changes)
	return p.text(info)
}

func (p *problem) info() *py.Dict {
	d := py.NewDict()
	if len(p.errors) > 0 {
		d.SetStr("errors", py.Strings(p.errors...))
	}
	if p.result != nil {
		d.SetStr("result", p.result)
	}
	return d
}

func (p *problem) text(info *py.Dict) string {
	if info.Len() == 0 {
		return p.msg
	}
	return p.msg + ". Additional info follows:\n\n" + nested.Text(info)
}

// withoutChanges is the text for a state's comment.
func (p *problem) withoutChanges() string { return p.text(p.info()) }

// commandError turns an error of a manager into the exception that a call of
// the function shows.
func commandError(err error) error {
	var p *problem
	if errors.As(err, &p) {
		return modules.CommandExecutionError(p.Error())
	}
	return err
}

// failure is what Salt's states make of a CommandExecutionError: doing is what
// was being done. Other errors stay exceptions (ok is false).
func failure(err error, doing string) (d modules.Done, ok bool) {
	var p *problem
	if errors.As(err, &p) {
		return modules.Done{Result: low.False, Comment: p.withoutChanges(), Changes: p.changes}, true
	}
	if msg, ok := isCommandError(err); ok {
		return modules.Failed("An error was encountered while " + doing + ": " + msg), true
	}
	return modules.Done{}, false
}

func isCommandError(err error) (msg string, ok bool) {
	var p *problem
	if errors.As(err, &p) {
		return p.Error(), true
	}
	var e *modules.Error
	if errors.As(err, &e) && e.Class == "CommandExecutionError" {
		return e.Msg, true
	}
	return "", false
}

func commandErrorf(format string, args ...any) error {
	return modules.CommandExecutionError(fmt.Sprintf(format, args...))
}

func grain(c *modules.Call, name string) string {
	v, _ := c.Grains.GetStr(name)
	return str(v)
}

// str is a value's text; "" for None and nothing.
func str(v py.Value) string {
	if v == nil || v == py.Value(py.None) {
		return ""
	}
	return py.ToStr(v)
}

// isTrue is Salt's is_true. What it cannot convert, an infinite or huge number,
// counts as false, where Salt raises.
func isTrue(v py.Value) bool {
	yes, err := saltargs.IsTrue(py.OrNone(v))
	return err == nil && yes
}

func joined(names []string) string { return strings.Join(names, ", ") }
