package py

import (
	"context"
	"fmt"
	"time"
)

// Time is datetime.time.
type Time struct {
	Micros int64 // since midnight
	Zone   *TimeZone
}

// Type implements Value.
func (Time) Type() string { return "time" }

func (Time) qualifiedType() string { return "datetime.time" }

// on is that time on a day.
func (c Time) on(day time.Time, z *TimeZone) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, int(c.Micros)*1000, z.location())
}

func (c Time) time() time.Time {
	return c.on(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), c.Zone)
}

// PyStr implements Stringer.
func (c Time) PyStr() (string, error) { return isoClock(c.time(), c.Zone != nil, "auto") }

// PyRepr implements Reprer.
func (c Time) PyRepr() (string, error) {
	t := c.time()
	s := fmt.Sprintf("datetime.time(%d, %d", t.Hour(), t.Minute())
	us := t.Nanosecond() / 1000
	if t.Second() != 0 || us != 0 {
		s += fmt.Sprintf(", %d", t.Second())
	}
	if us != 0 {
		s += fmt.Sprintf(", %d", us)
	}
	if c.Zone != nil {
		s += ", tzinfo=" + Repr(c.Zone)
	}
	return s + ")", nil
}

// PyFormat implements Formatter.
func (c Time) PyFormat(spec string) (string, error) {
	if spec == "" {
		return c.PyStr()
	}
	return Strftime(c.time(), c.Zone != nil, spec), nil
}

// HashKey implements Hasher.
func (c Time) HashKey() (any, error) {
	if c.Zone == nil {
		return c, nil
	}
	return timeKey{c.Micros - int64(c.Zone.Offset)*1e6}, nil
}

type timeKey struct{ micros int64 }

// EqualTo implements Equaler.
func (c Time) EqualTo(other Value) (equal, known bool, err error) {
	o, ok := other.(Time)
	return ok && (c.Zone == nil) == (o.Zone == nil) && c.utc() == o.utc(), ok, nil
}

func (c Time) utc() int64 {
	if c.Zone == nil {
		return c.Micros
	}
	return c.Micros - int64(c.Zone.Offset)*1e6
}

// OrderTo implements Orderer.
func (c Time) OrderTo(op CmpOp, other Value) (holds, known bool, err error) {
	o, ok := other.(Time)
	switch {
	case !ok:
		return false, false, nil
	case (c.Zone == nil) != (o.Zone == nil):
		return false, true, TypeErrorf("can't compare offset-naive and offset-aware times")
	case c.utc() < o.utc():
		return op.Holds(-1), true, nil
	case c.utc() > o.utc():
		return op.Holds(1), true, nil
	}
	return op.Holds(0), true, nil
}

// Attr implements AttrGetter.
func (c Time) Attr(name string) (Value, bool, error) {
	t := c.time()
	switch name {
	case "hour":
		return Int(t.Hour()), true, nil
	case "minute":
		return Int(t.Minute()), true, nil
	case "second":
		return Int(t.Second()), true, nil
	case "microsecond":
		return Int(t.Nanosecond() / 1000), true, nil
	case "fold":
		return Int(0), true, nil
	case "min":
		return Time{}, true, nil
	case "max":
		return Time{Micros: dayMicros - 1}, true, nil
	case "resolution":
		return TimeDelta(1), true, nil
	case "tzinfo":
		if c.Zone == nil {
			return None, true, nil
		}
		return c.Zone, true, nil
	case "utcoffset", "tzname", "dst":
		return fnOf(name, func(a *Args) (Value, error) { return zoneInfo(c.Zone, name), noArgs("time."+name, a) })
	case "isoformat":
		return fnOf(name, func(a *Args) (Value, error) {
			out, err := kwArgs(name, a, 0, "timespec")
			if err != nil {
				return nil, err
			}
			s, err := isoClockArg(t, c.Zone != nil, out[0])
			return Str(s), err
		})
	case "strftime":
		return fnOf(name, func(a *Args) (Value, error) {
			out, err := kwArgs(name, a, 1, "format")
			if err != nil {
				return nil, err
			}
			format, ok := asStr(out[0])
			if !ok {
				return nil, TypeErrorf("strftime() argument 1 must be str, not %s", argType(out[0]))
			}
			return Str(Strftime(t, c.Zone != nil, format)), nil
		})
	case "replace":
		return fnOf(name, func(a *Args) (Value, error) {
			z := c.Zone
			n, err := replaced(a, timeFields[3:], []int{t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1000}, &z)
			if err != nil {
				return nil, err
			}
			micros := ((int64(n[0])*60+int64(n[1]))*60+int64(n[2]))*1e6 + int64(n[3])
			return Time{Micros: micros, Zone: z}, checkTime(n[0], n[1], n[2], n[3])
		})
	}
	return nil, false, nil
}

