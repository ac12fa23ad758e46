package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decode(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := decodeJSON([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestNormalize(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"pid", `{"pid": 77, "name": "pid 77"}`, `{"pid": "<PID>", "name": "pid 77"}`},
		{"pid that is no number", `{"pid": "x"}`, `{"pid": "x"}`},
		{"killed", `{"killed": [4, 5]}`, `{"killed": ["<PID>", "<PID>"]}`},
		{"lstchg", `{"passwd": {"lstchg": 19800}}`, `{"passwd": {"lstchg": "<DAYS>"}}`},
		{"times", `{"mtime": 1.5, "last_run": 3, "size": 3}`, `{"mtime": "<TIME>", "last_run": "<TIME>", "size": 3}`},
		{"time in text", `"at 2024-05-06 07:08:09.123 and 2024-05-06T07:08:09Z."`, `"at <TIME> and <TIME>."`},
		{"traceback", `"An exception: Traceback (most recent call last):\n  File \"x\", line 1\n    f()\nKeyError: 'x'\n"`, `"An exception: <TRACEBACK>\nKeyError: 'x'\n"`},
		{"temporary names", `"/tmp/tmpab12_z9q /opt/__salt.tmp.q7 /tmp/__salt.tmp.q7 0xdeadbeef01"`, `"<TMP> /opt/<TMPNAME> <TMP> <ADDR>"`},
		{"requisites", `"One or more requisite failed: t.b, t.a"`, `"One or more requisite failed: t.a, t.b"`},
		{"removed", `{"removed": ["b", "a"]}`, `{"removed": ["a", "b"]}`},
		{"sections", `"#### /b ####\nx\n\n#### /a ####\ny\n\n#### removed ####\n/2\n/1"`, `"#### /a ####\ny\n\n#### /b ####\nx\n\n#### removed ####\n/1\n/2"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := normalize(decode(t, tt.in))
			if diff := cmp.Diff(decode(t, tt.want), got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if diff := cmp.Diff(got, normalize(got)); diff != "" {
				t.Errorf("normalising twice changes it: %s", diff)
			}
		})
	}
}

func TestCompareReturns(t *testing.T) {
	const key = "test_|-a_|-a_|-nop"
	state := func(fields string) string { return `{"` + key + `": {` + fields + `}}` }
	for _, tt := range []struct {
		name, want, got string
		levels          []level
	}{
		{"same", state(`"result": true, "changes": {"a": 1, "b": 2}`), state(`"changes": {"b": 2, "a": 1}, "result": true`), nil},
		{"duration", state(`"result": true`), state(`"result": true, "duration": 1.2, "start_time": "x"`), nil},
		{"result", state(`"result": true`), state(`"result": null`), []level{levelResult}},
		{"missing state", state(`"result": true`), `{}`, []level{levelResult}},
		{"int is no float", state(`"changes": {"a": 1}`), state(`"changes": {"a": 1.0}`), []level{levelChanges}},
		{"list order", state(`"changes": [1, 2]`), state(`"changes": [2, 1]`), []level{levelChanges}},
		{"null is not absent", state(`"changes": null`), state(`"result": null`), []level{levelChanges, levelResult}},
		{"comment", state(`"comment": "a"`), state(`"comment": "b"`), []level{levelComment}},
		{"comment before a traceback", state(`"comment": "An exception: <TRACEBACK>\nKeyError"`), state(`"comment": "An exception: no such key"`), nil},
		{"other comment before a traceback", state(`"comment": "An exception: <TRACEBACK>\nKeyError"`), state(`"comment": "Done"`), []level{levelComment}},
		{"order", state(`"__run_num__": 0`), state(`"__run_num__": 1`), []level{levelOrder}},
		{"warnings", state(`"warnings": ["x"]`), state(``), []level{levelOther}},
		{"errors", `["a"]`, `["b"]`, []level{levelComment}},
		{"errors for states", state(`"result": true`), `["b"]`, []level{levelResult}},
		{"no output", `["a"]`, `null`, []level{levelResult}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []level
			for _, d := range compareReturns(decode(t, tt.want), decode(t, tt.got)) {
				got = append(got, d.Level)
			}
			if diff := cmp.Diff(tt.levels, got); diff != "" {
				t.Errorf("levels -want +got\n%s", diff)
			}
		})
	}
}

func TestPackageVersions(t *testing.T) {
	want := decode(t, `{"s": {"changes": {"perl": {"old": "", "new": "<VERSION:perl>"}, "x": {"new": "purged"}}}}`)
	got := decode(t, `{"s": {"changes": {"perl": {"old": "", "new": "5.36-1"}, "x": {"new": "purged"}}}}`)
	versions := map[string]string{}
	packageVersions(want, got, versions)
	if diff := cmp.Diff(map[string]string{"5.36-1": "<VERSION:perl>"}, versions); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if diff := cmp.Diff(want, replaceVersions(got, versions)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestLineDiff(t *testing.T) {
	got := lineDiff("a\nb \nc", "a\nB\nc")
	if diff := cmp.Diff([]string{"  a", "- b·", "+ B", "  c"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestKnown(t *testing.T) {
	good := &caseResult{c: &goldenCase{Suite: "s", Name: "good"}}
	bad := &caseResult{c: &goldenCase{Suite: "s", Name: "bad"}, diffs: []difference{{Level: levelResult, Want: true, Got: false}}}
	wordy := &caseResult{c: &goldenCase{Suite: "s", Name: "wordy"}, diffs: []difference{{Level: levelOther}}}
	results := []*caseResult{good, bad, wordy}
	all := map[string]bool{"s/good": true, "s/bad": true, "s/wordy": true}
	for _, tt := range []struct {
		name  string
		known map[string]string
		want  []string // beginning of each surprise
	}{
		{"as listed", map[string]string{"s/bad": "x"}, nil},
		{"fails off the list", map[string]string{}, []string{"s/bad fails"}},
		{"passes on the list", map[string]string{"s/bad": "x", "s/good": "x"}, []string{"s/good passes"}},
		{"no such case", map[string]string{"s/bad": "x", "s/none": "x"}, []string{"s/none is on the list"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := surprises(tt.known, results, all)
			if len(got) != len(tt.want) {
				t.Fatalf("surprises %q, want %q", got, tt.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], tt.want[i]) {
					t.Errorf("surprise %q, want %q", got[i], tt.want[i])
				}
			}
			updated := map[string]string{}
			for k, v := range tt.known {
				updated[k] = v
			}
			updateKnown(updated, results)
			delete(updated, "s/none")
			if left := surprises(updated, results, all); len(left) > 0 {
				t.Errorf("after the update: %q", left)
			}
		})
	}
}

func TestKnownFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "known.txt")
	want := map[string]string{"s/a": "why", "s/b": "why not"}
	if err := writeKnown(path, want); err != nil {
		t.Fatal(err)
	}
	got, err := readKnown(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if err := os.WriteFile(path, []byte("s/a without a reason\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readKnown(path); err == nil {
		t.Error("a line without a reason is accepted")
	}
}

// TestGoldensLoad reads all goldens of the repository: they must be well formed and complete.
func TestGoldensLoad(t *testing.T) {
	cases, err := loadGoldens("testdata/goldens")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		for i, step := range c.Steps {
			if step.Kind != shellStep && len(step.Observed) != len(c.Observe) {
				t.Errorf("%s: step %d: %d observations, want %d", c.id(), i+1, len(step.Observed), len(c.Observe))
			}
			for j, o := range step.Observed {
				if o.Cmd != c.Observe[j] {
					t.Errorf("%s: step %d: observation %d is of %q, want %q", c.id(), i+1, j+1, o.Cmd, c.Observe[j])
				}
			}
		}
		if diffs := compareReturns(normalize(c.Steps[0].Return), normalize(c.Steps[0].Return)); len(diffs) > 0 {
			t.Errorf("%s: differs from itself: %v", c.id(), diffs)
		}
	}
}
