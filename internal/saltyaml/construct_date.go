package saltyaml

import (
	"regexp"
	"strconv"
	"time"

	"pinch/internal/py"
)

// datePattern takes a timestamp apart: year, month, day, hour, minute,
// second, fraction, zone, its sign, its hours and minutes.
var datePattern = regexp.MustCompile(`^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})` +
	`(?:(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?` +
	`(?:[ \t]*(Z|([-+])([0-9]{1,2})(?::([0-9]{2}))?))?)?$`)

// date reads a timestamp as PyYAML does: a date, or a date and time, which
// knows its zone when one is given.
func (c *constructor) date(n *node, s string) (py.Value, error) {
	m := datePattern.FindStringSubmatch(s)
	if m == nil {
		return nil, newPlain("AttributeError", "'NoneType' object has no attribute 'groupdict'", &n.start)
	}
	num := func(i int) int {
		v, err := strconv.Atoi(m[i])
		if err != nil {
			return 0 // an empty group
		}
		return v
	}
	year, month, day := num(1), num(2), num(3)
	problem := ""
	switch {
	case year < 1:
		problem = "year " + strconv.Itoa(year) + " is out of range"
	case month < 1 || month > 12:
		problem = "month must be in 1..12"
	case day < 1 || day > time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day():
		problem = "day is out of range for month"
	case num(4) > 23:
		problem = "hour must be in 0..23"
	case num(5) > 59:
		problem = "minute must be in 0..59"
	case num(6) > 59:
		problem = "second must be in 0..59"
	case num(10)*60+num(11) >= 24*60:
		problem = "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24)."
	}
	if problem != "" {
		return nil, newPlain("ValueError", problem, &n.start)
	}
	if m[4] == "" {
		return py.Date{Year: year, Month: month, Day: day}, nil
	}
	micro, err := strconv.Atoi((m[7] + "000000")[:6])
	if err != nil {
		return nil, err
	}
	zone := time.UTC
	if m[9] != "" {
		offset := num(10)*3600 + num(11)*60
		if m[9] == "-" {
			offset = -offset
		}
		zone = time.FixedZone("", offset)
	}
	t := time.Date(year, time.Month(month), day, num(4), num(5), num(6), micro*1000, zone)
	return py.DateTime{T: t, Aware: m[8] != ""}, nil
}
