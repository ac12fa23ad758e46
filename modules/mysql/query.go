package mysql

import (
	"math"
	"strconv"
	"strings"
	"time"

	"pinch/internal/py"
)

// percent is what Salt does to every statement without values.
func percent(sql string) string { return strings.ReplaceAll(sql, "%%", "%") }

// selects says whether Salt takes a statement for one with rows.
func selects(sql string) bool {
	s := strings.ToUpper(strings.TrimSpace(sql))
	return strings.HasPrefix(s, "SELECT") || strings.HasPrefix(s, "SHOW") || strings.HasPrefix(s, "DESC")
}

func queryTime(t time.Duration) *py.Dict {
	s := t.Seconds()
	round := func(x float64, digits int) string {
		p := math.Pow10(digits)
		return py.FloatRepr(math.RoundToEven(x*p) / p)
	}
	human := round(s, 2) + "s"
	if s < 0.2 {
		human = round(s*1000, 1) + "ms"
	}
	return py.DictOf("human", py.Str(human), "raw", py.Str(strconv.FormatFloat(math.Round(s*1e5)/1e5, 'f', -1, 64)))
}
