package jinja

import "pinch/internal/py"

// saltGlobals are the globals that Salt's loader registers. Those that come
// with every environment (odict, raise, show_full_context) are in
// salt_tags.go; ifelse needs a host's data, so that its caller passes it as a
// variable.
func saltGlobals() map[string]py.Value { return nil }
