package py

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Strftime is datetime.strftime in the C locale: all directives of C, and of
// glibc the flags _ - 0 ^ #, widths and the modifiers E and O. Without aware
// %z and %Z are empty.
func Strftime(t time.Time, aware bool, format string) string {
	b := make([]byte, 0, len(format)*2)
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b = append(b, format[i])
			continue
		}
		d, n := parseDirective(format[i+1:])
		if n == 0 {
			b = append(b, '%')
			continue
		}
		text, ok := d.expand(t, aware)
		if !ok { // unknown: as it stands
			text = format[i : i+1+n]
		}
		b = append(b, text...)
		i += n
	}
	return string(b)
}

// directive is %[flag][width][E or O]conv.
type directive struct {
	flag  byte
	width int
	conv  byte
}

// parseDirective reads what follows a percent sign; n is 0 when nothing does.
func parseDirective(s string) (d directive, n int) {
	for n < len(s) && strings.IndexByte("_-0^#", s[n]) >= 0 {
		d.flag = s[n]
		n++
	}
	for n < len(s) && isDigit(s[n]) {
		d.width = min(d.width*10+int(s[n]-'0'), 1024)
		n++
	}
	if n+1 < len(s) && (s[n] == 'E' || s[n] == 'O') {
		n++
	}
	if n >= len(s) {
		return d, 0
	}
	d.conv = s[n]
	return d, n + 1
}

// number pads with zeros, or with blanks.
func (d directive) number(n, width int, pad byte) string {
	switch d.flag {
	case '-':
		return strconv.Itoa(n)
	case '_':
		pad = ' '
	case '0':
		pad = '0'
	}
	s := strconv.Itoa(n)
	if fill := max(width, d.width) - len(s); fill > 0 {
		s = strings.Repeat(string(pad), fill) + s
	}
	return s
}

func (d directive) text(s string) string {
	switch {
	case d.flag == '^':
		s = strings.ToUpper(s)
	case d.flag == '#' && (d.conv == 'p' || d.conv == 'Z'):
		s = strings.ToLower(s)
	case d.flag == '#':
		s = strings.ToUpper(s)
	}
	if fill := d.width - len(s); fill > 0 {
		pad := " "
		if d.flag == '0' {
			pad = "0"
		}
		s = strings.Repeat(pad, fill) + s
	}
	return s
}

func (d directive) expand(t time.Time, aware bool) (string, bool) {
	if s, ok := d.numeric(t); ok {
		return s, true
	}
	sub := func(format string) string { return d.text(Strftime(t, aware, format)) }
	switch d.conv {
	case 'a':
		return d.text(t.Weekday().String()[:3]), true
	case 'A':
		return d.text(t.Weekday().String()), true
	case 'b', 'h':
		return d.text(t.Month().String()[:3]), true
	case 'B':
		return d.text(t.Month().String()), true
	case 'c':
		return sub("%a %b %e %H:%M:%S %Y"), true
	case 'D', 'x':
		return sub("%m/%d/%y"), true
	case 'F':
		return sub("%Y-%m-%d"), true
	case 'n':
		return "\n", true
	case 't':
		return "\t", true
	case '%':
		return "%", true
	case 'p':
		return d.text(t.Format("PM")), true
	case 'P':
		return d.text(t.Format("pm")), true
	case 'r':
		return sub("%I:%M:%S %p"), true
	case 'R':
		return sub("%H:%M"), true
	case 'T', 'X':
		return sub("%H:%M:%S"), true
	case 'f':
		return fmt.Sprintf("%06d", t.Nanosecond()/1000), true
	case 'z':
		if !aware {
			return "", true
		}
		return utcOffset(t, ""), true
	case 'Z':
		if !aware {
			return "", true
		}
		return zoneName(t), true
	}
	return "", false
}

func (d directive) numeric(t time.Time) (string, bool) {
	isoYear, isoWeek := t.ISOWeek()
	yday, wday := t.YearDay()-1, int(t.Weekday())
	hour12 := (t.Hour()+11)%12 + 1
	switch d.conv {
	case 'C':
		return d.number(t.Year()/100, 1, '0'), true
	case 'd':
		return d.number(t.Day(), 2, '0'), true
	case 'e':
		return d.number(t.Day(), 2, ' '), true
	case 'g':
		return d.number(isoYear%100, 2, '0'), true
	case 'G':
		return d.number(isoYear, 1, '0'), true
	case 'H':
		return d.number(t.Hour(), 2, '0'), true
	case 'I':
		return d.number(hour12, 2, '0'), true
	case 'j':
		return d.number(t.YearDay(), 3, '0'), true
	case 'k':
		return d.number(t.Hour(), 2, ' '), true
	case 'l':
		return d.number(hour12, 2, ' '), true
	case 'm':
		return d.number(int(t.Month()), 2, '0'), true
	case 'M':
		return d.number(t.Minute(), 2, '0'), true
	case 's':
		return strconv.FormatInt(t.Unix(), 10), true
	case 'S':
		return d.number(t.Second(), 2, '0'), true
	case 'u':
		return d.number((wday+6)%7+1, 1, '0'), true
	case 'U':
		return d.number((yday+7-wday)/7, 2, '0'), true
	case 'V':
		return d.number(isoWeek, 2, '0'), true
	case 'w':
		return d.number(wday, 1, '0'), true
	case 'W':
		return d.number((yday+7-(wday+6)%7)/7, 2, '0'), true
	case 'y':
		return d.number(t.Year()%100, 2, '0'), true
	case 'Y':
		return d.number(t.Year(), 1, '0'), true
	}
	return "", false
}

// utcOffset is +HHMM with colon between, and seconds when there are any.
func utcOffset(t time.Time, colon string) string {
	_, off := t.Zone()
	mark := "+"
	if off < 0 {
		mark, off = "-", -off
	}
	s := fmt.Sprintf("%s%02d%s%02d", mark, off/3600, colon, off/60%60)
	if off%60 != 0 {
		s += fmt.Sprintf("%s%02d", colon, off%60)
	}
	return s
}

// zoneName is what datetime.timezone names itself, or the zone's own name.
func zoneName(t time.Time) string {
	name, off := t.Zone()
	switch {
	case name != "" && (name[0] < '+' || name[0] > '9'):
		return name
	case off == 0:
		return "UTC"
	}
	return "UTC" + utcOffset(t, ":")
}

// TimeOf is datetime.fromtimestamp: a number of seconds in the time zone loc.
// Beyond the years 1 to 9999 it is a ValueError.
func TimeOf(seconds Value, loc *time.Location) (time.Time, error) {
	f, ok, err := asFloat(seconds)
	if err != nil {
		return time.Time{}, err
	}
	if !ok {
		return time.Time{}, TypeErrorf("'%s' object cannot be interpreted as an integer", TypeName(seconds))
	}
	if math.IsNaN(f) {
		return time.Time{}, ValueErrorf("cannot convert float NaN to integer")
	}
	if f < -62135596800 || f > 253402300799.999999 {
		return time.Time{}, ValueErrorf("year is out of range")
	}
	whole := math.Floor(f)
	micro := math.RoundToEven((f - whole) * 1e6)
	return time.Unix(int64(whole), int64(micro)*1000).In(loc), nil
}
