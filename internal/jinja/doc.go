// Package jinja is Jinja2 3.1.6 as Salt 3008 uses it: lexer, parser, compiler
// and runtime with Python's value semantics, Jinja's filters, tests and
// globals, and Salt's tags and overrides. Output, error texts and line numbers
// are those of the original.
//
// Parse turns a source into a Template, which is immutable and may be rendered
// by any number of goroutines at once:
//
//	t, err := jinja.Parse("", source, jinja.SaltOptions())
//	text, err := t.Render(ctx, &jinja.Render{Vars: vars, Loader: loader, Cache: cache})
//
// RenderSalt does what Salt's jinja renderer does with an SLS or a file:
// options from the minion configuration, a "#jinja2:" header, the variables
// that say where the SLS stands, and Salt's error text.
//
// A template is compiled in two steps. The parser makes a syntax tree that is
// only used for analysis (Needs) and by the compiler. The compiler decides
// where every name lives, by the scoping rules of Jinja's own compiler, and
// makes trees of small structs whose variables are slots of a frame. Rendering
// walks these; it shares no state between renders but the parse cache.
//
// Rendering is bounded by a Budget (steps, output, depth) and by the context.
// The package does no I/O: other templates come from a Loader, YAML from a
// Codec, execution functions from the variable "salt".
package jinja
