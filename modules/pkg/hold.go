package pkg

import "pinch/internal/py"

// holdEach is pkg.hold of the managers other than apt: set is called for each
// package that is not held yet.
func (m *commands) holdEach(targets []string, held func(string) bool, set func(string) (output, error)) (*py.Dict, error) {
	return m.eachHold(targets, func(t string) bool { return !held(t) }, set, py.DictOf("new", py.Str("hold"), "old", py.Str("")),
		" is already set to be held.", " is set to be held.", " is now being held.", " was unable to be held.")
}

// unholdEach is pkg.unhold: set is called for each package that is held.
func (m *commands) unholdEach(targets []string, held func(string) bool, set func(string) (output, error)) (*py.Dict, error) {
	return m.eachHold(targets, held, set, py.DictOf("new", py.Str(""), "old", py.Str("hold")),
		" is not being held.", " is set to be unheld.", " is no longer held.", " was unable to be unheld.")
}

func (m *commands) eachHold(targets []string, needed func(string) bool, set func(string) (output, error), change *py.Dict, is, would, did, failed string) (*py.Dict, error) {
	ret := py.NewDict()
	for _, t := range targets {
		result, changes, said := py.Value(py.True), (*py.Dict)(nil), is
		switch {
		case !needed(t):
		case m.c.Test:
			result, said = py.None, would
		default:
			out, err := set(t)
			if err != nil {
				return nil, err
			}
			if changes, said = clone(change), did; out.code != 0 {
				result, changes, said = py.False, nil, failed
			}
		}
		ret.SetStr(t, holdResult(t, changes, result, "Package "+t+said))
	}
	return ret, nil
}
