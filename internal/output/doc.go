// Package output shows results as Salt's outputters do (salt/output/*.py):
// highstate, nested, json, yaml, raw, pprint, txt, table, key and no_return.
// It is the only package besides internal/cli that writes to the user.
//
// Display and Format are functions of the data and an Options value; there is
// no state between calls. Results come from machines that are not trusted:
// with Options.Terminal every control character in them is shown, not sent.
//
// An outputter that cannot show some data raises an exception in Salt, which
// then falls back to nested and to raw; so do the functions here.
package output
