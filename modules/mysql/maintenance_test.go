package mysql

import (
	"testing"

	"pinch/internal/py"
)

func TestIntegers(t *testing.T) {
	d := integers(py.DictOf("Id", py.Str("5"), "Info", py.Str("7"), "Progress", py.Str("0.000"), "Seconds_Behind_Master", py.None, "Time", py.Str("x")))
	if got := py.Repr(d); got != "{'Id': 5, 'Info': '7', 'Progress': 0.0, 'Seconds_Behind_Master': None, 'Time': 'x'}" {
		t.Error(got)
	}
}
