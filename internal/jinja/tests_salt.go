package jinja

// saltTests are the tests that Salt's loader registers. The tests that the
// environment itself overrides (list, equalto) are in salt_tags.go.
func saltTests() map[string]Filter {
	return map[string]Filter{
		"match": fn("test_match(txt, rgx, ignorecase=False, multiline=False)", testMatch),
	}
}
