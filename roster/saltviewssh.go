package roster

import (
	"bufio"
	"os"
	"regexp"
	"strings"

	"pinch/internal/fnmatch"
	"pinch/internal/match"
	"pinch/internal/py"
)

var sshFields = []struct {
	key     string
	pattern *regexp.Regexp
}{
	{"user", regexp.MustCompile(`^\s+User (.*)`)},
	{"port", regexp.MustCompile(`^\s+Port (.*)`)},
	{"priv", regexp.MustCompile(`^\s+IdentityFile (.*)`)},
}

// sshconfig reads an ssh_config the way Salt does: line by line, "Host " at
// the start of a line, three options, the last one wins, and all names of a
// line share one entry.
func (s *SaltView) sshconfig(tgt py.Value, kind string) (*py.Dict, error) {
	text, err := os.ReadFile(s.SSHConfigFile)
	if err != nil {
		return nil, &accessError{"Cannot find SSH config file"}
	}
	all, err := parseSaltSSHConfig(string(text))
	if err != nil {
		return nil, err
	}
	out := py.NewDict()
	if kind != "glob" {
		return out, nil
	}
	for k, v := range all.All() {
		m := match.Matcher{Minion: match.Minion{ID: py.ToStr(k)}}
		yes, err := m.Match("glob", tgt, "")
		if err != nil {
			return nil, err
		}
		if d := v.(*py.Dict); yes && d.Len() > 0 {
			out.SetStr(py.ToStr(k), d)
		}
	}
	return out, nil
}

func parseSaltSSHConfig(text string) (*py.Dict, error) {
	targets := py.NewDict()
	var blocks [][]string
	sc := bufio.NewScanner(strings.NewReader(text))
	sc.Buffer(nil, len(text)+1)
	for sc.Scan() {
		line := strings.TrimRight(sc.Text(), " \t\r\n\f\v")
		if line == "" || line[0] == '#' {
			continue
		}
		if strings.HasPrefix(line, "Host ") {
			blocks = append(blocks, nil)
		}
		if len(blocks) == 0 {
			return nil, py.Errorf("IndexError", "list index out of range")
		}
		blocks[len(blocks)-1] = append(blocks[len(blocks)-1], line)
	}
	for _, b := range blocks {
		target := py.NewOrderedDict()
		for _, line := range b[1:] {
			for _, f := range sshFields {
				if m := f.pattern.FindStringSubmatch(line); m != nil {
					target.SetStr(f.key, py.Str(strings.TrimSpace(m[1])))
				}
			}
		}
		for _, name := range strings.Fields(b[0])[1:] {
			targets.SetStr(name, target)
		}
	}
	var patterns, names []string
	for k := range targets.All() {
		if name := py.ToStr(k); strings.ContainsAny(name, "*?") {
			patterns = append(patterns, name)
		} else {
			names = append(names, name)
		}
	}
	for _, p := range patterns {
		from := targets.Lookup(p).(*py.Dict)
		for _, n := range names {
			if fnmatch.Match(p, n) {
				targets.Lookup(n).(*py.Dict).Update(from)
			}
		}
		targets.DeleteStr(p)
	}
	for k, v := range targets.All() {
		v.(*py.Dict).SetStr("host", k)
	}
	return targets, nil
}
