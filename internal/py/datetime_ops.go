package py

import (
	"context"
	"time"
)

func (Date) qualifiedType() string     { return "datetime.date" }
func (DateTime) qualifiedType() string { return "datetime.datetime" }

func (d Date) time() time.Time {
	return time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
}

// PyFormat implements Formatter.
func (d Date) PyFormat(spec string) (string, error) {
	if spec == "" {
		return d.ISO(), nil
	}
	return Strftime(d.time(), false, spec), nil
}

// PyFormat implements Formatter.
func (d DateTime) PyFormat(spec string) (string, error) {
	if spec == "" {
		return d.ISO(" "), nil
	}
	return Strftime(d.T, d.Aware, spec), nil
}

// HashKey implements Hasher.
func (d DateTime) HashKey() (any, error) { return datetimeKey{d.T.UnixMicro(), d.Aware}, nil }

type datetimeKey struct {
	micro int64
	aware bool
}

// EqualTo implements Equaler.
func (d DateTime) EqualTo(other Value) (bool, bool, error) {
	o, ok := other.(DateTime)
	return ok && d.Aware == o.Aware && d.T.Equal(o.T), true, nil
}

// OrderTo implements Orderer.
func (d DateTime) OrderTo(op CmpOp, other Value) (bool, bool, error) {
	switch o := other.(type) {
	case DateTime:
		if d.Aware != o.Aware {
			return false, true, TypeErrorf("can't compare offset-naive and offset-aware datetimes")
		}
		return op.Holds(d.T.Compare(o.T)), true, nil
	case Date:
		return false, true, TypeErrorf("can't compare datetime.datetime to datetime.date")
	}
	return false, false, nil
}

// OrderTo implements Orderer.
func (d Date) OrderTo(op CmpOp, other Value) (bool, bool, error) {
	switch o := other.(type) {
	case Date:
		return op.Holds(d.time().Compare(o.time())), true, nil
	case DateTime:
		return false, true, TypeErrorf("can't compare datetime.datetime to datetime.date")
	}
	return false, false, nil
}

const dateRange = "date value out of range"

func checkYear(t time.Time) error {
	if t.Year() < 1 || t.Year() > 9999 {
		return Errorf("OverflowError", dateRange)
	}
	return nil
}

// BinaryOp implements Operand: differences, and sums with a timedelta.
func (d DateTime) BinaryOp(op BinOp, other Value, reflected bool) (Value, bool, error) {
	switch o := other.(type) {
	case DateTime:
		if op == OpSub && !reflected {
			if d.Aware != o.Aware {
				return nil, true, TypeErrorf("can't subtract offset-naive and offset-aware datetimes")
			}
			return TimeDelta(d.T.UnixMicro() - o.T.UnixMicro()), true, nil
		}
	case TimeDelta:
		if op == OpAdd || op == OpSub && !reflected {
			t := addMicros(d.T, int64(o), op == OpSub)
			return DateTime{T: t, Aware: d.Aware}, true, checkYear(t)
		}
	}
	return nil, false, nil
}

func addMicros(t time.Time, micros int64, minus bool) time.Time {
	if minus {
		micros = -micros
	}
	return time.UnixMicro(t.UnixMicro() + micros).In(t.Location())
}

// BinaryOp implements Operand.
func (d Date) BinaryOp(op BinOp, other Value, reflected bool) (Value, bool, error) {
	switch o := other.(type) {
	case Date:
		if op == OpSub && !reflected {
			return TimeDelta(d.time().UnixMicro() - o.time().UnixMicro()), true, nil
		}
	case TimeDelta:
		if op == OpAdd || op == OpSub && !reflected {
			days := floorDiv(int64(o), dayMicros)
			t := addMicros(d.time(), days*dayMicros, op == OpSub)
			return dateOf(t), true, checkYear(t)
		}
	}
	return nil, false, nil
}

func dateOf(t time.Time) Date { return Date{t.Year(), int(t.Month()), t.Day()} }

// Attr implements AttrGetter.
func (d Date) Attr(name string) (Value, bool, error) {
	if v, ok, err := dateAttr(d, d.time(), false, name); ok || err != nil {
		return v, ok, err
	}
	return d.more(name)
}

// Attr implements AttrGetter.
func (d DateTime) Attr(name string) (Value, bool, error) {
	switch name {
	case "hour":
		return Int(d.T.Hour()), true, nil
	case "minute":
		return Int(d.T.Minute()), true, nil
	case "second":
		return Int(d.T.Second()), true, nil
	case "microsecond":
		return Int(d.T.Nanosecond() / 1000), true, nil
	case "isoformat":
		return NewFunc(name, func(_ context.Context, a *Args) (Value, error) {
			out, err := kwArgs(name, a, 0, "sep", "timespec")
			if err != nil {
				return nil, err
			}
			sep := "T"
			if out[0] != nil {
				s, ok := asStr(out[0])
				if !ok || runeCount(s) != 1 {
					return nil, TypeErrorf("isoformat() argument 1 must be a unicode character, not %s", argType(out[0]))
				}
				sep = s
			}
			clock, err := isoClockArg(d.T, d.Aware, out[1])
			return Str(d.T.Format("2006-01-02") + sep + clock), err
		}), true, nil
	case "date":
		return NewFunc(name, func(_ context.Context, a *Args) (Value, error) {
			return dateOf(d.T), noArgs("datetime.date", a)
		}), true, nil
	case "timestamp":
		return NewFunc(name, func(_ context.Context, a *Args) (Value, error) {
			return Float(float64(d.T.UnixMicro()) / 1e6), noArgs("datetime.timestamp", a)
		}), true, nil
	}
	if v, ok, err := dateAttr(d, d.T, d.Aware, name); ok || err != nil {
		return v, ok, err
	}
	return d.more(name)
}

// dateAttr has what date and datetime have alike.
func dateAttr(self Value, t time.Time, aware bool, name string) (Value, bool, error) {
	fn := func(get func() Value) (Value, bool, error) {
		return NewFunc(name, func(_ context.Context, a *Args) (Value, error) {
			return get(), noArgs(self.Type()+"."+name, a)
		}), true, nil
	}
	switch name {
	case "year":
		return Int(t.Year()), true, nil
	case "month":
		return Int(t.Month()), true, nil
	case "day":
		return Int(t.Day()), true, nil
	case "weekday":
		return fn(func() Value { return Int((int(t.Weekday()) + 6) % 7) })
	case "isoweekday":
		return fn(func() Value { return Int((int(t.Weekday())+6)%7 + 1) })
	case "toordinal":
		return fn(func() Value { return Int(floorDiv(t.Unix()+offsetOf(t), 86400) + 719163) })
	case "ctime":
		return fn(func() Value { return Str(Strftime(t, aware, "%c")) })
	case "isoformat":
		return fn(func() Value { return Str(ToStr(self)) })
	case "strftime":
		return NewFunc(name, func(_ context.Context, a *Args) (Value, error) {
			out, err := kwArgs(name, a, 1, "format")
			if err != nil {
				return nil, err
			}
			format, ok := asStr(out[0])
			if !ok {
				return nil, TypeErrorf("strftime() argument 1 must be str, not %s", argType(out[0]))
			}
			return Str(Strftime(t, aware, format)), nil
		}), true, nil
	}
	return nil, false, nil
}

func offsetOf(t time.Time) int64 {
	_, off := t.Zone()
	return int64(off)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
