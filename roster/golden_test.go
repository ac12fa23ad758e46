package roster_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinch/internal/golden"
	"pinch/internal/py"
	"pinch/internal/rosterrender"
	"pinch/roster"
)

type rosterCase struct {
	Name    string
	Roster  string
	Text    *string
	Files   map[string]string
	Tgt     json.RawMessage
	TgtType string `json:"tgt_type"`
	Opts    json.RawMessage
	Expect  struct {
		Targets json.RawMessage
		Error   *golden.Error
		Logged  []string
	}
}

func TestGoldenRoster(t *testing.T) {
	data, err := golden.Open("roster_cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var f struct{ Cases []rosterCase }
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "roster_cases.json", f.Cases, func(c rosterCase) string { return c.Name }, func(c rosterCase) string {
		return runCase(t.TempDir(), c)
	})
}

func runCase(dir string, c rosterCase) string {
	path := filepath.Join(dir, "roster")
	if c.Text != nil {
		if err := os.WriteFile(path, []byte(*c.Text), 0o600); err != nil {
			return err.Error()
		}
	}
	opts := py.NewDict()
	if c.Opts != nil {
		v, err := plain(c.Opts)
		if err != nil {
			return err.Error()
		}
		opts = v.(*py.Dict)
	}
	tgt, err := plain(c.Tgt)
	if err != nil {
		return err.Error()
	}
	view := roster.SaltView{RosterFile: path, RosterDir: filepath.Join(dir, "roster.d"), SSHConfigFile: path, Render: rosterrender.New(rosterrender.Options{Opts: opts})}
	view.Defaults, _ = opts.Lookup("roster_defaults").(*py.Dict)
	view.ListNodegroups, _ = opts.Lookup("ssh_list_nodegroups").(*py.Dict)
	view.RosterDomain = opts.String("roster_domain")
	got, logged, err := view.Targets(context.Background(), c.Roster, tgt, c.TgtType)
	if want := c.Expect.Error; want != nil || err != nil {
		var pe *py.Error
		if want == nil || !errors.As(err, &pe) || pe.Class != want.Class || pe.Msg != want.Message {
			return fmt.Sprintf("error %v, want %v", err, want)
		}
		return ""
	}
	log := strings.ReplaceAll(strings.Join(logged, "\n--\n"), path, "<ROSTER>")
	if want := strings.Join(c.Expect.Logged, "\n--\n"); log != want {
		return fmt.Sprintf("logged %q, want %q", log, want)
	}
	want, err := golden.Decode(c.Expect.Targets)
	if err != nil {
		return err.Error()
	}
	return golden.Diff(want, got)
}

// plain reads JSON without tags.
func plain(data json.RawMessage) (py.Value, error) { return py.LoadsJSON(string(data)) }
