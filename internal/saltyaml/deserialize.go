package saltyaml

import "pinch/internal/py"

// Deserialize is salt.serializers.yaml.deserialize: PyYAML's own safe loader,
// so that 0644 is 420 and dates are dates. Errors are *Error.
func Deserialize(text string) (py.Value, error) {
	root, err := compose(text)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return py.None, nil
	}
	c := &constructor{dialect: plainDialect, done: map[*node]py.Value{}}
	return c.document(root)
}
