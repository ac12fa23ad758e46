// Package saltyaml reads and writes YAML exactly as Salt does.
//
// Loading follows salt.utils.yaml and salt.renderers.yaml: YAML 1.1 in
// libyaml's dialect, resolved by PyYAML's rules, constructed by Salt's own
// safe loader (leading zeros dropped from integers, dates kept as text,
// duplicate keys refused, merge keys that never override). Dumping follows
// PyYAML's representers over libyaml's emitter.
//
// gopkg.in/yaml.v3 is not used for that: it resolves YAML 1.2, treats tabs
// and block scalars its own way and reports neither context nor column, while
// Salt shows users libyaml's text. The scanner here therefore implements the
// token rules of libyaml 0.2.5 (which is what PyYAML wheels carry), and the
// composer its grammar by recursive descent. The tests compare both with
// recorded results and, on plain documents, with yaml.v3.
//
// Layers, each in its own files: reader (which characters may occur), scanner
// (text to tokens), composer (tokens to nodes), resolver (implicit tags),
// constructor (nodes to py values); for output representer (values to nodes)
// and emitter (nodes to text).
//
// Loading is bounded: nesting, the number of merged keys and the size of the
// tree with all aliases written out have limits (see the constants in
// limits.go), so a hostile document costs an error and not the machine.
package saltyaml
