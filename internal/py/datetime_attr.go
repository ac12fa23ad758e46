package py

import (
	"context"
	"math"
	"time"
)

// This file has the attributes of date and datetime that make other dates:
// replace, isocalendar, astimezone and the class methods.

func fnOf(name string, fn func(a *Args) (Value, error)) (Value, bool, error) {
	return NewFunc(name, func(_ context.Context, a *Args) (Value, error) { return fn(a) }), true, nil
}

// dateMore has the further attributes that date and datetime share; kind is
// "date" or "datetime", build makes one of a day.
func dateMore(t time.Time, name, kind string, build func(time.Time) Value) (Value, bool, error) {
	switch name {
	case "isocalendar":
		return fnOf(name, func(a *Args) (Value, error) {
			y, w := t.ISOWeek()
			return newNamed("datetime.IsoCalendarDate", "year", Int(y), "week", Int(w), "weekday", Int((int(t.Weekday())+6)%7+1)), noArgs(kind+"."+name, a)
		})
	case "timetuple":
		return fnOf(name, func(a *Args) (Value, error) { return structTime(t, -1), noArgs(kind+"."+name, a) })
	case "fromordinal":
		return fnOf(name, func(a *Args) (Value, error) {
			if err := parenArgs(kind+"."+name, name, a, 1, 1); err != nil {
				return nil, err
			}
			n, err := cInt(a.Pos[0])
			if err != nil {
				return nil, err
			}
			if n < 1 {
				return nil, ValueErrorf("ordinal must be >= 1")
			}
			day := time.Unix((int64(n)-719163)*86400, 0).UTC()
			return build(day), yearRange(day.Year())
		})
	case "fromisocalendar":
		return fnOf(name, func(a *Args) (Value, error) { return fromISOCalendar(a, build) })
	}
	return nil, false, nil
}

func yearRange(y int) error {
	if y < 1 || y > 9999 {
		return ValueErrorf("year %d is out of range", y)
	}
	return nil
}

func fromISOCalendar(a *Args, build func(time.Time) Value) (Value, error) {
	var n [3]int
	err := parsedArgs("fromisocalendar", a, 3, []string{"year", "week", "day"}, func(i int, v Value) (err error) {
		n[i], err = cIntText(v)
		return err
	})
	if err != nil {
		return nil, err
	}
	year, week, day := n[0], n[1], n[2]
	if year < 1 || year > 9999 {
		return nil, ValueErrorf("Year is out of range: %d", year)
	}
	first := isoMonday(year, 1)
	start := first.AddDate(0, 0, 7*(week-1))
	if y, w := start.ISOWeek(); week < 1 || week > 53 || y != year || w != week {
		return nil, ValueErrorf("Invalid week: %d", week)
	}
	if day < 1 || day > 7 {
		return nil, ValueErrorf("Invalid day: %d (range is [1, 7])", day)
	}
	t := start.AddDate(0, 0, day-1)
	return build(t), yearRange(t.Year())
}

// isoMonday is the Monday of the given week of a year.
func isoMonday(year, week int) time.Time {
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	return fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7+7*(week-1))
}

// cIntText is cInt in the words of the argument parsers of datetime.
func cIntText(v Value) (int, error) {
	i, err := Index(v)
	if err != nil {
		return 0, err
	}
	n, ok := AsInt(i)
	switch {
	case !ok:
		return 0, Errorf("OverflowError", "Python int too large to convert to C long")
	case n > math.MaxInt32:
		return 0, Errorf("OverflowError", "signed integer is greater than maximum")
	case n < math.MinInt32:
		return 0, Errorf("OverflowError", "signed integer is less than minimum")
	}
	return int(n), nil
}

// checkDate and checkTime word what a constructor refuses.
func checkDate(y, m, d int) error {
	switch {
	case y < 1 || y > 9999:
		return yearRange(y)
	case m < 1 || m > 12:
		return ValueErrorf("month must be in 1..12")
	case d < 1 || d > time.Date(y, time.Month(m)+1, 0, 0, 0, 0, 0, time.UTC).Day():
		return ValueErrorf("day is out of range for month")
	}
	return nil
}

func checkTime(h, m, s, us int) error {
	for _, c := range []struct {
		name   string
		v, max int
	}{{"hour", h, 23}, {"minute", m, 59}, {"second", s, 59}, {"microsecond", us, 999999}} {
		if c.v < 0 || c.v > c.max {
			return ValueErrorf("%s must be in 0..%d", c.name, c.max)
		}
	}
	return nil
}

var timeFields = []string{"year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo"}

