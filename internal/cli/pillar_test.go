package cli

import (
	"strings"
	"testing"
)

func TestPillarOrigin(t *testing.T) {
	s := &site{t, t.TempDir()}
	s.write("pillar/top.sls", "base: {'*': [p]}\n")
	s.write("pillar/p.sls", "a:\n  b:\n    secret: hunter2\n  c: \"x\\e[31m\"\n")
	s.write("salt/x", "")
	run := func(args ...string) (string, string, int) {
		return s.pinchRaw(append([]string{"pillar", "-c", s.dir, "--local"}, args...)...)
	}
	out, errs, code := run("--origin")
	if code != exitOK || !strings.Contains(out, "a:b:secret: ********  <- pillar/p.sls:3 (sls p)\n") || strings.Contains(out, "hunter2") {
		t.Errorf("status %d\n%s%s", code, out, errs)
	}
	out, _, _ = run("--origin", "--show-values", "a:b")
	if !strings.Contains(out, "a:b:secret: 'hunter2'  <- ") || strings.Contains(out, "a:c") {
		t.Errorf("--show-values a:b\n%s", out)
	}
	out, _, _ = run("--origin", "--show-values")
	if strings.Contains(out, "\x1b") {
		t.Errorf("escapes reach the terminal: %q", out)
	}
	out, _, _ = run("--origin", "--out=json")
	if !strings.Contains(out, `"line": 3`) || !strings.Contains(out, `"kind": "sls"`) || strings.Contains(out, "hunter2") || strings.Contains(out, "value") {
		t.Errorf("--out=json\n%s", out)
	}
	out, _, _ = run("--origin", "--out=json", "--show-values", "--pillar", "{a: {b: {secret: cli}}}")
	if !strings.Contains(out, `"kind": "command line"`) || !strings.Contains(out, `"value": "cli"`) {
		t.Errorf("--pillar\n%s", out)
	}
	if out, _, code := run(); code != exitOK || !strings.Contains(out, "hunter2") {
		t.Errorf("without --origin: status %d\n%s", code, out)
	}
	if _, errs, code := run("--show-values"); code != exitUsage || !strings.Contains(errs, "--origin") {
		t.Errorf("--show-values alone: status %d\n%s", code, errs)
	}
	s.write("pillar/p.sls", "a: [\n")
	if _, errs, code := run("--origin"); code != exitCompile || !strings.Contains(errs, "pillar/p.sls") {
		t.Errorf("a pillar that does not render: status %d\n%s", code, errs)
	}
	s.want(exitCompile, "", "p.sls", "--local", "pillar.items")
}
