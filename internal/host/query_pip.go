package host

import (
	"regexp"
	"slices"
	"strings"
)

var (
	pythonProgram = regexp.MustCompile(`^(python|pypy)[0-9.]*$`)
	pipProgram    = regexp.MustCompile(`pip[0-9.]*$`)
)

// pipLooks says whether a command asks Python or pip something and changes
// nothing: versions, what is installed, and which versions an index has. An
// old pip tells the latter only when it is asked to install a version that
// cannot exist.
func pipLooks(program string, args []string) bool {
	switch {
	case pythonProgram.MatchString(program):
		if slices.Equal(args, []string{"-V"}) || slices.Equal(args, []string{"--version"}) {
			return true
		}
		if len(args) < 2 || args[0] != "-m" || args[1] != "pip" {
			return false
		}
		args = args[2:]
	case !pipProgram.MatchString(program):
		return false
	}
	for len(args) > 0 && (args[0] == "--disable-pip-version-check" || args[0] == "--use-deprecated=legacy-resolver") {
		args = args[1:]
	}
	if len(args) == 0 {
		return false
	}
	verb, rest := args[0], args[1:]
	switch verb {
	case "--version":
		return len(rest) == 0
	case "list", "freeze", "show":
		return !slices.ContainsFunc(rest, func(w string) bool {
			return strings.HasPrefix(w, "-") &&
				!slices.Contains([]string{"--disable-pip-version-check", "--all", "--outdated", "--user", "--local", "--format=json", "--format=freeze", "--format=columns"}, w)
		})
	case "index":
		return len(rest) > 1 && rest[0] == "versions" && !strings.HasPrefix(rest[1], "-") && indexOptions(rest[2:])
	case "install":
		return len(rest) > 0 && !strings.HasPrefix(rest[0], "-") && strings.HasSuffix(rest[0], "==versions") && indexOptions(rest[1:])
	}
	return false
}

// indexOptions says whether all arguments are options that name an index.
func indexOptions(args []string) bool {
	for len(args) >= 2 && (args[0] == "--index-url" || args[0] == "--extra-index-url") {
		args = args[2:]
	}
	return len(args) == 0
}
