package timelib

import (
	"strconv"
	"strings"
	"sync"
	"time"
)

// formats are the parts that a date can have. Of two that take the same text
// the first wins. They are made when a date is first
// read: some hundred expressions, for one filter.
var formats = sync.OnceValue(func() []format {
	return []format{
		rule(`now`, func(*parser, []string) bool { return true }),
		rule(`today|midnight`, func(p *parser, _ []string) bool { p.midnight = true; return true }),
		rule(`noon`, func(p *parser, _ []string) bool { return p.setTime(12, 0, 0) }),
		rule(`tomorrow`, func(p *parser, _ []string) bool { p.midnight = true; p.days++; return true }),
		rule(`yesterday`, func(p *parser, _ []string) bool { p.midnight = true; p.days--; return true }),
		rule(`@(-?[0-9]{1,12})`, timestamp),

		// Times before dates: of four digits the time wins over the year.
		rule(`t?([01]?[0-9]|2[0-3])[:.]([0-5]?[0-9])(?:[:.](60|[0-5]?[0-9])(?:[.,:][0-9]+)?)?`, clock),
		rule(`(t?)([01][0-9]|2[0-3])([0-5][0-9])`, func(p *parser, g []string) bool {
			if p.haveTime && g[1] == "" { // "13:14:15 2002"
				return setYear(p, atoi(g[2]+g[3]))
			}
			return p.setTime(atoi(g[2]), atoi(g[3]), 0)
		}),
		rule(`t([01][0-9]|2[0-3])([0-5][0-9])(60|[0-5][0-9])`, clock),
		rule(`(1[0-2]|0?[1-9])(?:[:.]([0-5]?[0-9])(?:[:.](60|[0-5]?[0-9]))?)?[ \t]*([ap])\.?m\.?`, clock12),

		date(`([0-9]{4})/`+reMonNum+`/`+reDay, "ymd"),
		date(`[+-]?([0-9]{4})-`+reMonNum+`-`+reDay, "ymd"),
		date(`([0-9]{1,4})-`+reMonNum+`-`+reDay, "ymd"),
		date(`([0-9]{4})-`+reMonNum, "ym"),
		date(`([0-9]{4})(0[0-9]|1[0-2])([0-2][0-9]|3[01])`, "ymd"),
		date(reMonNum+`/`+reDay+`/([0-9]{1,4})`, "mdy"),
		date(reMonNum+`/`+reDay, "md"),
		date(reDay+`[.\t-]`+reMonNum+`[.-]([0-9]{4})`, "dmy"),
		date(reDay+`[.\t]`+reMonNum+`\.([0-9]{2})`, "dmy"),
		date(reDay+reSuffix+reSep+reMonth+reSep+`([0-9]{1,4})`, "dny"),
		date(reMonth+reSep+reDay+reSuffix+`[,. \t-]+([0-9]{4})`, "ndy"),
		date(reMonth+`-`+`([0-2][0-9]|3[01])-([0-9]{1,4})`, "ndy"),
		date(`([0-9]{2,4})-`+reMonth+`-`+`([0-2]?[0-9]|3[01])`, "ynd"),
		date(reDay+reSuffix+reSep+reMonth, "dn"),
		date(reMonth+reSep+`([0-9]{4})`, "ny"),
		date(`([0-9]{4})`+reSep+reMonth, "yn"),
		date(reMonth+reSep+reDay+reSuffix, "nd"),
		rule(reMonth, func(p *parser, g []string) bool {
			return p.setDate(keepYear, named(monthNames[:], g[1])+1, p.now.Day())
		}),
		rule(`([0-9]{4})`, func(p *parser, g []string) bool { return setYear(p, atoi(g[1])) }),
		rule(`([0-9]{4})-?w([0-5][0-9])(?:-?([0-7]))?`, isoWeek),

		// Dates with a time in one piece.
		rule(`([0-9]{4})(0[0-9]|1[0-2])([0-2][0-9]|3[01])t?([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9])`, dateTime),
		rule(`([0-9]{4})(0[0-9]|1[0-2])([0-2][0-9]|3[01])t([01]?[0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])`, dateTime),
		rule(reDay+`/`+reMonth+`/([0-9]{4}):([01]?[0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])`, func(p *parser, g []string) bool {
			return p.setDate(atoi(g[3]), named(monthNames[:], g[2])+1, atoi(g[1])) && p.setTime(atoi(g[4]), atoi(g[5]), atoi(g[6]))
		}),

		// Time zones say nothing here.
		rule(`\(?(?:gmt|utc)?[+-](?:[01]?[0-9]|2[0-3])(?::?[0-5][0-9])?\)?`, ignore),
		rule(`\(?`+reZone+`\)?`, ignore),
		rule(`(?:africa|america|antarctica|arctic|asia|atlantic|australia|europe|indian|pacific|etc)/[a-z_]+(?:/[a-z_]+)?`, ignore),

		// Relative parts.
		rule(`([+-]*)[ \t]*([0-9]{1,9})[ \t]*`+reUnit+`([ \t]+ago)?`, amount),
		rule(`(next|last|previous|this)[ \t]+`+reUnit, func(p *parser, g []string) bool { return p.add(step(g[1]), g[2]) }),
		rule(`(next|last|previous|this)[ \t]+`+reWeekday, func(p *parser, g []string) bool {
			return p.onWeekday(g[2], step(g[1]))
		}),
		rule(reWeekday, func(p *parser, g []string) bool { return p.onWeekday(g[1], 0) }),
	}
})

