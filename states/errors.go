package states

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pinch/internal/jinja"
	"pinch/internal/py"
	"pinch/internal/saltfun"
	"pinch/states/low"
)

// Classes of compile errors: what Salt refuses, told apart by its message.
const (
	ClassSLSMissing       = "sls_missing"
	ClassIncludeMissing   = "include_missing"
	ClassIncludeAmbiguous = "include_ambiguous"
	ClassIncludeEnv       = "include_saltenv_missing"
	ClassIncludeBeyond    = "include_beyond_top"
	ClassIncludeMalformed = "include_malformed"
	ClassEnvMissing       = "saltenv_missing"
	ClassIDConflict       = "id_conflict"
	ClassExtendMissing    = "extend_missing_id"
	ClassExtendMalformed  = "extend_malformed"
	ClassExcludeMalformed = "exclude_malformed"
	ClassTypeRepeated     = "state_type_repeated"
	ClassIDNotDict        = "id_not_dict"
	ClassSLSNotDict       = "sls_not_dict"
	ClassIDNotString      = "id_not_string"
	ClassShortColon       = "short_declaration_colon"
	ClassStateNotList     = "state_not_list"
	ClassFunMissing       = "function_missing"
	ClassFunRepeated      = "function_repeated"
	ClassFunWhitespace    = "function_whitespace"
	ClassNamesNotList     = "names_not_list"
	ClassReqNotList       = "requisite_not_list"
	ClassReqMalformed     = "requisite_malformed"
	ClassReqDotted        = "requisite_dotted"
	ClassReqIllegal       = "requisite_illegal"
	ClassReqNotString     = "requisite_not_string"
	ClassReqMissing       = "requisite_missing"
	ClassReqCycle         = "requisite_cycle"
	ClassBodyNotDict      = "body_not_dict"
	ClassHighNotDict      = "high_not_dict"
	ClassTopMalformed     = "top_malformed"
	ClassPillarSLSFailed  = "pillar_sls_failed"
	ClassPillarSLSMissing = "pillar_sls_missing"
	ClassPillarOther      = "pillar_other"
	ClassJinjaUndefined   = "jinja_undefined"
	ClassJinjaSyntax      = "jinja_syntax"
	ClassJinjaFunction    = "jinja_function"
	ClassJinjaError       = "jinja_error"
	ClassYAMLDuplicate    = "yaml_duplicate_key"
	ClassYAMLCurly        = "yaml_curly"
	ClassYAMLSyntax       = "yaml_syntax"
	ClassRenderCrash      = "render_crash"
	ClassArgUnknown       = "argument_unknown"
	ClassRenderer         = "renderer_unsupported" // pinch only: SLS written in Python and the like
	ClassElsewhere        = "function_elsewhere"   // pinch only: a state that wants a master or minions
	ClassCrash            = "crash"                // Salt itself falls over
	ClassOther            = "other"
)

// Error is something that Salt refuses to compile.
type Error struct {
	Class   string
	SLS     string // the SLS to blame, "" when there is none
	Message string // in Salt's words
	Pos     low.Pos
	Hint    string // what may help, in pinch's words
	Err     error  // the error behind it, if any
}

// Error implements error: place, Salt's message, hint.
func (e *Error) Error() string {
	s := e.Message
	if at := e.Pos.String(); at != "" {
		s = at + ": " + s
	}
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap returns the error behind it.
func (e *Error) Unwrap() error { return e.Err }

// problem makes an Error.
func problem(class, sls, format string, args ...any) *Error {
	return &Error{Class: class, SLS: sls, Message: fmt.Sprintf(format, args...)}
}

// exception words an error as Salt's str(exc).
func exception(err error) (class, text string) {
	var re *jinja.RenderError
	if errors.As(err, &re) {
		return "SaltRenderError", re.Error()
	}
	var pe *py.Error
	if errors.As(err, &pe) {
		return pe.Class, pe.Msg
	}
	return fmt.Sprintf("%T", err), err.Error()
}

// crash is the Error for an exception that Salt lets through.
func crash(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	class, text := exception(err)
	return &Error{Class: ClassCrash, Message: class + ": " + text, Err: err}
}

// isFatal says whether err ends the compile, as opposed to one that Python code
// would have raised.
func isFatal(ctx context.Context, err error) bool {
	var he *saltfun.HostError
	return ctx.Err() != nil || errors.As(err, &he)
}

// renderClass tells the classes of rendering errors apart by Salt's wording.
func renderClass(text string) string {
	switch {
	case strings.HasPrefix(text, "Jinja variable "):
		return ClassJinjaUndefined
	case strings.HasPrefix(text, "Jinja syntax error"):
		return ClassJinjaSyntax
	case strings.HasPrefix(text, "Problem running salt function"):
		return ClassJinjaFunction
	case strings.HasPrefix(text, "Jinja error"):
		return ClassJinjaError
	case strings.Contains(text, "found conflicting ID"):
		return ClassYAMLDuplicate
	case strings.HasPrefix(text, "Invalid YAML, possible double curly-brace"):
		return ClassYAMLCurly
	}
	return ClassYAMLSyntax
}
