package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sort"
	"strings"
	"text/tabwriter"
)

// summary is one line about a case: what differs, and where first.
func summary(r *caseResult) string {
	verdict := "ok  "
	if r.failed() {
		verdict = "FAIL"
	}
	return fmt.Sprintf("%s %-50s %5.1fs  %s", verdict, r.c.id(), r.took.Seconds(), reason(r))
}

// reason says briefly why a case differs.
func reason(r *caseResult) string {
	if r.err != nil {
		return "error: " + firstLine(r.err.Error())
	}
	var names []string
	for l := range levels {
		if !r.agrees(l) {
			names = append(names, levelNames[l])
		}
	}
	if len(names) == 0 {
		return ""
	}
	text := strings.Join(names, ",")
	for _, d := range r.diffs {
		if !d.Level.counted() {
			continue
		}
		text += fmt.Sprintf(" · step %d %s: want %s got %s", d.Step+1, brief(d.What), brief(d.Want), brief(d.Got))
		break
	}
	return text
}

func brief(v any) string {
	s := strings.Join(strings.Fields(render(v)), " ")
	if r := []rune(s); len(r) > 70 {
		s = string(r[:70]) + "…"
	}
	return s
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// table prints for each suite how many cases agree on each level.
func table(w io.Writer, results []*caseResult) error {
	type row struct{ total, passed, agree [levels]int }
	rows := map[string]*row{}
	var suites []string
	for _, r := range results {
		for _, suite := range []string{r.c.Suite, "all"} {
			if rows[suite] == nil {
				rows[suite] = &row{}
				if suite != "all" {
					suites = append(suites, suite)
				}
			}
			rows[suite].total[0]++
			if !r.failed() {
				rows[suite].passed[0]++
			}
			for l := range levels {
				if r.agrees(l) {
					rows[suite].agree[l]++
				}
			}
		}
	}
	sort.Strings(suites)
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "suite\tcases\tpass\t%s\t\n", strings.Join(levelNames[:], "\t"))
	for _, suite := range append(suites, "all") {
		r := rows[suite]
		if r == nil {
			continue
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t", suite, r.total[0], r.passed[0])
		for l := range levels {
			fmt.Fprintf(t, "%d\t", r.agree[l])
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

// show prints everything about a case: the host, the tree, and for each step what differs.
func show(w io.Writer, r *caseResult, p product) {
	c := r.c
	fmt.Fprintf(w, "=== %s   %s packages=%v network=%v systemd=%v\n", c.id(), c.Platform, c.Packages, c.Network, c.Systemd)
	if c.Note != "" {
		fmt.Fprintf(w, "note: %s\n", c.Note)
	}
	if c.Setup != "" {
		fmt.Fprintf(w, "--- setup\n%s\n", strings.TrimRight(c.Setup, "\n"))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Tree)) {
		fmt.Fprintf(w, "--- /srv/salt/%s\n%s\n", name, strings.TrimRight(string(c.Tree[name]), "\n"))
	}
	if pillar := strings.TrimSpace(c.pillarText()); pillar != "{}" {
		fmt.Fprintf(w, "--- pillar\n%s\n", pillar)
	}
	for i := range r.steps {
		showStep(w, r, i, p)
	}
	if r.err != nil {
		fmt.Fprintf(w, "error: %v\n", r.err)
	}
	fmt.Fprintln(w, summary(r))
}

func showStep(w io.Writer, r *caseResult, i int, p product) {
	step, got := &r.c.Steps[i], r.steps[i]
	command := append(append([]string(nil), p.argv...), step.Kind)
	if step.Kind == shellStep {
		command = []string{"bash", "-c"}
	}
	fmt.Fprintf(w, "--- step %d: %s %q (%.2fs)\n", i+1, strings.Join(command, " "), step.Args, got.took.Seconds())
	clean := true
	for _, d := range r.diffs {
		if d.Step != i {
			continue
		}
		clean = false
		fmt.Fprintf(w, "[%s] %s\n", levelNames[d.Level], d.What)
		for _, line := range lineDiff(render(d.Want), render(d.Got)) {
			fmt.Fprintf(w, "    %s\n", line)
		}
	}
	if clean {
		fmt.Fprintln(w, "    agrees")
		return
	}
	if got.ret == nil {
		fmt.Fprintf(w, "    stdout is no JSON: %s\n", indent(got.stdout))
	}
	if got.stderr != "" {
		fmt.Fprintf(w, "    stderr: %s\n", indent(got.stderr))
	}
}

func indent(s string) string {
	return strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n        ")
}

// lineDiff compares two texts line by line: "-" only wanted, "+" only got. Trailing blanks are made visible.
func lineDiff(want, got string) []string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	// common[i][j] is the length of the longest common subsequence of a[i:] and b[j:].
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, "  "+a[i])
			i++
			j++
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			out = append(out, "- "+visible(a[i]))
			i++
		default:
			out = append(out, "+ "+visible(b[j]))
			j++
		}
	}
	return out
}

// visible marks blanks at the end of a line, which a reader would not see.
func visible(line string) string {
	body := strings.TrimRight(line, " \t\r")
	if body == line {
		return line
	}
	return body + strings.NewReplacer(" ", "·", "\t", "→", "\r", "␍").Replace(line[len(body):])
}