// setYear is a year on its own: that of a date which has none yet, else of now.
func setYear(p *parser, y int) bool {
	switch {
	case p.haveDate && p.year == keepYear:
		p.year = y
	case p.haveDate:
		return false
	default:
		p.years = y - p.now.Year()
	}
	return true
}

func ignore(*parser, []string) bool { return true }

func timestamp(p *parser, g []string) bool {
	n, err := strconv.ParseInt(g[1], 10, 64)
	if err != nil {
		return false
	}
	t := time.Unix(n, 0).UTC()
	p.absolute = &t
	return true
}

func clock(p *parser, g []string) bool {
	s := 0
	if len(g) > 3 {
		s = atoi(g[3])
	}
	return p.setTime(atoi(g[1]), atoi(g[2]), s)
}

func clock12(p *parser, g []string) bool {
	h := atoi(g[1]) % 12
	if strings.EqualFold(g[4], "p") {
		h += 12
	}
	return p.setTime(h, atoi(g[2]), atoi(g[3]))
}

func dateTime(p *parser, g []string) bool {
	return p.setDate(atoi(g[1]), atoi(g[2]), atoi(g[3])) && p.setTime(atoi(g[4]), atoi(g[5]), atoi(g[6]))
}

// isoWeek is a day of an ISO 8601 week, Monday when it names none.
func isoWeek(p *parser, g []string) bool {
	day := 1
	if g[3] != "" {
		day = atoi(g[3])
	}
	y := atoi(g[1])
	fourth := time.Date(y, 1, 4, 0, 0, 0, 0, time.UTC) // is in week 1
	monday := 4 - (int(fourth.Weekday())+6)%7
	t := time.Date(y, 1, monday+7*(atoi(g[2])-1)+day-1, 0, 0, 0, 0, time.UTC)
	return p.setDate(t.Year(), int(t.Month()), t.Day())
}

func amount(p *parser, g []string) bool {
	n := atoi(g[2])
	if strings.Count(g[1], "-")%2 == 1 {
		n = -n
	}
	if g[4] != "" {
		n = -n
	}
	return p.add(n, g[3])
}

func step(word string) int {
	switch strings.ToLower(word) {
	case "next":
		return 1
	case "last", "previous":
		return -1
	}
	return 0
}

func (p *parser) add(n int, unit string) bool {
	unit = strings.ToLower(unit)
	field, factor := &p.secs, 1
	switch {
	case strings.HasPrefix(unit, "sec"):
	case strings.HasPrefix(unit, "min"):
		factor = 60
	case strings.HasPrefix(unit, "hour"):
		factor = 3600
	case strings.HasPrefix(unit, "day"):
		field = &p.days
	case strings.HasPrefix(unit, "week"):
		field, factor = &p.days, 7
	case strings.HasPrefix(unit, "fort"):
		field, factor = &p.days, 14
	case strings.HasPrefix(unit, "month"):
		field = &p.months
	default:
		field = &p.years
	}
	*field += n * factor
	return true
}

func (p *parser) onWeekday(name string, step int) bool {
	if p.haveDate && step == 0 { // "Wed, 25 Dec 2002": the date has the say
		return true
	}
	p.haveWeekday, p.weekday, p.weekdayStep = true, named(dayNames[:], name), step
	return true
}
