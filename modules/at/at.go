// Package at has Salt's at module: jobs of at(1). A tag is a comment in the
// job: "### SALT: TAG".
package at

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	return c.LookPath("at") != "", "The at module could not be loaded: at command not found"
}

func stateVirtual(c *modules.Call) (bool, string) {
	return c.LookPath("at") != "", "at module could not be loaded"
}

// job is a job of the queue.
type job struct {
	id                     string
	date, time, queue, who string
	tag                    string
	text                   bool // the id is a text (BSD), else a number
}

func (j *job) idValue() py.Value {
	if n, err := py.ToInt(py.Str(j.id)); err == nil && !j.text {
		return n
	}
	return py.Str(j.id)
}

func (j *job) dict() *py.Dict {
	return py.DictOf("job", j.idValue(), "date", py.Str(j.date), "time", py.Str(j.time), "queue", py.Str(j.queue),
		"user", py.Str(j.who), "tag", py.Str(j.tag))
}

var tagLine = regexp.MustCompile(`^### SALT: (\w+)`)

// queue is Salt's at.atq without a filter.
func queue(ctx context.Context, c *modules.Call) ([]*job, error) {
	argv := []string{"atq"}
	if c.Grains.String("os_family") == "RedHat" {
		argv = []string{"at", "-l"}
	}
	s, err := c.Ask(ctx, argv...)
	if err != nil {
		return nil, err
	}
	var jobs []*job
	for _, line := range s.Lines() {
		j, err := parseJob(line, c.Grains)
		if err != nil {
			return nil, err
		}
		if j == nil {
			continue
		}
		script, err := c.Ask(ctx, "at", "-c", j.id)
		if err != nil {
			return nil, err
		}
		for _, l := range script.Lines() {
			if m := tagLine.FindStringSubmatch(l); m != nil {
				j.tag = m[1]
			}
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// parseJob reads a line of atq; nil is a heading.
func parseJob(line string, g *py.Dict) (*job, error) {
	bad := fmt.Errorf("atq: cannot be read: %s", line)
	w := strings.Fields(line)
	when := func(j *job, layout string, words ...string) (*job, error) {
		t, err := time.Parse(layout, strings.Join(words, " "))
		if err != nil {
			return nil, bad
		}
		j.date, j.time = t.Format("2006-01-02"), t.Format("15:04:05")
		return j, nil
	}
	switch os := g.String("os"); {
	case g.String("os_family") == "RedHat":
		id, spec, ok := strings.Cut(line, "\t")
		f := strings.Fields(spec)
		if !ok || len(f) < 4 {
			return nil, bad
		}
		return &job{id: id, date: f[0], time: f[1], queue: f[2], who: f[3]}, nil
	case os == "OpenBSD":
		if strings.HasPrefix(line, " Rank") {
			return nil, nil
		}
		if len(w) < 8 {
			return nil, bad
		}
		return when(&job{id: w[6], queue: w[7], who: w[5], text: true}, "Jan 2, 2006 15:04", w[1:5]...)
	case os == "FreeBSD":
		if strings.HasPrefix(line, "Date") {
			return nil, nil
		}
		if len(w) < 9 {
			return nil, bad
		}
		return when(&job{id: w[8], queue: w[7], who: w[6], text: true}, "Jan 2 15:04:05 MST 2006", w[1:6]...)
	}
	id, spec, ok := strings.Cut(line, "\t")
	f := strings.Fields(spec)
	if !ok || len(f) < 7 {
		return nil, bad
	}
	return when(&job{id: id, queue: f[5], who: f[6]}, "Mon Jan 2 15:04:05 2006", f[:5]...)
}

// find keeps the jobs with a tag or number; all for nothing.
func find(jobs []*job, tag py.Value) []*job {
	if tag == nil || !py.IsTrue(tag) {
		return jobs
	}
	return slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool {
		byTag, err1 := py.Equal(tag, py.Str(j.tag))
		byID, err2 := py.Equal(tag, j.idValue())
		return err1 != nil || err2 != nil || !byTag && !byID
	})
}

// filters are those of at.jobcheck.
var filters = []string{"runas", "tag", "hour", "minute", "day", "month", "year"}

// matching keeps the jobs that all given filters match.
func matching(jobs []*job, kw *py.Dict) ([]*job, error) {
	want := map[string]string{}
	for _, f := range filters {
		v := kw.Lookup(f)
		if v == nil || !py.IsTrue(v) {
			continue
		}
		s := py.ToStr(v)
		switch f {
		case "hour", "minute", "day", "month":
			n, err := py.ToInt(v)
			if err != nil {
				return nil, err
			}
			if s = py.ToStr(n); len(s) < 2 {
				s = "0" + s
			}
		case "year":
			if len(s) == 2 {
				s = "20" + s
			} else if _, ok := v.(py.Str); !ok {
				s = "" // Salt: compares the number with a text
			}
		}
		want[f] = s
	}
	var out []*job
	for _, j := range jobs {
		clock, day := strings.Split(j.time+"::", ":"), strings.Split(j.date+"--", "-")
		have := map[string]string{"runas": j.who, "tag": j.tag, "hour": clock[0], "minute": clock[1], "year": day[0], "month": day[1], "day": day[2]}
		ok := true
		for f, s := range want {
			ok = ok && have[f] == s
		}
		if ok {
			out = append(out, j)
		}
	}
	return out, nil
}

// add gives at(1) a job. It returns the new job; reason is why there is none.
func add(ctx context.Context, c *modules.Call, w host.Writer, spec, command string, tag py.Value, runas string) (jobs []*job, reason string, err error) {
	if tag != nil {
		command = "### SALT: " + py.ToStr(tag) + "\n" + command
	}
	cmd := modules.Command{Argv: []string{w.LookPath("at"), spec}, Stdin: strings.NewReader(command + "\n"), RunAs: runas}
	s, err := c.DoCommand(ctx, w, cmd)
	if err != nil {
		return nil, "", err
	}
	out := s.All()
	if strings.HasSuffix(out, "Garbled time") {
		return nil, "invalid timespec", nil
	}
	lines := strings.Split(out, "\n")
	if len(lines) > 1 && (strings.HasPrefix(out, "warning: commands") || strings.HasPrefix(out, "commands will be executed")) {
		lines = lines[1:]
	}
	words := strings.Fields(lines[0])
	if len(words) < 2 || words[0] != "job" && words[0] != "Job" {
		return nil, "", modules.CommandExecutionError("at: " + out)
	}
	all, err := queue(ctx, c)
	return slices.DeleteFunc(all, func(j *job) bool { return j.id != words[1] }), "", err
}

// remove takes jobs out of the queue.
func remove(ctx context.Context, c *modules.Call, w host.Writer, jobs []*job) ([]string, error) {
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.id
	}
	if len(ids) == 0 {
		return ids, nil
	}
	// Salt gives all numbers as one word, of which at takes the first
	_, err := c.Do(ctx, w, append([]string{"at", "-d"}, ids...)...)
	return ids, err
}
