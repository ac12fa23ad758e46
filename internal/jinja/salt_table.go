package jinja

// addSalt adds Salt's own filters, tests and globals (those that Salt's
// loader registers, not the tags of salt_tags.go) to an environment that is
// being built; they replace Jinja's of the same name. An entry is a Filter,
// mostly made by fn from the Python signature:
//
//	e.filters["to_bool"] = fn("to_bool(val)", toBool)
//
// where toBool gets its arguments bound and defaulted.
func addSalt(e *environment) {
	add(e.filters,
		saltSerializers(), saltTextFilters(), saltRegexFilters(), saltListFilters(), saltSetFilters(),
		saltCombineFilters(), saltDictFilters(), saltHashFilters(), saltRandomFilters(), saltNetFilters(),
		saltPathFilters(), saltHostFilters(), saltTimeFilters(), saltXMLFilters(), saltQueryFilters())
	add(e.tests, saltTests())
	add(e.globals, saltGlobals())
}
