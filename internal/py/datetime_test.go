package py_test

import (
	"testing"
	"time"

	"pinch/internal/py"
)

func TestStrftime(t *testing.T) {
	at := time.Date(2024, 2, 9, 3, 4, 5, 678000, time.UTC)
	zone := func(seconds int) time.Time { return at.In(time.FixedZone("", seconds)) }
	tests := []struct {
		t      time.Time
		aware  bool
		format string
		want   string
	}{
		{at, false, "%a %A %b %B|%c|%C|%d|%D|%e|%F|%g|%G|%h|%H|%I|%j|%k|%l|%m|%M|%n|%p|%P|%r|%R|%S|%t|%T|%u|%U|%V|%w|%W|%x|%X|%y|%Y|%%|%f",
			"Fri Friday Feb February|Fri Feb  9 03:04:05 2024|20|09|02/09/24| 9|2024-02-09|24|2024|Feb|03|03|040| 3| 3|02|04|\n|AM|am|03:04:05 AM|03:04|05|\t|03:04:05|5|05|06|5|06|02/09/24|03:04:05|24|2024|%|000678"},
		{at, false, "%z|%Z|%Q|%-d|%_d|%0e|%^a|%#a|%#p|%10Y|%-H|%Ey|%Od|%5d|%", "||%Q|9| 9|09|FRI|FRI|am|0000002024|3|24|09|00009|%"},
		{at, true, "%z %Z %s", "+0000 UTC 1707447845"},
		{zone(-19800), true, "%z %Z", "-0530 UTC-05:30"},
		{zone(3661), true, "%z %Z", "+010101 UTC+01:01:01"},
		{time.Date(5, 1, 1, 0, 0, 0, 0, time.UTC), false, "%Y %y %C %G", "5 05 0 4"},
		{time.Date(2024, 12, 30, 0, 0, 0, 0, time.UTC), false, "%G-%V %U %W %j", "2025-01 52 53 365"},
		{time.Date(2021, 1, 3, 12, 30, 0, 0, time.UTC), false, "%G-%V %U %W %u %w %I %p", "2020-53 01 00 7 0 12 PM"},
		{at, false, "é日", "é日"},
	}
	for _, tt := range tests {
		if got := py.Strftime(tt.t, tt.aware, tt.format); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.format, got, tt.want)
		}
	}
}

func TestDatetimeValues(t *testing.T) {
	names := pythonNames()
	day := func(d int) time.Time { return time.Date(2024, 1, d, 0, 0, 0, 0, time.UTC) }
	names["d1"], names["d2"] = py.DateTime{T: day(1)}, py.DateTime{T: day(2)}
	names["u1"] = py.DateTime{T: day(1), Aware: true}
	names["day"], names["day2"] = py.Date{Year: 2024, Month: 1, Day: 2}, py.Date{Year: 2023, Month: 1, Day: 1}
	names["last"] = py.DateTime{T: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)}
	names["one"], names["odd"] = py.TimeDelta(86400e6), py.TimeDelta(100*86400e6+3661e6+5)
	names["neg"] = py.TimeDelta(-86400e6 + 5e6)
	for expr, want := range map[string]string{
		"repr(d2-d1)":                   "'datetime.timedelta(days=1)'",
		"repr(d1+one)":                  "'datetime.datetime(2024, 1, 2, 0, 0)'",
		"repr(d1-one)":                  "'datetime.datetime(2023, 12, 31, 0, 0)'",
		"repr(day-day2)":                "'datetime.timedelta(days=366)'",
		"repr(day+one*5)":               "'datetime.date(2024, 1, 7)'",
		"str(odd)":                      "'100 days, 1:01:01.000005'",
		"str(neg)":                      "'-1 day, 0:00:05'",
		"repr(neg)":                     "'datetime.timedelta(days=-1, seconds=5)'",
		"str(one-one)":                  "'0:00:00'",
		"one*5/(one*2)":                 "2.5",
		"repr(one*5//2)":                "'datetime.timedelta(days=2, seconds=43200)'",
		"one<one*2":                     "True",
		"bool(one-one)":                 "False",
		"repr(-one)":                    "'datetime.timedelta(days=-1)'",
		"abs(-one)==one":                "True",
		"d1<d2":                         "True",
		"d1==u1":                        "False",
		"d1==day":                       "False",
		"day<d1":                        "TypeError: can't compare datetime.datetime to datetime.date",
		"d1<u1":                         "TypeError: can't compare offset-naive and offset-aware datetimes",
		"d1+5":                          "TypeError: unsupported operand type(s) for +: 'datetime.datetime' and 'int'",
		"d1*2":                          "TypeError: unsupported operand type(s) for *: 'datetime.datetime' and 'int'",
		"last+one":                      "OverflowError: date value out of range",
		"'{:%d.%m}'.format(d2)":         "'02.01'",
		"format(day,'')":                "'2024-01-02'",
		"day.strftime('%H')":            "'00'",
		"d1.strftime(5)":                "TypeError: strftime() argument 1 must be str, not int",
		"d1.strftime()":                 "TypeError: strftime() missing required argument 'format' (pos 1)",
		"d1.foo":                        "AttributeError: 'datetime.datetime' object has no attribute 'foo'",
		"(d1.year, d1.weekday())":       "(2024, 0)",
		"d1.isoformat()":                "'2024-01-01T00:00:00'",
		"d1.isoformat(' ')":             "'2024-01-01 00:00:00'",
		"d1.timestamp()":                "1704067200.0",
		"d1.toordinal()":                "738886",
		"one.total_seconds()":           "86400.0",
		"{d1:1}[d1]":                    "1",
		"repr(d1.date())":               "'datetime.date(2024, 1, 1)'",
		"sorted([d2,d1])==[d1,d2]":      "True",
		"str(u1)":                       "'2024-01-01 00:00:00+00:00'",
		"'%s' % day":                    "'2024-01-02'",
		"max(day,day2)==day":            "True",
		"(one*3).days":                  "3",
		"repr(one/0)":                   "ZeroDivisionError: integer division or modulo by zero",
		"repr(d1.ctime())":              `"'Mon Jan  1 00:00:00 2024'"`,
		"repr(one%(one*2))":             "'datetime.timedelta(days=1)'",
		"day.isoformat()":               "'2024-01-02'",
		"d1!=d2":                        "True",
		"day in {day: 1}":               "True",
		"(d1 - d2).total_seconds() < 0": "True",
	} {
		v, err := evalPython(expr, names)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = py.Repr(v)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", expr, got, want)
		}
	}
}
