package sshauth

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"pinch/internal/py"
	"pinch/modules"
)

// key is a line of an authorized_keys file.
type key struct {
	key, enc, comment, fingerprint string
	options                        []string
}

// patterns are the forms of a key line that Salt knows.
var patterns = sync.OnceValue(func() (p struct{ line, replace, base64 *regexp.Regexp }) {
	// options, then type, key and comment
	p.line = regexp.MustCompile(`^(.*?)[\s\v]?((?:sk-)?(?:ssh-|ecds)[\pL\pN_@.-]+[\s\v].+)\n?$`)
	p.replace = regexp.MustCompile(`((.*)[\s\v])?((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+)[\s\v]([a-zA-Z0-9+/]+={0,2})([\s\v](.*))?`)
	p.base64 = regexp.MustCompile(`^[A-Za-z0-9+/]*={0,2}$`)
	return p
})

// splitLine takes a key line apart: its options and "type key comment". ok is
// false for a line that is no key with its type.
func splitLine(line string) (options, rest string, ok bool) {
	m := patterns().line.FindStringSubmatch(line)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// lines gives the lines of a key file without white space around them and
// without empty ones.
func lines(text string) []string {
	var out []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

// keysOf reads the keys of a key file in their order; of a key that stands
// there twice the last line counts. Lines that are no valid key are left out.
func keysOf(text, hashType string) ([]key, error) {
	var out []key
	for _, line := range lines(text) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		opts, rest, ok := splitLine(line)
		words := strings.Fields(rest)
		if !ok || len(words) < 2 {
			continue
		}
		fp, valid, err := fingerprint(words[1], hashType)
		if err != nil {
			return nil, err
		}
		if !valid {
			continue
		}
		k := key{key: words[1], enc: words[0], comment: strings.Join(words[2:], " "), fingerprint: fp}
		if opts != "" {
			k.options = strings.Split(opts, ",")
		}
		if i := slices.IndexFunc(out, func(o key) bool { return o.key == k.key }); i >= 0 {
			out[i] = k
		} else {
			out = append(out, k)
		}
	}
	return out, nil
}

func find(keys []key, text string) *key {
	for i := range keys {
		if keys[i].key == text {
			return &keys[i]
		}
	}
	return nil
}

// line is a key as it is written into a file.
func (k *key) line() string {
	opts := ""
	if len(k.options) > 0 {
		opts = strings.Join(k.options, ",") + " "
	}
	return opts + k.enc + " " + k.key + " " + k.comment + "\n"
}

// replaced is a key file in which one key's line is another; empty lines go.
func replaced(text string, k *key) string {
	var b strings.Builder
	for _, l := range lines(text) {
		if m := patterns().replace.FindStringSubmatch(l); m != nil && m[4] == k.key && !strings.HasPrefix(l, "#") {
			b.WriteString(k.line())
			continue
		}
		b.WriteString(l + "\n")
	}
	return b.String()
}

// without is a key file less one key, and less empty lines and lines that are
// no keys.
func without(text, gone string) string {
	var b strings.Builder
	for _, l := range lines(text) {
		if !strings.HasPrefix(l, "#") {
			_, rest, ok := splitLine(l)
			if !ok {
				continue
			}
			if words := strings.Fields(rest); len(words) > 1 && words[1] == gone {
				continue
			}
		}
		b.WriteString(l + "\n")
	}
	return b.String()
}

// fingerprint is the hash of a key in pairs of digits; ok is false for a key
// that is no base64.
func fingerprint(text, hashType string) (fp string, ok bool, err error) {
	raw, ok := decodeKey(text)
	var sum []byte
	switch strings.ToLower(hashType) {
	case "", "sha256":
		h := sha256.Sum256(raw)
		sum = h[:]
	case "md5":
		h := md5.Sum(raw)
		sum = h[:]
	case "sha1":
		h := sha1.Sum(raw)
		sum = h[:]
	case "sha224":
		h := sha256.Sum224(raw)
		sum = h[:]
	case "sha384":
		h := sha512.Sum384(raw)
		sum = h[:]
	case "sha512":
		h := sha512.Sum512(raw)
		sum = h[:]
	case "sha3_256":
		h := sha3.Sum256(raw)
		sum = h[:]
	case "sha3_512":
		h := sha3.Sum512(raw)
		sum = h[:]
	default:
		return "", false, modules.CommandExecutionError("The fingerprint_hash_type " + strings.ToLower(hashType) + " is not supported.")
	}
	if !ok {
		return "", false, nil
	}
	digits := hex.EncodeToString(sum)
	var b strings.Builder
	for i := 0; i < len(digits); i += 2 {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(digits[i : i+2])
	}
	return b.String(), true, nil
}

// decodeKey decodes base64 as Python's b64decode(validate=True) does, which
// wants enough padding and does not mind more.
func decodeKey(text string) ([]byte, bool) {
	if !patterns().base64.MatchString(text) {
		return nil, false
	}
	data := strings.TrimRight(text, "=")
	pads := len(text) - len(data)
	if n := len(data) % 4; n == 1 || n > 1 && pads < 4-n {
		return nil, false
	}
	raw, err := base64.RawStdEncoding.DecodeString(data)
	return raw, err == nil
}

// keyType is the full name of a key type that an argument names in short.
func keyType(enc string) (string, error) {
	switch enc {
	case "r", "rsa", "ssh-rsa":
		return "ssh-rsa", nil
	case "d", "dsa", "dss", "ssh-dss":
		return "ssh-dss", nil
	case "e", "ecdsa":
		return "ecdsa-sha2-nistp256", nil
	case "ed25519", "ssh-ed25519":
		return "ssh-ed25519", nil
	case "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256",
		"rsa-sha2-512-cert-v01@openssh.com", "rsa-sha2-256-cert-v01@openssh.com", "ssh-rsa-cert-v01@openssh.com",
		"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp521-cert-v01@openssh.com",
		"sk-ecdsa-sha2-nistp256@openssh.com", "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "ssh-ed25519-cert-v01@openssh.com",
		"sk-ssh-ed25519@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com":
		return enc, nil
	}
	return "", modules.CommandExecutionError(fmt.Sprintf("Incorrect encryption key type '%s'.", enc))
}

// dict is the keys as Salt shows them.
func dict(keys []key) *py.Dict {
	d := py.NewDict()
	for _, k := range keys {
		d.SetStr(k.key, py.DictOf("enc", py.Str(k.enc), "comment", py.Str(k.comment), "options", py.Strings(k.options...), "fingerprint", py.Str(k.fingerprint)))
	}
	return d
}
