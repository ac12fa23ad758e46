package shim

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"
)

// The bootstrap is one command for any login shell: /bin/sh -c '...' with no
// single quote, newline or exclamation mark inside, which csh and fish would
// take for themselves. It looks through a ladder of directories for the shim
// of its platform. A directory counts only when it is no symbolic link, is
// owned by the login user and has mode 0700 (0711 when another user is to run
// the shim); that is checked each time. A found shim is executed; else the
// script makes the first directory of the ladder that allows execution and
// says what is missing.

// script says how the bootstrap runs.
type script struct {
	ladder    []string // shell words for directories, first choice first
	binaries  map[string]*Binary
	privilege Privilege
	nonce     string // sudo's prompt
	env       [][2]string
	flags     []string
	// unpack is a file name below the directory that holds the compressed
	// shim, to be unpacked first; platform says which shim it is.
	unpack, unpackDir string
	unpackBinary      *Binary
}

// unames maps GOOS/GOARCH to what `uname -s -m` prints.
var unames = map[string][]string{
	"linux/amd64":   {"Linux x86_64"},
	"linux/arm64":   {"Linux aarch64", "Linux arm64"},
	"linux/arm":     {"Linux armv5*", "Linux armv6*", "Linux armv7*", "Linux armv8l"},
	"linux/386":     {"Linux i386", "Linux i486", "Linux i586", "Linux i686"},
	"linux/riscv64": {"Linux riscv64"},
	"freebsd/amd64": {"FreeBSD amd64"},
	"darwin/amd64":  {"Darwin x86_64"},
	"darwin/arm64":  {"Darwin arm64"},
}

const (
	missingMark = "PINCH-MISSING "
	noDirMark   = "PINCH-NODIR "
)

// ladderOf returns the directories to try. dir is the roster's thin_dir.
func ladderOf(dir string, p Privilege) []string {
	var l []string
	if dir != "" {
		l = append(l, shellQuote(dir))
	}
	if !otherUser(p) { // another user could not enter the home directory
		l = append(l, `"${XDG_CACHE_HOME:-$HOME/.cache}/pinch"`)
	}
	return append(l, `"/var/tmp/.pinch-$(id -u)"`)
}

func otherUser(p Privilege) bool { return p.Sudo && p.User != "" && p.User != "root" }

// shellQuote quotes for sh inside the outer single quotes: with double quotes.
func shellQuote(s string) string {
	r := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`")
	return `"` + r.Replace(s) + `"`
}

// safeWord is what may stand in the bootstrap without thought.
var safeWord = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_ -]*$`)

// checkWord refuses a text that cannot be passed through every login shell.
func checkWord(what, s string) error {
	if !safeWord.MatchString(s) {
		return fmt.Errorf("%s %q: only letters, digits, blanks and @%%+=:,./_- can be used there", what, s)
	}
	return nil
}

