package pip

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/host"
	"pinch/internal/pep440"
)

// requirement is a package that a state names.
type requirement struct {
	text  string // as it was given
	name  string // normalized; "" when only installing tells it (a URL without a name)
	specs []pep440.Specifier
}

// fulfilled says whether an installed version will do.
func (r requirement) fulfilled(version string) bool {
	if len(r.specs) == 0 {
		return true
	}
	v, err := pep440.Parse(version)
	return err == nil && pep440.Contains(r.specs, v)
}

// schemes of URLs that pip installs from.
var schemes = []string{
	"http", "https", "file", "ftp", "ssh", "git", "hg", "bzr", "sftp", "svn",
	"git+http", "git+https", "git+ssh", "git+git", "git+file", "hg+file", "hg+http", "hg+https", "hg+ssh", "hg+static-http",
	"svn+ssh", "svn+http", "svn+https", "svn+svn", "svn+file", "bzr+http", "bzr+https", "bzr+ssh", "bzr+sftp", "bzr+ftp", "bzr+lp", "bzr+file",
}

var (
	// requirementPattern is PEP 508 without markers: name, extras, and versions
	// or a URL.
	requirementPattern = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[\s*[A-Za-z0-9._-]*(?:\s*,\s*[A-Za-z0-9._-]+)*\s*\])?\s*(.*)$`)
	wheelPattern       = regexp.MustCompile(`^([^\s-]+?)-([^\s-]*?)(?:-\d[^-]*?)?-[^\s-]+?-[^\s-]+?-[^\s-]+?\.whl$`)
	eggPattern         = regexp.MustCompile(`(?:^|[#&])egg=([^&]*)`)
	extrasAtEnd        = regexp.MustCompile(`^(.+)(\[[^\]]+\])$`)
	archiveSuffixes    = []string{".zip", ".whl", ".tar.bz2", ".tbz", ".tar.gz", ".tgz", ".tar", ".tar.xz", ".txz", ".tlz", ".tar.lz", ".tar.lzma"}
)

// parseRequirement reads a package as pip does. problem is Salt's comment when
// it cannot be read.
func parseRequirement(c host.Reader, text string) (r requirement, problem string) {
	r.text = text
	req, named, err := requirementText(c, text)
	if err == nil && !named {
		return r, ""
	}
	if err == nil {
		if r.name, r.specs, err = parseSpec(req); err == nil {
			return r, ""
		}
	}
	for _, vcs := range []string{"git+", "svn+", "hg+", "bzr+"} {
		if strings.HasPrefix(text, vcs) {
			return requirement{text: text}, ""
		}
	}
	if strings.Contains(text, "=") && !strings.Contains(text, "==") {
		return r, fmt.Sprintf("Invalid version specification in package %s. '=' is not supported, use '==' instead.", text)
	}
	return r, fmt.Sprintf("pip raised an exception while parsing '%s': %v", text, err)
}

// requirementText is the requirement in what pip is given: of a wheel its name
// and version, of a URL the name after #egg=. named is false where that is missing.
func requirementText(c host.Reader, text string) (req string, named bool, err error) {
	sep := ";"
	if hasScheme(text) {
		sep = "; "
	}
	text, _, _ = strings.Cut(text, sep)
	text = strings.TrimSpace(text)
	link := ""
	if hasScheme(text) {
		link = text
	} else {
		if link, err = localSource(c, text); err != nil {
			return "", false, err
		}
	}
	if link == "" {
		return text, true, nil
	}
	file, fragment, _ := strings.Cut(link, "#")
	file, _, _ = strings.Cut(file, "?")
	if base, err := url.PathUnescape(path.Base(file)); err == nil && strings.HasSuffix(base, ".whl") {
		m := wheelPattern.FindStringSubmatch(base)
		if m == nil {
			return "", false, fmt.Errorf("%s is not a valid wheel filename.", base) //nolint:staticcheck // pip's text
		}
		return strings.ReplaceAll(m[1], "_", "-") + "==" + strings.ReplaceAll(m[2], "_", "-"), true, nil
	}
	if m := eggPattern.FindStringSubmatch(fragment); m != nil {
		return m[1], true, nil
	}
	return "", false, nil
}

func hasScheme(s string) bool {
	scheme, _, ok := strings.Cut(s, ":")
	return ok && slices.Contains(schemes, strings.ToLower(scheme))
}

// localSource is the path of a directory or archive that a text names, or "".
func localSource(c host.Reader, text string) (string, error) {
	p := text
	if !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	p = path.Clean(p)
	if m := extrasAtEnd.FindStringSubmatch(p); m != nil {
		p = m[1]
	}
	like := strings.Contains(text, "/") || strings.HasPrefix(text, ".")
	if like && isDir(c, p) {
		if exists(c, p+"/pyproject.toml") || exists(c, p+"/setup.py") {
			return p, nil
		}
		return "", fmt.Errorf("Directory '%s' is not installable. Neither 'setup.py' nor 'pyproject.toml' found.", text) //nolint:staticcheck // pip's text
	}
	if !slices.ContainsFunc(archiveSuffixes, func(s string) bool { return strings.HasSuffix(strings.ToLower(p), s) }) {
		return "", nil
	}
	if fi, err := c.Stat(p); err == nil && fi.IsRegular() {
		return p, nil
	}
	if first, _, ok := strings.Cut(text, "@"); ok && !strings.Contains(first, "/") && !strings.HasPrefix(first, ".") {
		return "", nil
	}
	return p, nil
}

// parseSpec reads "name[extras]>=1,<2" or "name @ URL".
func parseSpec(s string) (name string, specs []pep440.Specifier, err error) {
	invalid := func() (string, []pep440.Specifier, error) {
		hint := ""
		switch {
		case strings.Contains(s, "/"):
			hint = fmt.Sprintf("\nHint: It looks like a path. File '%s' does not exist.", s)
		case strings.Contains(s, "=") && !slices.ContainsFunc([]string{"~=", "===", "==", "!=", "<=", ">=", "<", ">"}, func(op string) bool { return strings.Contains(s, op) }):
			hint = "\nHint: = is not a valid operator. Did you mean == ?"
		}
		return "", nil, fmt.Errorf("Invalid requirement: '%s'%s", s, hint) //nolint:staticcheck // pip's text
	}
	m := requirementPattern.FindStringSubmatch(s)
	if m == nil {
		return invalid()
	}
	rest := strings.TrimSpace(m[2])
	if u, ok := strings.CutPrefix(rest, "@"); ok {
		if strings.TrimSpace(u) == "" {
			return invalid()
		}
		return normalize(m[1]), nil, nil
	}
	if inner, ok := strings.CutPrefix(rest, "("); ok {
		if rest, ok = strings.CutSuffix(inner, ")"); !ok {
			return invalid()
		}
	}
	if specs, err = pep440.ParseSpecifiers(rest); err != nil || rest != "" && len(specs) != strings.Count(rest, ",")+1 {
		return invalid()
	}
	return normalize(m[1]), specs, nil
}
