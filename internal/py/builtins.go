package py

import "context"

// TypeObject is a class such as dict or str: it can be called, and knows its
// class methods.
type TypeObject struct {
	Name string
	call func(ctx context.Context, args *Args) (Value, error)
	attr func(name string) Value
}

// Type implements Value.
func (*TypeObject) Type() string { return "type" }

// Call implements Callable.
func (t *TypeObject) Call(ctx context.Context, args *Args) (Value, error) { return t.call(ctx, args) }

// PyRepr implements Reprer.
func (t *TypeObject) PyRepr() (string, error) { return "<class '" + t.Name + "'>", nil }

// Attr implements AttrGetter.
func (t *TypeObject) Attr(name string) (Value, bool, error) {
	if t.attr == nil {
		return nil, false, nil
	}
	v := t.attr(name)
	return v, v != nil, nil
}
