package jinja

import (
	"context"
	"math/rand/v2"
	"strings"

	"pinch/internal/py"
)

// coreGlobals are the globals of Jinja's sandbox.
func coreGlobals() map[string]py.Value {
	return map[string]py.Value{
		"range":     &builtin{name: "safe_range", fn: safeRange},
		"dict":      &builtin{name: "dict", class: true, fn: dictGlobal(false), empty: &py.Dict{}},
		"lipsum":    global("generate_lorem_ipsum(n=5, html=True, min=20, max=100)", lipsum),
		"cycler":    &builtin{name: "jinja2.utils.Cycler", class: true, fn: cyclerGlobal},
		"joiner":    &builtin{name: "jinja2.utils.Joiner", class: true, fn: joinerGlobal},
		"namespace": &builtin{name: "jinja2.utils.Namespace", class: true, fn: namespaceGlobal},
	}
}

const maxRange = 100000

func safeRange(_ *Context, _ py.Value, args *py.Args) (py.Value, error) {
	if len(args.Kw) > 0 {
		return nil, py.TypeErrorf("safe_range() got an unexpected keyword argument '%s'", args.Kw[0].Name)
	}
	for _, a := range args.Pos {
		if u, ok := a.(*Undefined); ok { // no __index__, but any use fails
			return nil, py.TypeErrorf("'%s' object cannot be interpreted as an integer", u.Type())
		}
	}
	r, err := py.NewRange(args.Pos...)
	if err != nil {
		return nil, err
	}
	if r.Len() > maxRange {
		return nil, py.Errorf("OverflowError", "Range too big. The sandbox blocks ranges larger than MAX_RANGE (%d).", maxRange)
	}
	return r, nil
}

// dictGlobal is dict() or OrderedDict().
func dictGlobal(ordered bool) Filter {
	return func(_ *Context, _ py.Value, args *py.Args) (py.Value, error) {
		d := &py.Dict{Ordered: ordered}
		return d, fillDict(d, args, d.Type())
	}
}

// fillDict is the constructor's and update's rule for filling a dict.
func fillDict(d *py.Dict, args *py.Args, name string) error {
	if len(args.Pos) > 1 {
		return py.TypeErrorf("%s expected at most 1 argument, got %d", name, len(args.Pos))
	}
	if len(args.Pos) == 1 {
		switch src := args.Pos[0].(type) {
		case *py.Dict:
			d.Update(src)
		case *Namespace:
			d.Update(src.d)
		case *Undefined:
			// dict() looks for keys first, which an undefined answers.
			return src.fail()
		default:
			if err := py.UpdateDict(d, src); err != nil {
				return err
			}
		}
	}
	for _, k := range args.Kw {
		d.SetStr(k.Name, k.Value)
	}
	return nil
}

// Namespace is what namespace() returns: attributes that {% set ns.x %} can
// change from inner scopes.
type Namespace struct{ d *py.Dict }

func namespaceGlobal(_ *Context, _ py.Value, args *py.Args) (py.Value, error) {
	ns := &Namespace{py.NewDict()}
	return ns, fillDict(ns.d, args, "dict")
}

// Type implements py.Value.
func (*Namespace) Type() string { return "Namespace" }

// TypeModule is the module of the class, which messages name.
func (*Namespace) TypeModule() string { return "jinja2.utils" }

// Attr implements py.AttrGetter.
func (ns *Namespace) Attr(name string) (py.Value, bool, error) {
	v, ok := ns.d.GetStr(name)
	return v, ok, nil
}

// PyRepr implements py.Reprer.
func (ns *Namespace) PyRepr() (string, error) {
	s, err := py.ReprErr(ns.d)
	return "<Namespace " + s + ">", err
}

// Cycler is what cycler() returns.
type Cycler struct {
	items []py.Value
	pos   int
}

func cyclerGlobal(_ *Context, _ py.Value, args *py.Args) (py.Value, error) {
	if len(args.Kw) > 0 {
		return nil, py.TypeErrorf("Cycler.__init__() got an unexpected keyword argument '%s'", args.Kw[0].Name)
	}
	if len(args.Pos) == 0 {
		return nil, py.Errorf("RuntimeError", "at least one item has to be provided")
	}
	return &Cycler{items: args.Pos}, nil
}

// Type implements py.Value.
func (*Cycler) Type() string { return "Cycler" }

// TypeModule is the module of the class, which messages name.
func (*Cycler) TypeModule() string { return "jinja2.utils" }