// replaced reads the arguments of replace() over the values that stand now.
// The last of names may be tzinfo, whose value zone is changed then.
func replaced(a *Args, names []string, now []int, zone **TimeZone) ([]int, error) {
	b := &Args{Pos: a.Pos}
	for _, k := range a.Kw {
		if k.Name != "fold" || zone == nil {
			b.Kw = append(b.Kw, k)
			continue
		}
		n, err := cIntText(k.Value)
		if err != nil {
			return nil, err
		}
		if n != 0 && n != 1 {
			return nil, ValueErrorf("fold must be either 0 or 1")
		}
	}
	if zone != nil && len(a.Pos) > len(names) {
		return nil, TypeErrorf("replace() takes at most %d positional arguments (%d given)", len(names), len(a.Pos))
	}
	err := parsedArgs("replace", b, 0, names, func(i int, v Value) (err error) {
		if names[i] == "tzinfo" {
			*zone, err = zoneArg(v)
			return err
		}
		now[i], err = cIntText(v)
		return err
	})
	return now, err
}

// zoneArg is an argument that is a tzinfo or None.
func zoneArg(v Value) (*TimeZone, error) {
	switch v := v.(type) {
	case NoneType:
		return nil, nil
	case *TimeZone:
		return v, nil
	}
	return nil, TypeErrorf("tzinfo argument must be None or of a tzinfo subclass, not type '%s'", TypeName(v))
}

// more has the attributes of datetime.date alone.
func (d Date) more(name string) (Value, bool, error) {
	switch name {
	case "replace":
		return fnOf(name, func(a *Args) (Value, error) {
			n, err := replaced(a, timeFields[:3], []int{d.Year, d.Month, d.Day}, nil)
			if err != nil {
				return nil, err
			}
			return Date{n[0], n[1], n[2]}, checkDate(n[0], n[1], n[2])
		})
	case "min":
		return Date{1, 1, 1}, true, nil
	case "max":
		return Date{9999, 12, 31}, true, nil
	case "resolution":
		return TimeDelta(dayMicros), true, nil
	case "fromisoformat":
		return fnOf(name, func(a *Args) (Value, error) {
			s, err := isoText("date.fromisoformat", a)
			if err != nil {
				return nil, err
			}
			t, n, ok := isoDate(s)
			if !ok || n != len(s) {
				return nil, badISO(s)
			}
			return dateOf(t), checkDate(t.Year(), int(t.Month()), t.Day())
		})
	case "fromtimestamp":
		return fnOf(name, func(a *Args) (Value, error) {
			v, err := oneArg("date.fromtimestamp", a)
			if err != nil {
				return nil, err
			}
			t, err := stampTime(v)
			return dateOf(t), err
		})
	}
	return dateMore(d.time(), name, "date", func(t time.Time) Value { return dateOf(t) })
}

// more has the attributes of datetime.datetime alone.
func (d DateTime) more(name string) (Value, bool, error) {
	switch name {
	case "replace":
		return fnOf(name, d.replace)
	case "time", "timetz":
		return fnOf(name, func(a *Args) (Value, error) {
			c := Time{Micros: d.clock()}
			if name == "timetz" {
				c.Zone = d.zone()
			}
			return c, noArgs("datetime."+name, a)
		})
	case "tzinfo":
		return d.zoneValue(), true, nil
	case "fold":
		return Int(0), true, nil
	case "utcoffset", "tzname", "dst":
		return fnOf(name, func(a *Args) (Value, error) {
			return zoneInfo(d.zone(), name), noArgs("datetime."+name, a)
		})
	case "utctimetuple":
		return fnOf(name, func(a *Args) (Value, error) { return structTime(d.T.UTC(), 0), noArgs("datetime.utctimetuple", a) })
	case "astimezone":
		return fnOf(name, d.astimezone)
	case "min":
		return DateTime{T: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}, true, nil
	case "max":
		return DateTime{T: time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)}, true, nil
	case "resolution":
		return TimeDelta(1), true, nil
	case "fromisoformat":
		return fnOf(name, dateTimeFromISO)
	case "fromtimestamp", "utcfromtimestamp":
		return fnOf(name, func(a *Args) (Value, error) { return fromTimestamp(name, a) })
	case "combine":
		return fnOf(name, combineDateTime)
	}
	return dateMore(d.T, name, "datetime", func(t time.Time) Value { return DateTime{T: t} })
}

func (d DateTime) clock() int64 {
	return ((int64(d.T.Hour())*60+int64(d.T.Minute()))*60+int64(d.T.Second()))*1e6 + int64(d.T.Nanosecond()/1000)
}

