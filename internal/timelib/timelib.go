// Package timelib reads the dates that Salt's strftime filter takes: those of
// the Python module timelib 0.3, which is PHP's strtotime. Time zones are read
// and passed over, and fractions of a second are dropped, as there.
//
// The text is a row of parts (a date, a time, a zone, "+1 week", "monday") in
// any order. At each place the part that takes most of the text wins.
package timelib

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxLength bounds the text; no date is nearly as long.
const maxLength = 256

// Parse returns the time that text means, with now for what it leaves open.
// Date and time are in UTC.
func Parse(text string, now time.Time) (time.Time, error) {
	fail := func(why string) (time.Time, error) { return time.Time{}, fmt.Errorf("%q: no date: %s", text, why) }
	if len(text) > maxLength {
		return fail("it is too long")
	}
	text, _, _ = strings.Cut(text, "\x00") // C reads no further
	rest := strings.TrimSpace(text)
	if rest == "" {
		return fail("it is empty")
	}
	p := &parser{now: now.UTC()}
	for {
		rest = strings.TrimLeft(rest, " \t,;.")
		if rest == "" {
			break
		}
		best, apply := -1, (func(*parser, []string) bool)(nil)
		var groups []string
		for _, f := range formats() {
			m := f.re.FindStringSubmatch(rest)
			if m == nil || len(m[0]) <= best || !endsWell(rest, len(m[0])) {
				continue
			}
			best, apply, groups = len(m[0]), f.apply, m
		}
		if best <= 0 {
			return fail("unexpected " + strconv.Quote(rest))
		}
		if !apply(p, groups) {
			return fail("bad value in " + strconv.Quote(groups[0]))
		}
		rest = rest[best:]
	}
	t, ok := p.result()
	if !ok {
		return fail("it is out of range")
	}
	return t, nil
}

// endsWell says whether a part may end there: neither a number nor a word is
// cut in two.
func endsWell(s string, n int) bool {
	if n >= len(s) || n == 0 {
		return true
	}
	class := func(c byte) int {
		switch {
		case c >= '0' && c <= '9':
			return 1
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			return 2
		}
		return 0
	}
	k := class(s[n-1])
	return k == 0 || class(s[n]) != k
}

type parser struct {
	now              time.Time
	haveDate         bool
	year, month, day int
	haveTime         bool
	h, m, s          int
	midnight         bool // a part that clears the time of day
	absolute         *time.Time

	// relative parts
	years, months, days, secs int
	weekday                   int // -1: none
	haveWeekday               bool
	weekdayStep               int // 0: this or the next one; else so many on
}

func (p *parser) setDate(y, m, d int) bool {
	if p.haveDate || m > 12 || d > 31 {
		return false
	}
	p.haveDate, p.year, p.month, p.day = true, y, m, d
	return true
}

func (p *parser) setTime(h, m, s int) bool {
	if p.haveTime || h > 23 || m > 59 || s > 60 {
		return false
	}
	p.haveTime, p.h, p.m, p.s = true, h, m, s
	return true
}

func (p *parser) result() (time.Time, bool) {
	y, mo, d := p.now.Date()
	year, month, day := y, int(mo), d
	h, m, s := p.now.Clock()
	if p.absolute != nil {
		y, mo, d = p.absolute.Date()
		year, month, day = y, int(mo), d
		h, m, s = p.absolute.Clock()
	}
	if p.haveDate {
		if p.year != keepYear {
			year = p.year
		}
		month, day = p.month, p.day
		h, m, s = 0, 0, 0
	}
	if p.midnight || p.haveWeekday {
		h, m, s = 0, 0, 0
	}
	if p.haveTime {
		h, m, s = p.h, p.m, p.s
	}
	t := time.Date(year+p.years, time.Month(month+p.months), day+p.days, h, m, s+p.secs, 0, time.UTC)
	if p.haveWeekday {
		ahead := (p.weekday - int(t.Weekday()) + 7) % 7
		switch {
		case p.weekdayStep > 0 && ahead == 0:
			ahead = 7 * p.weekdayStep
		case p.weekdayStep > 0:
			ahead += 7 * (p.weekdayStep - 1)
		case p.weekdayStep < 0 && ahead == 0:
			ahead = 7 * p.weekdayStep
		case p.weekdayStep < 0:
			ahead += 7 * p.weekdayStep
		}
		t = t.AddDate(0, 0, ahead)
	}
	return t, t.Year() >= 1 && t.Year() <= 9999
}

// keepYear is the year of a date that names none.
const keepYear = -1

// atoi reads digits that a pattern has checked; "" is 0.
func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// year reads a year; of two digits it is in 1970 to 2069.
func year(s string) int {
	n := atoi(s)
	switch {
	case len(s) >= 4:
	case n < 70:
		n += 2000
	case n < 100:
		n += 1900
	}
	return n
}

var monthNames = [...]string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

var dayNames = [...]string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// named finds the name that s starts, which is a whole name or its first
// letters.
func named(names []string, s string) int {
	s = strings.ToLower(s)
	for i, n := range names {
		if strings.HasPrefix(n, s) {
			return i
		}
	}
	return 8 // "sept" is september's other short form
}

// The pieces of the patterns.
const (
	reMonth   = `(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)`
	reDay     = `(3[01]|[0-2]?[0-9])`
	reMonNum  = `(1[0-2]|0?[0-9])`
	reWeekday = `(sun(?:day)?|mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:r(?:s(?:day)?)?)?|fri(?:day)?|sat(?:ur(?:day)?)?)`
	reUnit    = `(sec(?:ond)?s?|min(?:ute)?s?|hours?|days?|weeks?|fortnights?|forthnights?|months?|years?)`
	reSuffix  = `(?:st|nd|rd|th)?`
	reSep     = `[ \t.-]*`
)

type format struct {
	re    *regexp.Regexp
	apply func(p *parser, g []string) bool
}

func rule(pattern string, apply func(p *parser, g []string) bool) format {
	return format{regexp.MustCompile(`(?i)^(?:` + pattern + `)`), apply}
}

// date makes a rule of a pattern whose groups are the year, month and day in
// the given order ("ymd"; "Y" is a year of any length, "n" a month's name).
func date(pattern, order string) format {
	return rule(pattern, func(p *parser, g []string) bool {
		y, m, d := keepYear, 1, 1
		for i, c := range order {
			switch s := g[i+1]; c {
			case 'y':
				y = year(s)
			case 'm':
				m = atoi(s)
			case 'n':
				m = named(monthNames[:], s) + 1
			case 'd':
				d = atoi(s)
			}
		}
		return p.setDate(y, m, d)
	})
}