// Attr implements py.AttrGetter.
func (cy *Cycler) Attr(name string) (py.Value, bool, error) {
	switch name {
	case "current":
		return cy.items[cy.pos], true, nil
	case "items":
		return py.Tuple(cy.items), true, nil
	case "pos":
		return py.Int(cy.pos), true, nil
	case "next":
		return global("Cycler.next(self)", func(*Context, []py.Value) (py.Value, error) {
			v := cy.items[cy.pos]
			cy.pos = (cy.pos + 1) % len(cy.items)
			return v, nil
		}), true, nil
	case "reset":
		return global("Cycler.reset(self)", func(*Context, []py.Value) (py.Value, error) {
			cy.pos = 0
			return py.None, nil
		}), true, nil
	}
	return nil, false, nil
}

func joinerGlobal(_ *Context, _ py.Value, args *py.Args) (py.Value, error) {
	a, err := joinerSig.bind(nil, args)
	if err != nil {
		return nil, err
	}
	return &Joiner{sep: a[0]}, nil
}

// Joiner is what joiner() returns: nothing when it is called first, then its
// separator.
type Joiner struct {
	sep  py.Value
	used bool
}

// Type implements py.Value.
func (*Joiner) Type() string { return "Joiner" }

// TypeModule is the module of the class, which messages name.
func (*Joiner) TypeModule() string { return "jinja2.utils" }

// Attr implements py.AttrGetter.
func (j *Joiner) Attr(name string) (py.Value, bool, error) {
	switch name {
	case "sep":
		return j.sep, true, nil
	case "used":
		return py.Bool(j.used), true, nil
	}
	return nil, false, nil
}

// Call implements py.Callable.
func (j *Joiner) Call(_ context.Context, args *py.Args) (py.Value, error) {
	if err := noArguments("Joiner.__call__", args); err != nil {
		return nil, err
	}
	if !j.used {
		j.used = true
		return py.Str(""), nil
	}
	return j.sep, nil
}

var joinerSig = sig("Joiner.__init__(self, sep=', ')")

const lorem = `a ac accumsan ad adipiscing aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit class commodo condimentum congue consectetuer consequat conubia convallis cras cubilia cum curabitur curae cursus dapibus diam dictum dictumst dignissim dis dolor donec dui duis egestas eget eleifend elementum elit enim erat eros est et etiam eu euismod facilisi facilisis fames faucibus felis fermentum feugiat fringilla fusce gravida habitant habitasse hac hendrerit hymenaeos iaculis id imperdiet in inceptos integer interdum ipsum justo lacinia lacus laoreet lectus leo libero ligula litora lobortis lorem luctus maecenas magna magnis malesuada massa mattis mauris metus mi molestie mollis montes morbi mus nam nascetur natoque nec neque netus nibh nisi nisl non nonummy nostra nulla nullam nunc odio orci ornare parturient pede pellentesque penatibus per pharetra phasellus placerat platea porta porttitor posuere potenti praesent pretium primis proin pulvinar purus quam quis quisque rhoncus ridiculus risus rutrum sagittis sapien scelerisque sed sem semper senectus sit sociis sociosqu sodales sollicitudin suscipit suspendisse taciti tellus tempor tempus tincidunt torquent tortor tristique turpis ullamcorper ultrices ultricies urna ut varius vehicula vel velit venenatis vestibulum vitae vivamus viverra volutpat vulputate`

// lipsum makes random text of n paragraphs.
func lipsum(c *Context, a []py.Value) (py.Value, error) {
	n, err := intOf(a[0])
	if err != nil {
		return nil, err
	}
	html, err := py.Truth(a[1])
	if err != nil {
		return nil, err
	}
	lo, err := intOf(a[2])
	if err != nil {
		return nil, err
	}
	hi, err := intOf(a[3])
	if err != nil {
		return nil, err
	}
	if hi <= lo {
		return nil, py.ValueErrorf("empty range for randrange() (%d, %d, %d)", lo, hi, hi-lo)
	}
	words := strings.Fields(lorem)
	var out []string
	for range max(n, 0) {
		var p []string
		last, capital, comma, stop := "", true, 0, 0
		for i := range lo + rand.IntN(hi-lo) {
			if err := c.rt.step(); err != nil {
				return nil, err
			}
			w := words[rand.IntN(len(words))]
			for w == last {
				w = words[rand.IntN(len(words))]
			}
			last = w
			if capital {
				w = strings.ToUpper(w[:1]) + w[1:]
				capital = false
			}
			if i-3-rand.IntN(5) > comma {
				comma = i
				stop += 2
				w += ","
			}
			if i-10-rand.IntN(10) > stop {
				comma, stop = i, i
				w += "."
				capital = true
			}
			p = append(p, w)
		}
		text := strings.Join(p, " ")
		if strings.HasSuffix(text, ",") {
			text = text[:len(text)-1] + "."
		} else if !strings.HasSuffix(text, ".") {
			text += "."
		}
		if html {
			text = "<p>" + text + "</p>"
		}
		out = append(out, text)
	}
	if html {
		return Markup(strings.Join(out, "\n")), nil
	}
	return py.Str(strings.Join(out, "\n\n")), nil
}
