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

func checkHeld(ctx context.Context, c *modules.Call, m manager, a *heldArgs) (modules.Done, error) {
	if empty(a.Pkgs) && !a.Replace {
		return modules.Done{Result: low.True, Comment: "No packages to be held provided"}, nil
	}
	names, err := namesOf(a.Name, a.Pkgs)
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
	for _, n := range names {
		switch {
		case slices.Contains(held, n):
		case c.Test:
			h.say("The following package would be held: " + n)
		default:
			r, err := h.set(ctx, hm.hold, n)
			if err != nil {
				return modules.Done{}, err
			}
			if py.IsTrue(r.Lookup("result")) {
				h.say("Package " + n + " is now being held")
			} else {
				h.say("Package " + n + " was not held")
			}
		}
	}
	if a.Replace {
		for _, n := range held {
			if slices.Contains(names, n) {
				continue
			}
			if err := h.release(ctx, n); err != nil {
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
	names, err := namesOf(a.Name, a.Pkgs)
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
	for _, n := range held {
		if !a.All && !slices.Contains(names, n) {
			continue
		}
		if err := h.release(ctx, n); err != nil {
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

func (h *holding) release(ctx context.Context, name string) error {
	if h.c.Test {
		h.say("The following package would be unheld: " + name)
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
