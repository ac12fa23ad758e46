package saltyaml

import "pinch/internal/py"

// Deserialize is salt.serializers.yaml.deserialize: PyYAML's safe loader
// without Salt's changes, so 0644 is 420, dates are dates, the last of
// duplicate keys wins and !!omap is a list of pairs. Errors are *Error.
func Deserialize(text string) (py.Value, error) {
	root, recursive, err := compose(text)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return py.None, nil
	}
	c := &constructor{dialect: plainDialect, recursive: recursive}
	return c.document(root)
}
