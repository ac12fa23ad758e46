package lvm

import (
	"fmt"
	"strconv"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// unitMB is how many megabytes each unit has.
var unitMB = map[byte]float64{'s': 1.0 / 2048, 'm': 1, 'g': 1 << 10, 't': 1 << 20, 'p': 1 << 30}

// megabytes reads a size: a number of megabytes, or one with a unit.
func megabytes(size py.Value) (float64, error) {
	s := strings.ToLower(py.ToStr(size))
	unit := byte('m')
	switch last := s[len(s)-1]; {
	case last >= '0' && last <= '9':
	case last == 'b':
		unit = 0
		if len(s) > 1 {
			unit = s[len(s)-2]
		}
		s = s[:max(len(s)-2, 0)]
	default:
		unit, s = last, s[:len(s)-1]
	}
	if s == "" || s[len(s)-1] < '0' || s[len(s)-1] > '9' {
		return 0, &modules.Error{Class: "ArgumentValueError", Msg: fmt.Sprintf("Size %s is invalid.", py.ToStr(size))}
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(s), "_", ""), 10, 64)
	if err != nil {
		return 0, py.ValueErrorf("invalid literal for int() with base 10: %s", py.Repr(py.Str(s)))
	}
	f, ok := unitMB[unit]
	if !ok {
		return 0, &modules.Error{Class: "ArgumentValueError", Msg: fmt.Sprintf("Unit %s is invalid.", string(unit))}
	}
	return float64(n) * f, nil
}
