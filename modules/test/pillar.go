package test

import (
	"context"
	"fmt"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

type pillarArgs struct {
	Name       string   `arg:"name,required" doc:"A unique text."`
	Present    py.Value `arg:"present" doc:"Keys that must be there."`
	Boolean    py.Value `arg:"boolean" doc:"Keys that must be booleans."`
	Integer    py.Value `arg:"integer" doc:"Keys that must be integers."`
	String     py.Value `arg:"string" doc:"Keys that must be texts."`
	Listing    py.Value `arg:"listing" doc:"Keys that must be lists."`
	Dictionary py.Value `arg:"dictionary" doc:"Keys that must be mappings."`
	Verbose    py.Value `arg:"verbose" default:"False" doc:"Name the keys that are as they should be."`
}

type pillarCheck struct {
	keys  py.Value
	class string // how Python prints the type; "" for any
	is    func(py.Value) bool
}

func checkPillar(ctx context.Context, c *modules.Call, a *pillarArgs) (modules.Plan, error) {
	checks := []pillarCheck{
		{a.Present, "", func(py.Value) bool { return true }},
		{a.Boolean, "<class 'bool'>", func(v py.Value) bool { _, ok := v.(py.Bool); return ok }},
		{a.Integer, "<class 'int'>", func(v py.Value) bool { _, ok := py.AsBig(v); return ok }},
		{a.String, "(<class 'str'>,)", func(v py.Value) bool { _, ok := v.(py.Str); return ok }},
		{a.Listing, "<class 'list'>", func(v py.Value) bool { _, ok := v.(*py.List); return ok }},
		{a.Dictionary, "<class 'dict'>", func(v py.Value) bool { _, ok := v.(*py.Dict); return ok }},
	}
	any := false
	for _, k := range checks {
		any = any || py.IsTrue(k.keys)
	}
	if !any {
		return modules.Plan{}, modules.SaltInvocationError("Missing required argument text.")
	}
	failed, fine := py.NewDict(), py.NewDict()
	for _, k := range checks {
		keys, err := listOf(k.keys)
		if err != nil {
			return modules.Plan{}, err
		}
		for _, key := range keys {
			v, err := c.Remote.Call(ctx, "pillar.get", py.NewArgs(key, py.None))
			if err != nil {
				return modules.Plan{}, err
			}
			v = masked(v)
			switch {
			case v == py.Value(py.None):
				err = failed.Set(key, py.Str(""))
			case !k.is(v):
				err = failed.Set(key, py.Str(k.class))
			case py.IsTrue(a.Verbose):
				class := k.class
				if class == "" {
					class = "None"
				}
				err = fine.Set(key, py.Str(class))
			}
			if err != nil {
				return modules.Plan{}, err
			}
		}
	}
	var b strings.Builder
	for key, class := range failed.All() {
		if class == py.Value(py.Str("")) {
			fmt.Fprintf(&b, "Pillar key \"%s\" is missing.\n", py.ToStr(key))
		} else {
			fmt.Fprintf(&b, "Pillar key \"%s\" is not %s.\n", py.ToStr(key), py.ToStr(class))
		}
	}
	if fine.Len() > 0 {
		b.WriteString("Those keys passed the check:\n")
		for key, class := range fine.All() {
			fmt.Fprintf(&b, "- %s (%s)\n", py.ToStr(key), py.ToStr(class))
		}
	}
	return modules.Plan{Would: modules.Done{Result: low.TriOf(py.Bool(failed.Len() == 0)), Comment: b.String()}}, nil
}

// listOf is a text as a list of one.
func listOf(v py.Value) ([]py.Value, error) {
	switch v := v.(type) {
	case *py.List:
		return v.Items, nil
	case py.Str:
		return []py.Value{v}, nil
	}
	if !py.IsTrue(v) {
		return nil, nil
	}
	return nil, py.TypeErrorf("")
}

// masked is what pillar.get gives while states run: since 3008 Salt masks the
// scalars of pillar there, and a masked number or boolean is a text. So
// boolean and integer never hold.
func masked(v py.Value) py.Value {
	switch v.(type) {
	case py.Bool, py.Int, *py.Long, py.Float:
		return py.Str(py.ToStr(v))
	}
	return v
}
