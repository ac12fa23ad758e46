package py

import (
	"fmt"
	"strings"
	"time"
)

// This file reads dates and times in the forms of ISO 8601.

func badISO(s string) error { return ValueErrorf("Invalid isoformat string: %s", Repr(Str(s))) }

func isoText(name string, a *Args) (string, error) {
	v, err := oneArg(name, a)
	if err != nil {
		return "", err
	}
	s, ok := asStr(v)
	if !ok {
		return "", TypeErrorf("fromisoformat: argument must be str")
	}
	return s, nil
}

// isoDate reads YYYY-MM-DD, YYYYMMDD, YYYY-Www-D and YYYYWwwD; n is how much
// of the text that is.
func isoDate(s string) (t time.Time, n int, ok bool) {
	var y, m, d, w int
	scan := func(format string, length int, vals ...any) bool {
		if len(s) < length {
			return false
		}
		k, err := fmt.Sscanf(s[:length], format, vals...)
		n = length
		return err == nil && k == len(vals)
	}
	digits := func(at ...int) bool {
		for _, i := range at {
			if i >= len(s) || !isDigit(s[i]) {
				return false
			}
		}
		return true
	}
	if !digits(0, 1, 2, 3) || len(s) < 7 {
		return t, 0, false
	}
	day := 1
	switch {
	case s[4] == '-' && s[5] == 'W' && len(s) >= 10 && s[8] == '-' && digits(6, 7, 9):
		ok = scan("%4d-W%2d-%1d", 10, &y, &w, &day)
	case s[4] == '-' && s[5] == 'W' && digits(6, 7):
		ok = scan("%4d-W%2d", 8, &y, &w)
	case s[4] == 'W' && digits(5, 6, 7):
		ok = scan("%4dW%2d%1d", 8, &y, &w, &day)
	case s[4] == 'W' && digits(5, 6):
		ok = scan("%4dW%2d", 7, &y, &w)
	case s[4] == '-' && len(s) >= 10 && s[7] == '-' && digits(5, 6, 8, 9):
		ok = scan("%4d-%2d-%2d", 10, &y, &m, &d)
	case digits(4, 5, 6, 7):
		ok = scan("%4d%2d%2d", 8, &y, &m, &d)
	}
	if !ok {
		return t, 0, false
	}
	if w > 0 {
		if w > 53 || day < 1 || day > 7 || y < 1 {
			return t, 0, false
		}
		return isoMonday(y, w).AddDate(0, 0, day-1), n, true
	}
	if m < 1 || m > 12 || y < 1 || d < 1 || checkDate(y, m, d) != nil {
		return t, 0, false
	}
	return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC), n, true
}

// dateTimeFromISO is datetime.fromisoformat.
func dateTimeFromISO(a *Args) (Value, error) {
	s, err := isoText("datetime.fromisoformat", a)
	if err != nil {
		return nil, err
	}
	day, n, ok := isoDate(s)
	if !ok {
		return nil, badISO(s)
	}
	if n == len(s) {
		return DateTime{T: day}, nil
	}
	_, w := decodeRune(s[n:])
	rest := s[n+w:]
	zone, clock, aware := "", rest, false
	if i := strings.IndexAny(rest, "+-Z"); i >= 0 {
		clock, zone, aware = rest[:i], rest[i:], true
	}
	h, m, sec, us, ok := isoClockParts(clock)
	if !ok {
		return nil, badISO(s)
	}
	if err := checkTime(h, m, sec, us); err != nil {
		return nil, err
	}
	z := &TimeZone{}
	if aware && zone != "Z" {
		zh, zm, zs, _, ok := isoClockParts(zone[1:])
		if !ok || zm > 59 || zs > 59 || zh > 23 {
			return nil, badISO(s)
		}
		z.Offset = zh*3600 + zm*60 + zs
		if zone[0] == '-' {
			z.Offset = -z.Offset
		}
	}
	return DateTime{T: time.Date(day.Year(), day.Month(), day.Day(), h, m, sec, us*1000, z.location()), Aware: aware}, nil
}

// isoClockParts reads HH[:MM[:SS[.ffffff]]], with or without colons.
func isoClockParts(s string) (h, m, sec, us int, ok bool) {
	var out [3]int
	colons := len(s) > 2 && s[2] == ':'
	for i := range out {
		if s == "" && i > 0 {
			break
		}
		if i > 0 && colons {
			if s[0] != ':' {
				return 0, 0, 0, 0, false
			}
			s = s[1:]
		}
		if len(s) < 2 || !isDigit(s[0]) || !isDigit(s[1]) {
			return 0, 0, 0, 0, false
		}
		out[i] = int(s[0]-'0')*10 + int(s[1]-'0')
		s = s[2:]
		if i == 2 && s != "" {
			if s[0] != '.' && s[0] != ',' || len(s) < 2 {
				return 0, 0, 0, 0, false
			}
			for k := 1; k < len(s); k++ {
				if !isDigit(s[k]) {
					return 0, 0, 0, 0, false
				}
				if k <= 6 {
					us = us*10 + int(s[k]-'0')
				}
			}
			for k := len(s); k <= 6; k++ {
				us *= 10
			}
			s = ""
		}
	}
	return out[0], out[1], out[2], us, s == ""
}
