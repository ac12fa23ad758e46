package output

import (
	"math"
	"strconv"
	"strings"

	"pinch/internal/py"
)

// labelWidth is the length of the longest label, "Succeeded".
const labelWidth = 9

// summary appends the counts of a host.
func (h *hostReport) summary() error {
	total := int64(0)
	digits := 0
	count := func(result py.Value) (int64, error) {
		v, _, err := h.counts.Get(result)
		if err != nil || v == nil {
			return 0, err
		}
		i, _ := py.AsInt(v)
		return i, nil
	}
	for _, v := range h.counts.All() {
		i, _ := py.AsInt(v)
		total += i
		digits = max(digits, len(strconv.FormatInt(i, 10)))
	}
	if h.warned > 0 {
		digits = max(digits, len(strconv.Itoa(h.warned)))
	}
	width := labelWidth + digits + 2
	line := func(color, label, value string) {
		h.add(color, label+": "+rjust(value, width-len(label)-2))
	}
	number := func(i int64) string { return strconv.FormatInt(i, 10) }

	good, err := count(py.True)
	if err != nil {
		return err
	}
	none, err := count(py.None)
	if err != nil {
		return err
	}
	failed, err := count(py.False)
	if err != nil {
		return err
	}
	h.add("CYAN", "\nSummary for "+h.host+"\n"+strings.Repeat("-", width))
	var stats []string
	if none > 0 {
		stats = append(stats, h.colors.paint("LIGHT_YELLOW", "unchanged="+number(none)))
	}
	if h.changes > 0 {
		stats = append(stats, h.colors.paint("GREEN", "changed="+strconv.Itoa(h.changes)))
	}
	line("GREEN", "Succeeded", number(good+none))
	if len(stats) > 0 {
		h.lines[len(h.lines)-1] += " (" + strings.Join(stats, ", ") + ")"
	}
	failColor := "CYAN"
	if failed > 0 {
		failColor = "RED"
	}
	line(failColor, "Failed", number(failed))
	if h.StateOutputPct && total != 0 {
		line("GREEN", "Success %", percent(good+none, total))
		line(failColor, "Failure %", percent(failed, total))
	}
	if h.warned > 0 {
		line("LIGHT_RED", "Warnings", strconv.Itoa(h.warned))
	}
	h.add("CYAN", strings.Repeat("-", width)+"\nTotal states run: "+rjust(number(total), width-7))
	if h.StateOutputProfile {
		h.runTime(width)
	}
	return nil
}

// percent is part/total in percent, rounded to two places as Python does.
func percent(part, total int64) string {
	return py.FloatRepr(round(float64(part)/float64(total)*100, 2))
}

// round is Python's round(f, places): correctly rounded in decimal.
func round(f float64, places int) float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return f
	}
	r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', places, 64), 64)
	if err != nil {
		return f
	}
	return r
}

// runTime appends the sum of all durations; of states that ran in parallel
// only the longest counts.
func (h *hostReport) runTime(width int) {
	sum := 0.0
	for _, d := range h.serial {
		sum += d
	}
	if len(h.parallel) > 0 {
		longest := h.parallel[0]
		for _, d := range h.parallel[1:] {
			longest = math.Max(longest, d)
		}
		sum += longest
	}
	unit := "ms"
	if sum > 999 {
		sum /= 1000
		unit = "s"
	}
	h.add("CYAN", "Total run time: "+rjust(strconv.FormatFloat(sum, 'f', 3, 64), width-5)+" "+unit)
}