// command renders the script as one command.
func (s *script) command() string {
	var b strings.Builder
	// what is made here is ours alone; the states run with the user's own umask
	b.WriteString("u=$(umask); umask 077; p=; h=; ")
	b.WriteString(`case "$(uname -s) $(uname -m)" in `)
	platforms := make([]string, 0, len(unames))
	for p := range unames {
		platforms = append(platforms, p)
	}
	sort.Strings(platforms)
	for _, p := range platforms {
		var patterns []string
		for _, u := range unames[p] {
			word := `"` + u + `"`
			if head, isGlob := strings.CutSuffix(u, "*"); isGlob {
				word = `"` + head + `"*`
			}
			patterns = append(patterns, word)
		}
		hash := "-"
		if bin := s.binaries[p]; bin != nil {
			hash = bin.Hash
		}
		fmt.Fprintf(&b, "%s) p=%s h=%s;; ", strings.Join(patterns, "|"), p, hash)
	}
	b.WriteString(`*) p="unknown/$(uname -s)-$(uname -m)" h=-;; esac; `)
	mode := "drwx------"
	if otherUser(s.privilege) {
		mode = "drwx--x--x"
	}
	// own: is $1 a directory that only we can have filled?
	fmt.Fprintf(&b, `own() { test -h "$1" && return 1; test -d "$1" && test -O "$1" || return 1; case "$(ls -ld "$1")" in %s*) return 0;; esac; return 1; }; `, mode)
	fmt.Fprintf(&b, "run() { umask \"$u\"; exec %s\"$1/$h/pinch\" shim %s; }; ", s.prefix(), strings.Join(s.flags, " "))
	if s.unpack != "" {
		b.WriteString(s.unpackSteps())
	}
	ladder := strings.Join(s.ladder, " ")
	fmt.Fprintf(&b, `for d in %s; do own "$d" && own "$d/$h" && test -x "$d/$h/pinch" && run "$d"; done; `, ladder)
	chmod := "700"
	if otherUser(s.privilege) {
		chmod = "711"
	}
	fmt.Fprintf(&b, `for d in %s; do mkdir -p "$d" 2>/dev/null && test -O "$d" && test -w "$d" || continue; test -h "$d" && continue; chmod %s "$d" && own "$d" || continue; `, ladder, chmod)
	b.WriteString(`t="$d/.x$$"; printf "#%s/bin/sh\n" "$(printf "\041")" >"$t" 2>/dev/null && chmod 700 "$t" && "$t" 2>/dev/null; r=$?; rm -f "$t"; test $r = 0 || continue; `)
	fmt.Fprintf(&b, `printf "\n%s%%s %%s\n" "$p" "$d"; exit 0; done; `, missingMark)
	fmt.Fprintf(&b, `printf "\n%s%%s\n" %s; exit 1`, noDirMark, shellQuote(strings.NewReplacer(`"`, "", `\`, "").Replace(ladder)))
	return "/bin/sh -c '" + b.String() + "'"
}

// prefix is what stands before the program: environment and sudo.
func (s *script) prefix() string {
	var b strings.Builder
	if s.privilege.Sudo {
		user := s.privilege.User
		if user == "" {
			user = "root"
		}
		if s.privilege.Password.IsSet() {
			fmt.Fprintf(&b, `sudo -S -p "%s" -u %s -- `, s.nonce, user)
		} else {
			fmt.Fprintf(&b, "sudo -n -u %s -- ", user)
		}
	}
	if len(s.env) > 0 {
		b.WriteString("env ")
		for _, kv := range s.env {
			fmt.Fprintf(&b, "%s=%s ", kv[0], envValue(kv[1]))
		}
	}
	return b.String()
}

// envValue quotes a value in which $PATH and other variables of the host
// expand, as in Salt's set_path.
func envValue(v string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`").Replace(v) + `"`
}

// unpackSteps unpacks an uploaded shim beside its place, checks size and hash,
// and renames it: a shim is there whole or not at all.
func (s *script) unpackSteps() string {
	d, f := shellQuote(s.unpackDir), shellQuote(s.unpackDir+"/"+s.unpack)
	chmod := "700"
	if otherUser(s.privilege) {
		chmod = "711"
	}
	bin := "700"
	if otherUser(s.privilege) {
		bin = "755"
	}
	return fmt.Sprintf(`h=%[1]s; t=%[2]s"/.new$$"; mkdir -p %[2]s"/$h" && chmod %[3]s %[2]s"/$h" && gzip -dc <%[4]s >"$t" && rm -f %[4]s && test $(wc -c <"$t") = %[5]s && chmod %[6]s "$t" && `+
		`{ if command -v sha256sum >/dev/null 2>&1; then case "$(sha256sum <"$t")" in %[1]s*) :;; *) echo "the uploaded shim has another hash" >&2; false;; esac; fi; } && mv -f "$t" %[2]s"/$h/pinch" || { rm -f "$t" %[4]s; echo "unpacking the shim in" %[2]s "failed" >&2; exit 1; }; `,
		s.unpackBinary.Hash, d, chmod, f, strconv.FormatInt(s.unpackBinary.Size, 10), bin)
}

// missing is what the bootstrap says of a host without the shim.
type missing struct {
	os, arch string
	dir      string
}

// parseMissing finds the bootstrap's words in what the host printed.
func parseMissing(said []byte) (m missing, noDir string, ok bool) {
	for _, line := range strings.Split(string(said), "\n") {
		line = strings.TrimRight(line, "\r")
		if rest, found := strings.CutPrefix(line, missingMark); found {
			platform, dir, _ := strings.Cut(rest, " ")
			goos, arch, _ := strings.Cut(platform, "/")
			return missing{goos, arch, dir}, "", strings.HasPrefix(dir, "/")
		}
		if rest, found := strings.CutPrefix(line, noDirMark); found {
			noDir = rest
		}
	}
	return m, noDir, false
}

// shimFlags are the shim's own arguments.
func shimFlags(o *Options) []string {
	flags := []string{"--silence", (4 * o.heartbeat()).Round(time.Second).String()}
	if o.Wipe {
		flags = append(flags, "--wipe")
	}
	return flags
}

func (o *Options) heartbeat() time.Duration {
	if o.Heartbeat > 0 {
		return o.Heartbeat
	}
	return 15 * time.Second
}
