package jinja

import (
	"time"

	"pinch/internal/py"
)

// Budget bounds what one render may use. Zero fields take the default in
// parentheses.
type Budget struct {
	// Steps counts loop turns and calls (50 million).
	Steps int64
	// Output is the longest text, in bytes, of the result or of a macro,
	// block or set block (64 MiB).
	Output int
	// Depth is how deep macros, includes and recursive loops may nest (200).
	Depth int
	// RegexTime bounds one match of a regular expression (5 s).
	RegexTime time.Duration
}

// The default budget.
const (
	DefaultSteps     = 50_000_000
	DefaultOutput    = 64 << 20
	DefaultDepth     = 200
	DefaultRegexTime = 5 * time.Second
)

type budgetState struct {
	steps, maxSteps int64
	output          int
	depth, maxDepth int
	regexTime       time.Duration
}

func (b *budgetState) init(o Budget) {
	*b = budgetState{maxSteps: o.Steps, output: o.Output, maxDepth: o.Depth, regexTime: o.RegexTime}
	if b.maxSteps <= 0 {
		b.maxSteps = DefaultSteps
	}
	if b.output <= 0 {
		b.output = DefaultOutput
	}
	if b.maxDepth <= 0 {
		b.maxDepth = DefaultDepth
	}
	if b.regexTime <= 0 {
		b.regexTime = DefaultRegexTime
	}
}

func (b *budgetState) tooLong() error {
	return py.Errorf("MemoryError", "template output exceeds the limit of %d bytes", b.output)
}

// step counts one loop turn or call, and looks at the context now and then.
func (rt *runtime) step() error {
	b := &rt.budget
	b.steps++
	if b.steps&0x3ff == 0 || b.steps > b.maxSteps {
		return rt.checkSteps()
	}
	return nil
}

func (rt *runtime) checkSteps() error {
	if err := rt.ctx.Err(); err != nil {
		return err
	}
	if b := &rt.budget; b.steps > b.maxSteps {
		return py.Errorf("BudgetError", "template takes more than %d steps: is there an endless loop?", b.maxSteps)
	}
	return nil
}

// enterCall guards a nested macro, include, import or recursive loop.
func (rt *runtime) enterCall() error {
	rt.budget.depth++
	if rt.budget.depth > rt.budget.maxDepth {
		rt.budget.depth--
		return py.Errorf("RecursionError", "maximum recursion depth exceeded")
	}
	return rt.step()
}

func (rt *runtime) leaveCall() { rt.budget.depth-- }

// RegexTimeout is how long one match of a regular expression may take.
func (c *Context) RegexTimeout() time.Duration { return c.rt.budget.regexTime }

// Step counts one unit of work of a filter that loops, so that the budget and
// cancelling hold there too.
func (c *Context) Step() error { return c.rt.step() }
