package jinja

import (
	"math"
	"time"

	"pinch/internal/py"
	"pinch/internal/timelib"
)

// saltTimeFilters are Salt's filters on dates.
func saltTimeFilters() map[string]Filter {
	f := fn("strftime(date=None, format='%Y-%m-%d')", strftime)
	return map[string]Filter{"strftime": f, "date_format": f}
}

func strftime(c *Context, a []py.Value) (py.Value, error) {
	t, aware, err := c.dateCast(a[0])
	if err != nil {
		return nil, err
	}
	format, ok := strOf(a[1])
	if !ok {
		return nil, py.TypeErrorf("strftime() argument 1 must be str, not %s", py.TypeName(a[1]))
	}
	return py.Str(py.Strftime(t, aware, format)), nil
}

// now is the time in the zone in which timestamps are shown.
func (c *Context) now() time.Time {
	if c.rt.r.Now != nil {
		return c.rt.r.Now()
	}
	return time.Now()
}

// dateCast is salt.utils.dateutils.date_cast with timelib: text is a date in
// words, else a number; numbers are seconds since 1970.
func (c *Context) dateCast(v py.Value) (t time.Time, aware bool, err error) {
	if err := strictFail(v); err != nil {
		return time.Time{}, false, err
	}
	switch d := v.(type) {
	case py.NoneType:
		return c.now(), false, nil
	case py.DateTime:
		return d.T, d.Aware, nil
	}
	now := c.now()
	bad := func() (time.Time, bool, error) {
		return time.Time{}, false, py.ValueErrorf("Unable to parse %s", py.ToStr(v))
	}
	num := v
	if s, ok := strOf(v); ok {
		if t, err := timelib.Parse(s, now); err == nil {
			return t, false, nil
		}
		num = py.Str(s)
	} else {
		switch v.(type) {
		case py.Bool, py.Int, *py.Long, py.Float:
		default:
			return bad()
		}
	}
	f, err := floatOf(num)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1e12 {
		return bad()
	}
	// datetime.fromtimestamp rounds half to even, to the microsecond.
	whole, frac := math.Modf(f)
	t = time.Unix(int64(whole), int64(math.RoundToEven(frac*1e6))*1000).In(now.Location())
	if t.Year() < 1 || t.Year() > 9999 {
		return bad()
	}
	return t, false, nil
}
