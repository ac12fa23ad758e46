package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// goldenCase is one recorded case: a host to prepare, a tree, and what Salt returned for each step.
type goldenCase struct {
	Name     string                `json:"name"`
	Suite    string                `json:"suite"`
	Note     string                `json:"note,omitempty"`
	Platform string                `json:"platform"` // Debian suite of the image
	Packages []string              `json:"packages"` // packages to have beforehand
	Network  bool                  `json:"network"`  // the host may reach the Debian mirror
	Systemd  bool                  `json:"systemd"`  // booted with systemd, else no init
	Setup    string                `json:"setup"`    // bash script, run after the tree was written
	Tree     map[string]fileAsText `json:"tree"`     // files below /srv/salt
	Pillar   json.RawMessage       `json:"pillar"`
	Observe  []string              `json:"observe"` // shell commands to run after each step
	Steps    []goldenStep          `json:"steps"`
}

// id names the case everywhere: SUITE/NAME.
func (c *goldenCase) id() string { return c.Suite + "/" + c.Name }

// goldenStep is one run of the product, or a shell command between two runs.
type goldenStep struct {
	Kind     string        `json:"kind"`
	Args     []string      `json:"args"`
	Test     bool          `json:"test"`
	Retcode  int           `json:"retcode"`
	Return   any           `json:"return"` // numbers are json.Number
	Observed []observation `json:"observed"`
	Stdout   string        `json:"stdout,omitempty"` // only when there was no JSON
	Stderr   string        `json:"stderr,omitempty"`
}

// shellStep is the kind of a step that is a command and no run.
const shellStep = "shell"

type observation struct {
	Cmd     string `json:"cmd"`
	Retcode int    `json:"retcode"`
	Stdout  string `json:"stdout"`
}

// fileAsText is a file's content, written in JSON as text or as {"base64": …}.
type fileAsText []byte

// UnmarshalJSON reads either form.
func (f *fileAsText) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err == nil {
		*f = []byte(text)
		return nil
	}
	var binary struct {
		Base64 *string `json:"base64"`
	}
	if err := json.Unmarshal(data, &binary); err != nil {
		return err
	}
	if binary.Base64 == nil {
		return errors.New(`file content is neither text nor {"base64": …}`)
	}
	decoded, err := base64.StdEncoding.DecodeString(*binary.Base64)
	*f = decoded
	return err
}

// loadGoldens reads all cases below dir, sorted by id: folders with one case a
// file (SUITE/NAME.json), and compressed lists of the cases of a suite
// (SUITE.json.gz).
func loadGoldens(dir string) ([]*goldenCase, error) {
	plain, err := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if err != nil {
		return nil, err
	}
	packed, err := filepath.Glob(filepath.Join(dir, "*.json.gz"))
	if err != nil {
		return nil, err
	}
	var cases []*goldenCase
	for _, path := range plain {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("goldens: %w", err)
		}
		var c goldenCase
		if err := decodeJSON(data, &c); err != nil {
			return nil, fmt.Errorf("goldens: %s: %w", path, err)
		}
		cases = append(cases, &c)
	}
	for _, path := range packed {
		data, err := gunzip(path)
		if err != nil {
			return nil, fmt.Errorf("goldens: %s: %w", path, err)
		}
		var list []*goldenCase
		if err := decodeJSON(data, &list); err != nil {
			return nil, fmt.Errorf("goldens: %s: %w", path, err)
		}
		cases = append(cases, list...)
	}
	if len(cases) == 0 {
		return nil, fmt.Errorf("goldens: %s: no SUITE/NAME.json and no SUITE.json.gz in it", dir)
	}
	sort.Slice(cases, func(i, j int) bool { return cases[i].id() < cases[j].id() })
	for i, c := range cases {
		if c.Suite == "" || c.Name == "" || c.Platform == "" {
			return nil, fmt.Errorf("goldens: %s: case %q lacks suite, name or platform", dir, c.id())
		}
		if len(c.Steps) == 0 {
			c.Steps = usualSteps()
		}
		if i > 0 && cases[i-1].id() == c.id() {
			return nil, fmt.Errorf("goldens: %s: case %s is there twice", dir, c.id())
		}
	}
	return cases, nil
}

func gunzip(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, err
	}
	return data, z.Close()
}

// decodeJSON decodes one JSON document, numbers as json.Number: Salt tells 1 from 1.0.
func decodeJSON(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON document")
	}
	return nil
}

// pillarText is the pillar as the SLS that delivers it. JSON is YAML, but Jinja would be rendered.
func (c *goldenCase) pillarText() string {
	text := strings.TrimSpace(string(c.Pillar))
	if text == "" || text == "null" {
		text = "{}"
	}
	if strings.Contains(text, "{{") || strings.Contains(text, "{%") || strings.Contains(text, "{#") {
		text = "#!json\n" + text
	}
	return text + "\n"
}
