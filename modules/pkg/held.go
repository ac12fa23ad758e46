package pkg

import (
	"context"
	"slices"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// namesOf reads name and pkgs of pkg.held and pkg.unheld.
func namesOf(name string, pkgs py.Value) ([]string, error) {
	if py.IsNone(pkgs) {
		return []string{name}, nil
	}
	items, err := py.Collect(pkgs)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, it := range items {
		if d, ok := it.(*py.Dict); ok && d.Len() > 0 {
			out = append(out, keys(d)[0])
			continue
		}
		out = append(out, py.ToStr(it))
	}
	return out, nil
}

// heldPkg is a package to hold or to release, with its version where that is
// told.
type heldPkg struct {
	name    string
	version py.Value
}

// heldPkgs reads name, version and pkgs of pkg.held and pkg.unheld.
func heldPkgs(name string, version, pkgs py.Value) ([]heldPkg, error) {
	names, err := namesOf(name, pkgs)
	if err != nil {
		return nil, err
	}
	out := make([]heldPkg, len(names))
	for i, n := range names {
		out[i] = heldPkg{n, py.None}
	}
	if py.IsNone(pkgs) {
		if py.IsTrue(version) {
			out[0].version = version
		}
		return out, nil
	}
	items, err := py.Collect(pkgs)
	if err != nil {
		return nil, err
	}
	for i, it := range items {
		if d, ok := it.(*py.Dict); ok && d.Len() > 0 {
			out[i].version = py.OrNone(d.Lookup(out[i].name))
		}
	}
	return out, nil
}

// versionHolder is a holder whose locks may be for one version.
type versionHolder interface {
	holder
	// lockVersion is None for a lock of all versions.
	lockVersion(name string) py.Value
	holdVersions(ctx context.Context, targets []heldPkg) (*py.Dict, error)
}

// atVersion is how a comment names a version that is told.
func atVersion(version py.Value) string {
	if !py.IsTrue(version) {
		return ""
	}
	return " (version = " + py.ToStr(version) + ")"
}

func sameValue(a, b py.Value) bool {
	eq, err := py.Equal(a, b)
	return err == nil && eq
}

func checkHeld(ctx context.Context, c *modules.Call, m manager, a *heldArgs) (modules.Done, error) {
	if empty(a.Pkgs) && !a.Replace {
		return modules.Done{Result: low.True, Comment: "No packages to be held provided"}, nil
	}
	pkgs, err := heldPkgs(a.Name, a.Version, a.Pkgs)
	if err != nil {
		return modules.Done{}, err
	}
	hm, ok := m.(holder)
	if !ok {
		return modules.Failed("No any function to get the list of held packages available.\nCheck if the package manager supports package locking."), nil
	}
	held, err := hm.holds(ctx)
	if err != nil {
		return modules.Done{}, err
	}
	h := &holding{c: c, m: hm, result: low.True, changes: py.NewDict()}
	vm, versions := m.(versionHolder)
	var names []string
	for _, p := range pkgs {
		names = append(names, p.name)
		is := slices.Contains(held, p.name)
		if is && (!versions || sameValue(vm.lockVersion(p.name), p.version)) {
			continue
		}
		if err := h.hold(ctx, p, is); err != nil {
			return modules.Done{}, err
		}
	}
	if a.Replace {
		for _, n := range held {
			if slices.Contains(names, n) {
				continue
			}
			if err := h.release(ctx, n, ""); err != nil {
				return modules.Done{}, err
			}
		}
	}
	return h.done(), nil
}

func checkUnheld(ctx context.Context, c *modules.Call, m manager, a *unheldArgs) (modules.Done, error) {
	if empty(a.Pkgs) && !a.All {
		return modules.Done{Result: low.True, Comment: "No packages to be unheld provided"}, nil
	}
	pkgs, err := heldPkgs(a.Name, a.Version, a.Pkgs)
	if err != nil {
		return modules.Done{}, err
	}
	hm, ok := m.(holder)
	if !ok {
		return modules.Failed("No any function to get the list of held packages available.\nCheck if the package manager supports package locking."), nil
	}
	held, err := hm.holds(ctx)
	if err != nil {
		return modules.Done{}, err
	}
	h := &holding{c: c, m: hm, result: low.True, changes: py.NewDict()}
	vm, versions := m.(versionHolder)
	for _, n := range held {
		lock, told := py.Value(py.None), py.Value(py.None)
		if versions {
			lock = vm.lockVersion(n)
		}
		wanted := a.All
		for _, p := range pkgs {
			if p.name == n {
				told = p.version
				wanted = wanted || py.IsNone(lock) || sameValue(lock, told)
			}
		}
		if !wanted {
			continue
		}
		note := ""
		if py.IsTrue(told) {
			note = " (version = " + py.ToStr(lock) + ")"
		}
		if err := h.release(ctx, n, note); err != nil {
			return modules.Done{}, err
		}
	}
	return h.done(), nil
}

// holding is the return of pkg.held and pkg.unheld while it is made.
type holding struct {
	c        *modules.Call
	m        holder
	result   low.Tri
	comments []string
	changes  *py.Dict
}

func (h *holding) say(s string) { h.comments = append(h.comments, s) }

func (h *holding) set(ctx context.Context, fn func(context.Context, []string) (*py.Dict, error), name string) (*py.Dict, error) {
	ret, err := fn(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	h.changes.Update(ret)
	r := ret.Lookup(name).(*py.Dict)
	if !py.IsTrue(r.Lookup("result")) {
		h.result = low.False
	}
	return r, nil
}

// hold holds a package; again says that it is held at another version.
func (h *holding) hold(ctx context.Context, p heldPkg, again bool) error {
	if h.c.Test {
		if again {
			h.say("The following package's hold rule would be updated: " + p.name + atVersion(p.version))
		} else {
			h.say("The following package would be held: " + p.name + atVersion(p.version))
		}
		return nil
	}
	updated := false
	if again {
		ret, err := h.m.unhold(ctx, []string{p.name})
		if err != nil {
			return err
		}
		r, ok := ret.Lookup(p.name).(*py.Dict)
		updated = ok && py.IsTrue(r.Lookup("result"))
	}
	set := h.m.hold
	if vm, ok := h.m.(versionHolder); ok {
		set = func(ctx context.Context, _ []string) (*py.Dict, error) { return vm.holdVersions(ctx, []heldPkg{p}) }
	}
	r, err := h.set(ctx, set, p.name)
	switch {
	case err != nil:
		return err
	case !py.IsTrue(r.Lookup("result")):
		h.say("Package " + p.name + " was not held")
	case updated:
		h.say("Package " + p.name + " was updated with hold rule")
	default:
		h.say("Package " + p.name + " is now being held")
	}
	return nil
}

func (h *holding) release(ctx context.Context, name, note string) error {
	if h.c.Test {
		h.say("The following package would be unheld: " + name + note)
		return nil
	}
	r, err := h.set(ctx, h.m.unhold, name)
	if err != nil {
		return err
	}
	if comment := r.String("comment"); comment != "" {
		h.say(comment)
	}
	return nil
}

func (h *holding) done() modules.Done {
	comment := strings.Join(h.comments, "\n")
	if comment == "" && h.changes.Len() == 0 {
		comment = "No changes made"
	}
	return modules.Done{Result: h.result, Changes: h.changes, Comment: comment}
}