// isoClockArg is isoClock with an argument timespec, nil for auto.
func isoClockArg(t time.Time, aware bool, spec Value) (string, error) {
	text := "auto"
	if spec != nil {
		s, ok := asStr(spec)
		if !ok {
			return "", TypeErrorf("isoformat() argument 2 must be str, not %s", argType(spec))
		}
		text = s
	}
	return isoClock(t, aware, text)
}

// isoClock is the time of day as isoformat(timespec=spec) writes it.
func isoClock(t time.Time, aware bool, spec string) (string, error) {
	us := t.Nanosecond() / 1000
	if spec == "auto" {
		spec = "seconds"
		if us != 0 {
			spec = "microseconds"
		}
	}
	var s string
	switch spec {
	case "hours":
		s = t.Format("15")
	case "minutes":
		s = t.Format("15:04")
	case "seconds":
		s = t.Format("15:04:05")
	case "milliseconds":
		s = t.Format("15:04:05") + fmt.Sprintf(".%03d", us/1000)
	case "microseconds":
		s = t.Format("15:04:05") + fmt.Sprintf(".%06d", us)
	default:
		return "", ValueErrorf("Unknown timespec value")
	}
	if aware {
		s += utcOffset(t, ":")
	}
	return s, nil
}

// TimeZone is datetime.timezone: an offset from UTC in seconds.
type TimeZone struct{ Offset int }

// Type implements Value.
func (*TimeZone) Type() string { return "timezone" }

func (*TimeZone) qualifiedType() string { return "datetime.timezone" }

// location is the zone for times; of nil, UTC.
func (z *TimeZone) location() *time.Location {
	if z == nil || z.Offset == 0 {
		return time.UTC
	}
	return time.FixedZone("", z.Offset)
}

// PyStr implements Stringer.
func (z *TimeZone) PyStr() (string, error) {
	if z.Offset == 0 {
		return "UTC", nil
	}
	return "UTC" + utcOffset(time.Unix(0, 0).In(z.location()), ":"), nil
}

// PyRepr implements Reprer.
func (z *TimeZone) PyRepr() (string, error) {
	if z.Offset == 0 {
		return "datetime.timezone.utc", nil
	}
	return "datetime.timezone(" + Repr(TimeDelta(int64(z.Offset)*1e6)) + ")", nil
}

// HashKey implements Hasher.
func (z *TimeZone) HashKey() (any, error) { return *z, nil }

// EqualTo implements Equaler.
func (z *TimeZone) EqualTo(other Value) (equal, known bool, err error) {
	o, ok := other.(*TimeZone)
	return ok && *o == *z, ok, nil
}

// Attr implements AttrGetter.
func (z *TimeZone) Attr(name string) (Value, bool, error) {
	switch name {
	case "utc":
		return &TimeZone{}, true, nil
	case "utcoffset", "tzname", "dst":
		return NewFunc(name, func(_ context.Context, a *Args) (Value, error) {
			v, err := oneArg("timezone."+name, a)
			if err != nil {
				return nil, err
			}
			if _, ok := v.(DateTime); !ok && v != None {
				return nil, TypeErrorf("%s(dt) argument must be a datetime instance or None, not %s", name, TypeName(v))
			}
			return zoneInfo(z, name), nil
		}), true, nil
	}
	return nil, false, nil
}

// zoneInfo is utcoffset(), tzname() or dst() of a zone, which may be nil.
func zoneInfo(z *TimeZone, name string) Value {
	switch {
	case z == nil || name == "dst":
		return None
	case name == "utcoffset":
		return TimeDelta(int64(z.Offset) * 1e6)
	}
	return Str(ToStr(z))
}
