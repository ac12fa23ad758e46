// Package gittest builds the repositories of recorded cases, with the same
// commit ids wherever they are built. testdata/record.py of package gitfs does
// the same for real Salt.
package gittest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"
)

// Step is one commit of a repository.
type Step struct {
	Branch string            `json:"branch"`
	From   string            `json:"from"`   // where a new branch begins, "" for nowhere
	Files  map[string]string `json:"files"`  // path to text
	Exec   map[string]string `json:"exec"`   // the same, executable
	Links  map[string]string `json:"links"`  // path to target
	Remove []string          `json:"remove"` // paths
	Tag    string            `json:"tag"`
}

// Repos are repositories by name.
type Repos map[string][]Step

// Build makes the repositories below dir and returns what stands for {NAME}
// (a URL) and {sha:NAME:STEP} in a case.
func Build(t testing.TB, dir string, repos Repos) *strings.Replacer {
	t.Helper()
	var pairs []string
	names := make([]string, 0, len(repos))
	for name := range repos {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		r := filepath.Join(dir, name)
		Git(t, dir, 0, "init", "-q", r)
		for i, s := range repos[name] {
			pairs = append(pairs, fmt.Sprintf("{sha:%s:%d}", name, i), commit(t, r, i, s))
		}
		pairs = append(pairs, "{"+name+"}", "file://"+r)
	}
	return strings.NewReplacer(pairs...)
}

func commit(t testing.TB, r string, i int, s Step) string {
	t.Helper()
	switch out := Git(t, r, i, "for-each-ref", "refs/heads/"+s.Branch); {
	case out != "":
		Git(t, r, i, "checkout", "-q", s.Branch)
	case s.From != "":
		Git(t, r, i, "checkout", "-q", "-b", s.Branch, s.From)
	case i == 0:
		Git(t, r, i, "symbolic-ref", "HEAD", "refs/heads/"+s.Branch)
	default:
		Git(t, r, i, "checkout", "-q", "--orphan", s.Branch)
		Git(t, r, i, "rm", "-rfq", "--ignore-unmatch", ".")
	}
	for _, p := range s.Remove {
		Git(t, r, i, "rm", "-rfq", p)
	}
	write := func(files map[string]string, mode os.FileMode) {
		for p, text := range files {
			full := place(t, r, p)
			if err := os.WriteFile(full, []byte(text), mode); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(full, mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(s.Files, 0o644)
	write(s.Exec, 0o755)
	for p, to := range s.Links {
		if err := os.Symlink(to, place(t, r, p)); err != nil {
			t.Fatal(err)
		}
	}
	Git(t, r, i, "add", "-A")
	Git(t, r, i, "commit", "-q", "--allow-empty", "-m", fmt.Sprintf("step %d", i))
	if s.Tag != "" {
		Git(t, r, i, "tag", "-a", "-m", s.Tag, s.Tag)
	}
	return Git(t, r, i, "rev-parse", "HEAD")
}

func place(t testing.TB, r, p string) string {
	t.Helper()
	full := filepath.Join(r, p)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	return full
}

// Git runs git in a directory as nobody in particular at a fixed time.
func Git(t testing.TB, dir string, minute int, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "protocol.file.allow=always", "-c", "core.autocrlf=false"}, args...)...)
	cmd.Dir = dir
	date := fmt.Sprintf("2024-01-01T00:%02d:00Z", minute)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_AUTHOR_DATE=" + date,
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org", "GIT_COMMITTER_DATE=" + date,
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
