package file

import (
	"crypto/md5"  //nolint:gosec // the tree's own check sums
	"crypto/sha1" //nolint:gosec // the tree's own check sums
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/url"
	"pinch/internal/pypath"
	"regexp"
	"slices"
	"strings"

	"pinch/internal/host"
)

// hashKind is a hash algorithm that Salt knows for source_hash.
type hashKind struct {
	name   string
	digits int
	new    func() hash.Hash
}

// hashKinds returns the algorithms in Salt's order.
func hashKinds() []hashKind {
	return []hashKind{
		{"sha512", 128, sha512.New},
		{"sha384", 96, sha512.New384},
		{"sha256", 64, sha256.New},
		{"sha224", 56, sha256.New224},
		{"sha1", 40, sha1.New},
		{"md5", 32, md5.New},
	}
}

func hashNamed(name string) (hashKind, bool) {
	i := slices.IndexFunc(hashKinds(), func(k hashKind) bool { return k.name == name })
	if i < 0 {
		return hashKind{}, false
	}
	return hashKinds()[i], true
}

func hashOfLength(n int) (hashKind, bool) {
	i := slices.IndexFunc(hashKinds(), func(k hashKind) bool { return k.digits == n })
	if i < 0 {
		return hashKind{}, false
	}
	return hashKinds()[i], true
}

// kindList is "sha512 (128), ..." by rising or "sha512, sha384" in Salt's order.
func kindList(lengths bool) string {
	kinds := hashKinds()
	if lengths {
		slices.Reverse(kinds)
	}
	var out []string
	for _, k := range kinds {
		if lengths {
			out = append(out, fmt.Sprintf("%s (%d)", k.name, k.digits))
		} else {
			out = append(out, k.name)
		}
	}
	return strings.Join(out, ", ")
}

// fileHash returns the hash of a file as hex digits.
func fileHash(r host.Reader, path, kind string) (string, error) {
	k, ok := hashNamed(kind)
	if !ok {
		return "", fmt.Errorf("invalid hash type: %s", kind)
	}
	f, err := r.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read
	h := k.new()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashBytes(data []byte, kind string) string {
	k, _ := hashNamed(kind)
	h := k.new()
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

// checksum is a hash to be compared with: its kind and hex digits. The zero
// value is none.
type checksum struct{ kind, sum string }

func (c checksum) isSet() bool { return c.sum != "" }

// invalidHash is Salt's error about a source_hash that is none.
func invalidHash(text string) error {
	return execError(fmt.Sprintf("Source hash %s format is invalid. The supported formats are: 1) a hash, 2) an expression in the format <hash_type>=<hash>, or 3) either a path to a local file containing hashes, or a URI of a remote hash file. Supported protocols for remote hash files are: %s. The hash may also not be of a valid length, the following are supported hash types and lengths: %s.",
		redact(text), strings.Join(protocols(), ", "), kindList(true)))
}

// protocols are the URL schemes of sources, in Salt's order.
func protocols() []string { return []string{"salt", "file", "http", "https", "ftp", "swift", "s3"} }

// parseHash reads a source_hash that is not the name of a file: a hash, or
// kind=hash.
func parseHash(text string) (checksum, error) {
	kind, sum, hasKind := strings.Cut(text, "=")
	if !hasKind {
		if !hexDigits.MatchString(text) {
			return checksum{}, invalidHash(text)
		}
		k, ok := hashOfLength(len(text))
		if !ok {
			return checksum{}, invalidHash(text)
		}
		return checksum{k.name, strings.ToLower(text)}, nil
	}
	kind, sum = strings.TrimSpace(kind), strings.TrimSpace(sum)
	k, ok := hashNamed(kind)
	if !ok {
		return checksum{}, execError(fmt.Sprintf("Invalid hash type '%s'. Supported hash types are: %s. Either remove the hash type and simply use '%s' as the source_hash, or change the hash type to a supported type.", kind, kindList(false), sum))
	}
	if len(sum) != k.digits {
		right, ok := hashOfLength(len(sum))
		if !ok {
			return checksum{}, invalidHash(text)
		}
		return checksum{}, execError(fmt.Sprintf("Invalid length (%d) for hash type '%s'. Either remove the hash type and simply use '%s' as the source_hash, or change the hash type to '%s'", len(sum), kind, sum, right.name))
	}
	return checksum{kind, strings.ToLower(sum)}, nil
}

var (
	hexDigits = regexp.MustCompile(`^[0-9a-fA-F]+$`)
	webLogin  = regexp.MustCompile(`(?i)(https?)://.*@`)
	hashWord  = regexp.MustCompile(`(?i)[a-f0-9]+`)
)

// findHash looks for the hash of a file in a list of hashes, such as
// sha256sum writes: by source_hash_name, else by the name of the file, else by
// that of its source, else the first hash of all.
func findHash(list, fileName, source, hashName string) (checksum, bool) {
	var first checksum
	var byHashName, byFile, bySource *checksum
	sourceBase := source
	if u, err := url.Parse(source); err == nil && source != "" {
		sourceBase = u.Path
		if sourceBase == "" {
			sourceBase = u.Host
		}
		sourceBase = pypath.Base(sourceBase)
	}
	const space = " \t\n\r\v\f"
	names := func(line, full, base, separators string) bool {
		if full == "" {
			return false
		}
		if strings.HasSuffix(line, base) {
			n := len(line) - len(base) - 1
			return n >= 0 && strings.IndexByte(separators, line[n]) >= 0
		}
		rest, ok := strings.CutPrefix(line, full)
		return ok && rest != "" && strings.IndexByte(space, rest[0]) >= 0
	}
	for _, line := range splitBytes(list) {
		line = strings.TrimSpace(line)
		sum, ok := hashInLine(line)
		if !ok {
			continue
		}
		if !first.isSet() {
			first = sum
		}
		for _, m := range []struct {
			found            **checksum
			full, base, seps string
		}{
			{&byHashName, hashName, hashName, space},
			{&byFile, fileName, pypath.Base(fileName), space + `\/*`},
			{&bySource, source, sourceBase, space + `\/*`},
		} {
			if *m.found == nil && names(line, m.full, m.base, m.seps) {
				*m.found = &sum
			}
		}
	}
	for _, f := range []*checksum{byHashName, byFile, bySource} {
		if f != nil {
			return *f, true
		}
	}
	return first, first.isSet()
}

// hashInLine finds the first word of hex digits as long as a hash. A word that
// goes on with letters is none.
func hashInLine(line string) (checksum, bool) {
	alnum := func(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' }
	for _, m := range hashWord.FindAllStringIndex(line, -1) {
		if m[0] > 0 && alnum(line[m[0]-1]) || m[1] < len(line) && alnum(line[m[1]]) {
			continue
		}
		n := m[1] - m[0]
		if n < 32 || n > 128 {
			continue
		}
		k, ok := hashOfLength(n)
		if !ok {
			return checksum{}, false
		}
		return checksum{k.name, strings.ToLower(line[m[0]:m[1]])}, true
	}
	return checksum{}, false
}

// redact hides user and password of a web address.
func redact(s string) string { return webLogin.ReplaceAllString(s, "$1://<redacted>@") }