// zone is the offset of an aware datetime, nil for a naive one.
func (d DateTime) zone() *TimeZone {
	if !d.Aware {
		return nil
	}
	return &TimeZone{Offset: int(offsetOf(d.T))}
}

func (d DateTime) zoneValue() Value {
	if z := d.zone(); z != nil {
		return z
	}
	return None
}

func (d DateTime) replace(a *Args) (Value, error) {
	z := d.zone()
	t := d.T
	n, err := replaced(a, timeFields, []int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1000}, &z)
	if err != nil {
		return nil, err
	}
	if err := checkDate(n[0], n[1], n[2]); err != nil {
		return nil, err
	}
	if err := checkTime(n[3], n[4], n[5], n[6]); err != nil {
		return nil, err
	}
	return DateTime{T: time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1000, z.location()), Aware: z != nil}, nil
}

// astimezone takes UTC for the local zone.
func (d DateTime) astimezone(a *Args) (Value, error) {
	out, err := kwArgs("astimezone", a, 0, "tz")
	if err != nil {
		return nil, err
	}
	z := &TimeZone{}
	if out[0] != nil {
		given, err := zoneArg(out[0])
		if err != nil {
			return nil, err
		}
		if given != nil {
			z = given
		}
	}
	t := d.T.In(z.location())
	return DateTime{T: t, Aware: true}, checkYear(t)
}

func combineDateTime(a *Args) (Value, error) {
	var day time.Time
	var c Time
	var z *TimeZone
	zoned := false
	err := parsedArgs("combine", a, 2, []string{"date", "time", "tzinfo"}, func(i int, v Value) (err error) {
		ok := true
		switch i {
		case 0:
			switch d := v.(type) {
			case Date:
				day = d.time()
			case DateTime:
				day = d.T
			default:
				return TypeErrorf("combine() argument 1 must be datetime.date, not %s", argType(v))
			}
		case 1:
			if c, ok = v.(Time); !ok {
				return TypeErrorf("combine() argument 2 must be datetime.time, not %s", argType(v))
			}
		default:
			zoned = true
			z, err = zoneArg(v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if !zoned {
		z = c.Zone
	}
	return DateTime{T: c.on(day, z), Aware: z != nil}, nil
}

// stampTime is a timestamp as a time in UTC.
func stampTime(v Value) (time.Time, error) {
	f, isFloat := v.(Float)
	if !isFloat {
		i, err := Index(v)
		if err != nil {
			return time.Time{}, err
		}
		n, ok := AsInt(i)
		if !ok {
			return time.Time{}, Errorf("OverflowError", "timestamp out of range for platform time_t")
		}
		if n > 1<<40 || n < -(1<<40) {
			return time.Time{}, ValueErrorf("year is out of range")
		}
		t := time.Unix(n, 0).UTC()
		return t, yearRange(t.Year())
	}
	switch {
	case math.IsNaN(float64(f)):
		return time.Time{}, ValueErrorf("Invalid value NaN (not a number)")
	case math.Abs(float64(f)) > 1<<62:
		return time.Time{}, Errorf("OverflowError", "timestamp out of range for platform time_t")
	case math.Abs(float64(f)) > 1<<40:
		return time.Time{}, ValueErrorf("year is out of range")
	}
	whole := math.Floor(float64(f))
	micros := int64(roundEven((float64(f) - whole) * 1e6))
	t := time.UnixMicro(int64(whole)*1e6 + micros).UTC()
	return t, yearRange(t.Year())
}

func fromTimestamp(name string, a *Args) (Value, error) {
	if name == "utcfromtimestamp" {
		if err := parenArgs("datetime."+name, name, a, 1, 1); err != nil {
			return nil, err
		}
		t, err := stampTime(a.Pos[0])
		return DateTime{T: t}, err
	}
	out, err := kwArgs(name, a, 1, "timestamp", "tz")
	if err != nil {
		return nil, err
	}
	var z *TimeZone
	if out[1] != nil {
		if z, err = zoneArg(out[1]); err != nil {
			return nil, err
		}
	}
	t, err := stampTime(out[0])
	return DateTime{T: t.In(z.location()), Aware: z != nil}, err
}

// structTime is time.struct_time of t.
func structTime(t time.Time, dst int) Value {
	return newNamed("time.struct_time", "tm_year", Int(t.Year()), "tm_mon", Int(t.Month()), "tm_mday", Int(t.Day()), "tm_hour", Int(t.Hour()),
		"tm_min", Int(t.Minute()), "tm_sec", Int(t.Second()), "tm_wday", Int((int(t.Weekday())+6)%7), "tm_yday", Int(t.YearDay()), "tm_isdst", Int(dst))
}
