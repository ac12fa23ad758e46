package jinja

import (
	"strings"

	"pinch/internal/py"
)

// UndefinedKind says what a missing variable does when it is used.
type UndefinedKind uint8

// The undefined classes of Jinja.
const (
	// Strict fails on every use but the tests "defined" and "undefined"
	// and the filter "default". It is what Salt sets.
	Strict UndefinedKind = iota
	// Default prints as nothing, is false and iterates over nothing.
	Default
	// Chainable is Default whose attributes and items are itself.
	Chainable
	// Debug is Default that prints the expression.
	Debug
)

// Options are the settings of a Jinja environment. They are comparable: equal
// options and equal source give equal templates. Start from DefaultOptions or
// SaltOptions; the zero value has no delimiters.
type Options struct {
	BlockStart, BlockEnd       string
	VariableStart, VariableEnd string
	CommentStart, CommentEnd   string
	// LineStatementPrefix and LineCommentPrefix are off when empty.
	LineStatementPrefix, LineCommentPrefix string
	// NewlineSequence is "\n", "\r\n" or "\r".
	NewlineSequence string
	TrimBlocks      bool
	LstripBlocks    bool
	// KeepTrailingNewline keeps the one newline at the end of a template.
	KeepTrailingNewline bool
	AutoEscape          bool
	Undefined           UndefinedKind
	Extensions          Extensions
}

// Extensions are the additions to Jinja's core that a template may use.
type Extensions struct {
	// Do is jinja2.ext.do, LoopControls is jinja2.ext.loopcontrols.
	Do, LoopControls bool
	// Salt brings Salt's tags, filters, tests, globals and its way to print
	// mappings.
	Salt bool
}

type extensionTags struct{ do, loopControls, salt bool }

func (o *Options) tags() extensionTags {
	return extensionTags{o.Extensions.Do, o.Extensions.LoopControls, o.Extensions.Salt}
}

// DefaultOptions are the settings of a plain jinja2.Environment.
func DefaultOptions() Options {
	return Options{
		BlockStart: "{%", BlockEnd: "%}", VariableStart: "{{", VariableEnd: "}}",
		CommentStart: "{#", CommentEnd: "#}", NewlineSequence: "\n", Undefined: Default,
	}
}

// SaltOptions are the settings that Salt renders with when the configuration
// says nothing.
func SaltOptions() Options {
	o := DefaultOptions()
	o.Undefined = Strict
	o.Extensions = Extensions{Do: true, LoopControls: true, Salt: true}
	return o
}

// OptionsFromSalt returns SaltOptions changed by the minion options
// jinja_sls_env (sls true) or jinja_env, jinja_trim_blocks,
// jinja_lstrip_blocks and allow_undefined. Unknown settings are ignored, as
// Salt does with a warning; a known one of the wrong type is an error.
func OptionsFromSalt(opts *py.Dict, sls bool) (Options, error) {
	o := SaltOptions()
	key := "jinja_env"
	if sls {
		key = "jinja_sls_env"
	}
	if env, ok := opts.Lookup(key).(*py.Dict); ok {
		if err := o.apply(env, key); err != nil {
			return o, err
		}
	}
	if py.IsTrue(opts.Lookup("jinja_trim_blocks")) {
		o.TrimBlocks = true
	}
	if py.IsTrue(opts.Lookup("jinja_lstrip_blocks")) {
		o.LstripBlocks = true
	}
	if py.IsTrue(opts.Lookup("allow_undefined")) {
		o.Undefined = Default
	}
	return o, o.check()
}

// apply sets the options of a jinja_env mapping or a "#jinja2:" header.
func (o *Options) apply(env *py.Dict, from string) error {
	for k, v := range env.All() {
		name, ok := k.(py.Str)
		if !ok {
			continue
		}
		var text *string
		var flag *bool
		switch strings.ToLower(string(name)) {
		case "block_start_string":
			text = &o.BlockStart
		case "block_end_string":
			text = &o.BlockEnd
		case "variable_start_string":
			text = &o.VariableStart
		case "variable_end_string":
			text = &o.VariableEnd
		case "comment_start_string":
			text = &o.CommentStart
		case "comment_end_string":
			text = &o.CommentEnd
		case "line_statement_prefix":
			text = &o.LineStatementPrefix
		case "line_comment_prefix":
			text = &o.LineCommentPrefix
		case "newline_sequence":
			text = &o.NewlineSequence
		case "trim_blocks":
			flag = &o.TrimBlocks
		case "lstrip_blocks":
			flag = &o.LstripBlocks
		case "keep_trailing_newline":
			flag = &o.KeepTrailingNewline
		default:
			continue
		}
		if flag != nil {
			*flag = py.IsTrue(v)
			continue
		}
		switch v := v.(type) {
		case py.Str:
			*text = string(v)
		case py.NoneType:
			*text = ""
		default:
			return &Error{Kind: OtherError, Message: from + ": " + string(name) + " must be a string, not " + py.TypeName(v)}
		}
	}
	return o.check()
}

func (o *Options) check() error {
	bad := func(msg string) error { return &Error{Kind: OtherError, Class: "AssertionError", Message: msg} }
	if o.BlockStart == "" || o.BlockEnd == "" || o.VariableStart == "" || o.VariableEnd == "" || o.CommentStart == "" || o.CommentEnd == "" {
		return bad("block, variable and comment delimiters must not be empty.")
	}
	if o.BlockStart == o.VariableStart || o.VariableStart == o.CommentStart {
		return bad("block, variable and comment start strings must be different.")
	}
	if n := o.NewlineSequence; n != "\n" && n != "\r\n" && n != "\r" {
		return bad(`'newline_sequence' must be one of '\n', '\r\n', or '\r'.`)
	}
	return nil
}
