package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// mirrorVariable names the environment variable that overrides the Debian mirror.
const mirrorVariable = "PINCH_LAB_MIRROR"

// needs lists what the lab itself uses: a program or file, and the package that brings it.
var needs = []struct{ path, pkg string }{
	{"debootstrap", "debootstrap"},
	{"systemd-nspawn", "systemd-container"},
	{"nsenter", "util-linux"},
	{"/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"},
}

// installPackages installs the missing packages of needs with apt.
func (l *Lab) installPackages(ctx context.Context) error {
	var missing []string
	for _, n := range needs {
		if !present(n.path) {
			missing = append(missing, n.pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	unlock, err := l.lock(ctx, "packages")
	if err != nil {
		return err
	}
	defer unlock()
	l.logf("install %s", strings.Join(missing, " "))
	if err := run(ctx, nil, "apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300", "update"); err != nil {
		return fmt.Errorf("lab: packages %s: %w", strings.Join(missing, " "), err)
	}
	args := append([]string{"-qq", "-y", "-o", "DPkg::Lock::Timeout=300", "install", "--no-install-recommends"}, missing...)
	if err := run(ctx, nil, "apt-get", args...); err != nil {
		return fmt.Errorf("lab: packages %s: %w", strings.Join(missing, " "), err)
	}
	return nil
}

func present(path string) bool {
	if filepath.IsAbs(path) {
		_, err := os.Stat(path)
		return err == nil
	}
	_, err := exec.LookPath(path)
	return err == nil
}

// mirror is the Debian mirror this machine itself installs its release from, or $PINCH_LAB_MIRROR.
func mirror() (string, error) {
	if m := os.Getenv(mirrorVariable); m != "" {
		return m, nil
	}
	codename, err := osReleaseField("/etc/os-release", "VERSION_CODENAME")
	if err != nil {
		return "", fmt.Errorf("lab: mirror: %w", err)
	}
	files := []string{"/etc/apt/sources.list"}
	for _, pattern := range []string{"*.sources", "*.list"} {
		found, err := filepath.Glob(filepath.Join("/etc/apt/sources.list.d", pattern))
		if err != nil {
			return "", fmt.Errorf("lab: mirror: %w", err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("lab: mirror: %w", err)
		}
		uri := mirrorIn(string(data), strings.HasSuffix(file, ".sources"), codename)
		if uri == "" {
			continue
		}
		return resolveMirrorFile(uri)
	}
	return "", fmt.Errorf("lab: mirror: no source of %s main in /etc/apt; set %s to the address of a Debian mirror", codename, mirrorVariable)
}

// mirrorIn finds the URI that serves main of the release in one sources file, deb822 or one-line.
func mirrorIn(text string, deb822 bool, codename string) string {
	if deb822 {
		for _, stanza := range strings.Split(text, "\n\n") {
			f := deb822Fields(stanza)
			if has(f["types"], "deb") && has(f["suites"], codename) && has(f["components"], "main") && len(f["uris"]) > 0 {
				return f["uris"][0]
			}
		}
		return ""
	}
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		rest, ok := strings.CutPrefix(line, "deb ")
		if !ok {
			continue
		}
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			_, rest, _ = strings.Cut(rest, "]")
		}
		w := strings.Fields(rest)
		if len(w) >= 3 && w[1] == codename && has(w[2:], "main") {
			return w[0]
		}
	}
	return ""
}

// deb822Fields splits one stanza into its fields' words, keyed by the field name in lower case.
func deb822Fields(stanza string) map[string][]string {
	fields := map[string][]string{}
	last := ""
	for _, line := range strings.Split(stanza, "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			fields[last] = append(fields[last], strings.Fields(line)...)
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		last = strings.ToLower(strings.TrimSpace(name))
		fields[last] = strings.Fields(value)
	}
	return fields
}

func has(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

// resolveMirrorFile follows mirror+file:PATH, which cloud images use, to the first address in that file.
func resolveMirrorFile(uri string) (string, error) {
	path, ok := strings.CutPrefix(uri, "mirror+file:")
	if !ok {
		return uri, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("lab: mirror: %w", err)
	}
	for _, line := range strings.Split(string(data), "\n") {
		if w := strings.Fields(line); len(w) > 0 && !strings.HasPrefix(w[0], "#") {
			return w[0], nil
		}
	}
	return "", fmt.Errorf("lab: mirror: %s: no address in it", path)
}

// aptFetchOptions are this machine's own settings of how apt fetches (proxy,
// retries, date checks), in the form of an apt.conf file, for the images.
func aptFetchOptions(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "apt-config", "dump", "--format", "%F %v%n").Output()
	if err != nil {
		return "", fmt.Errorf("lab: apt-config dump: %w", err)
	}
	var lines []string
	scan := bufio.NewScanner(strings.NewReader(string(out)))
	for scan.Scan() {
		name, value, _ := strings.Cut(scan.Text(), " ")
		if value == "" || strings.HasSuffix(name, "::") {
			continue
		}
		for _, prefix := range []string{"Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries"} {
			if strings.HasPrefix(name, prefix) {
				lines = append(lines, fmt.Sprintf("%s %q;", name, value))
				break
			}
		}
	}
	if err := scan.Err(); err != nil {
		return "", fmt.Errorf("lab: apt-config dump: %w", err)
	}
	sort.Strings(lines)
	return strings.Join(append(lines, ""), "\n"), nil
}

// proxyEnvironment is apt's proxy as the variable that debootstrap's downloader reads.
func proxyEnvironment(options string) []string {
	for _, line := range strings.Split(options, "\n") {
		if rest, ok := strings.CutPrefix(line, "Acquire::http::Proxy "); ok {
			proxy := strings.Trim(rest, `";`)
			if proxy != "" && proxy != "DIRECT" {
				return []string{"http_proxy=" + proxy}
			}
		}
	}
	return nil
}

// osReleaseField reads one field of an os-release file.
func osReleaseField(path, field string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for _, line := range strings.Split(string(data), "\n") {
		if value, ok := strings.CutPrefix(line, field+"="); ok {
			return strings.Trim(strings.TrimSpace(value), `"'`), nil
		}
	}
	return "", fmt.Errorf("%s: no %s in it", path, field)
}
