package py

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Date is datetime.date. Salt's own loader keeps dates as text; only
// salt.serializers.yaml makes them.
type Date struct{ Year, Month, Day int }

// Type implements Value.
func (Date) Type() string { return "date" }

// ISO is isoformat().
func (d Date) ISO() string { return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day) }

// PyStr implements Stringer.
func (d Date) PyStr() (string, error) { return d.ISO(), nil }

// PyRepr implements Reprer.
func (d Date) PyRepr() (string, error) {
	return fmt.Sprintf("datetime.date(%d, %d, %d)", d.Year, d.Month, d.Day), nil
}

// DateTime is datetime.datetime. It is aware when Aware is set: the offset
// from UTC is then that of T's location. T has whole microseconds.
type DateTime struct {
	T     time.Time
	Aware bool
}

// Type implements Value.
func (DateTime) Type() string { return "datetime" }

// ISO is isoformat(sep).
func (d DateTime) ISO(sep string) string {
	var b strings.Builder
	b.WriteString(d.T.Format("2006-01-02"))
	b.WriteString(sep)
	b.WriteString(d.T.Format("15:04:05"))
	if us := d.T.Nanosecond() / 1000; us != 0 {
		fmt.Fprintf(&b, ".%06d", us)
	}
	if !d.Aware {
		return b.String()
	}
	b.WriteString(utcOffset(d.T, ":"))
	return b.String()
}

// PyStr implements Stringer.
func (d DateTime) PyStr() (string, error) { return d.ISO(" "), nil }

// PyRepr implements Reprer.
func (d DateTime) PyRepr() (string, error) {
	parts := []int{d.T.Year(), int(d.T.Month()), d.T.Day(), d.T.Hour(), d.T.Minute()}
	us := d.T.Nanosecond() / 1000
	if d.T.Second() != 0 || us != 0 {
		parts = append(parts, d.T.Second())
	}
	if us != 0 {
		parts = append(parts, us)
	}
	var b strings.Builder
	b.WriteString("datetime.datetime(")
	for i, p := range parts {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(p))
	}
	if d.Aware {
		b.WriteString(", tzinfo=datetime.timezone")
		_, off := d.T.Zone()
		switch {
		case off == 0:
			b.WriteString(".utc")
		case off < 0:
			fmt.Fprintf(&b, "(datetime.timedelta(days=-1, seconds=%d))", off+86400)
		default:
			fmt.Fprintf(&b, "(datetime.timedelta(seconds=%d))", off)
		}
	}
	b.WriteByte(')')
	return b.String(), nil
}
