package py

import "math"

// The checks below word their errors as CPython's argument parsers do, which
// differ with the way a built-in declares its arguments.

// noArgs is a METH_NOARGS method; name is qualified ("str.upper").
func noArgs(name string, a *Args) error {
	if len(a.Kw) > 0 {
		return TypeErrorf("%s() takes no keyword arguments", name)
	}
	if len(a.Pos) > 0 {
		return TypeErrorf("%s() takes no arguments (%d given)", name, len(a.Pos))
	}
	return nil
}

// oneArg is a METH_O method.
func oneArg(name string, a *Args) (Value, error) {
	if len(a.Kw) > 0 {
		return nil, TypeErrorf("%s() takes no keyword arguments", name)
	}
	if len(a.Pos) != 1 {
		return nil, TypeErrorf("%s() takes exactly one argument (%d given)", name, len(a.Pos))
	}
	return a.Pos[0], nil
}

// posArgs is a method with lo to hi positional arguments and no keywords;
// qualified names the method where keywords are refused.
func posArgs(qualified, name string, a *Args, lo, hi int) error {
	if len(a.Kw) > 0 {
		return TypeErrorf("%s() takes no keyword arguments", qualified)
	}
	return countArgs(name, len(a.Pos), lo, hi)
}

func countArgs(name string, n, lo, hi int) error {
	if n < lo {
		return TypeErrorf("%s expected %s%d argument%s, got %d", name, bound(lo, hi, "at least "), lo, plural(lo), n)
	}
	if hi >= 0 && n > hi {
		return TypeErrorf("%s expected %s%d argument%s, got %d", name, bound(lo, hi, "at most "), hi, plural(hi), n)
	}
	return nil
}

func bound(lo, hi int, text string) string {
	if lo == hi {
		return ""
	}
	return text
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// parenArgs is the older style, "find() takes at least 1 argument (0 given)".
func parenArgs(qualified, name string, a *Args, lo, hi int) error {
	if len(a.Kw) > 0 {
		return TypeErrorf("%s() takes no keyword arguments", qualified)
	}
	n := len(a.Pos)
	if n < lo {
		return TypeErrorf("%s() takes %s %d argument%s (%d given)", name, exactly(lo, hi, "at least"), lo, plural(lo), n)
	}
	if n > hi {
		return TypeErrorf("%s() takes %s %d argument%s (%d given)", name, exactly(lo, hi, "at most"), hi, plural(hi), n)
	}
	return nil
}

func exactly(lo, hi int, text string) string {
	if lo == hi {
		return "exactly"
	}
	return text
}

// kwArgs binds positional and keyword arguments to names and returns one
// value per name, nil where none was given. The first required names must be
// given. Names that are empty are positional only.
func kwArgs(name string, a *Args, required int, names ...string) ([]Value, error) {
	out := make([]Value, len(names))
	total := len(a.Pos) + len(a.Kw)
	if total > len(names) {
		kind := ""
		if len(a.Pos) == 0 && len(a.Kw) > 0 {
			kind = "keyword "
		}
		return nil, TypeErrorf("%s() takes at most %d %sargument%s (%d given)", name, len(names), kind, plural(len(names)), total)
	}
	copy(out, a.Pos)
	positional := 0
	for _, n := range names {
		if n == "" {
			positional++
		}
	}
	if len(a.Pos) < min(required, positional) {
		return nil, TypeErrorf("%s() takes at least %d positional argument%s (%d given)", name, min(required, positional), plural(min(required, positional)), len(a.Pos))
	}
	unknown := ""
	for _, kw := range a.Kw {
		i := indexOfName(names, kw.Name)
		if i < 0 {
			if unknown == "" {
				unknown = kw.Name
			}
			continue
		}
		if out[i] != nil {
			return nil, TypeErrorf("argument for %s() given by name ('%s') and position (%d)", name, kw.Name, i+1)
		}
		out[i] = kw.Value
	}
	for i := range required {
		if out[i] == nil {
			return nil, TypeErrorf("%s() missing required argument '%s' (pos %d)", name, names[i], i+1)
		}
	}
	if unknown != "" {
		return nil, TypeErrorf("'%s' is an invalid keyword argument for %s()", unknown, name)
	}
	return out, nil
}

// parsedArgs is kwArgs for the parsers that convert each argument before they
// look at the next: convert is called in order with those that were given.
func parsedArgs(name string, a *Args, required int, names []string, convert func(i int, v Value) error) error {
	if _, err := kwArgs(name, a, 0, names...); err != nil && len(a.Pos)+len(a.Kw) > len(names) {
		return err
	}
	for i, n := range names {
		v := argAt(a, i)
		if k, ok := a.Get(n); ok {
			if v != nil {
				return TypeErrorf("argument for %s() given by name ('%s') and position (%d)", name, n, i+1)
			}
			v = k
		}
		if v == nil {
			if i < required {
				return TypeErrorf("%s() missing required argument '%s' (pos %d)", name, n, i+1)
			}
			continue
		}
		if err := convert(i, v); err != nil {
			return err
		}
	}
	_, err := kwArgs(name, a, required, names...)
	return err
}

// argType names an argument's type in the errors of generated parsers, which
// say None and not NoneType.
func argType(v Value) string {
	if v == None {
		return "None"
	}
	return TypeName(v)
}

func indexOfName(names []string, name string) int {
	for i, n := range names {
		if n == name && n != "" {
			return i
		}
	}
	return -1
}

// intArg is an argument converted by __index__ to the machine's size.
func intArg(v Value) (int, error) {
	i, err := Index(v)
	if err != nil {
		return 0, err
	}
	n, ok := AsInt(i)
	if !ok {
		return 0, Errorf("OverflowError", "Python int too large to convert to C ssize_t")
	}
	return int(n), nil
}

// argAt returns the i-th positional argument or nil.
func argAt(a *Args, i int) Value {
	if i < len(a.Pos) {
		return a.Pos[i]
	}
	return nil
}

// cInt is an argument that C takes as an int of 32 bits.
func cInt(v Value) (int, error) {
	i, err := Index(v)
	if err != nil {
		return 0, err
	}
	n, ok := AsInt(i)
	if !ok || n > math.MaxInt32 || n < math.MinInt32 {
		return 0, Errorf("OverflowError", "Python int too large to convert to C int")
	}
	return int(n), nil
}
