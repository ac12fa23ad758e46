package grains

import (
	"fmt"

	"pinch/internal/py"
	"pinch/internal/saltyaml"
)

// readCustom reads the YAML of a grains file.
func readCustom(text string) (*py.Dict, error) {
	v, err := saltyaml.Load(text)
	if err != nil {
		return nil, err
	}
	switch d := v.(type) {
	case *py.Dict:
		return d, nil
	case py.NoneType:
		return py.NewDict(), nil
	}
	return nil, fmt.Errorf("a mapping is needed, not %s", v.Type())
}
