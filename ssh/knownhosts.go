package ssh

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/skeema/knownhosts"
	xssh "golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

// knownHosts are the entries of some known_hosts files. It is not safe for
// concurrent use: looking up remembers.
type knownHosts struct {
	db      *knownhosts.HostKeyDB             // nil when no file has an entry
	isCert  map[string]bool                   // "file:line" of @cert-authority lines
	named   map[string]string                 // copy made for reading → the person's file
	revoked map[string]bool                   // keys marked @revoked, as on the wire
	found   map[string][]xknownhosts.KnownKey // entries already looked up: hashed names cost time
	notes   []string                          // lines passed over, and why
}

// verdict is the result of looking a key up.
type verdict struct {
	ok    bool
	kind  HostKeyKind
	known []xknownhosts.KnownKey // what is known of the host instead
	cause error                  // more on HostKeyInvalid
}

// loadKnownHosts reads files; one that does not exist has no entries. As in
// ssh a line that cannot be understood is passed over: the libraries would
// refuse the whole file.
func loadKnownHosts(files []string) (*knownHosts, error) {
	k := &knownHosts{
		isCert: map[string]bool{}, named: map[string]string{},
		revoked: map[string]bool{}, found: map[string][]xknownhosts.KnownKey{},
	}
	var use []string
	for _, name := range files {
		data, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(bytes.TrimSpace(data)) == 0 {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read known hosts: %w", err)
		}
		clean, changed := k.clean(name, data)
		if clean == nil {
			continue
		}
		if !changed {
			use = append(use, name)
			continue
		}
		copied, err := writeCopy(clean)
		if err != nil {
			return nil, fmt.Errorf("read known hosts %s: %w", name, err)
		}
		defer os.Remove(copied)
		k.named[copied] = name
		use = append(use, copied)
	}
	if len(use) == 0 {
		return k, nil
	}
	db, err := knownhosts.NewDB(use...)
	if err != nil {
		return nil, fmt.Errorf("read known hosts: %w", err)
	}
	k.db = db
	return k, nil
}

// maxKnownLine bounds a line; the libraries give up on a file at 64 KiB.
const maxKnownLine = 32 << 10

// clean returns the data with every line the library can read at its place,
// nil when there is none, and whether something had to be changed.
func (k *knownHosts) clean(name string, data []byte) (clean []byte, changed bool) {
	lines := bytes.Split(data, []byte("\n"))
	entries := 0
	for i, line := range lines {
		if len(line) > maxKnownLine {
			k.notes = append(k.notes, fmt.Sprintf("%s:%d: the line has %d bytes", name, i+1, len(line)))
			lines[i], changed = []byte("#"), true
			continue
		}
		text := strings.Trim(string(line), " \t\r")
		if text == "" || text[0] == '#' {
			continue
		}
		fixed, marker, key, err := cleanEntry(text)
		if err != nil {
			k.notes = append(k.notes, fmt.Sprintf("%s:%d: %v", name, i+1, err))
			lines[i], changed = []byte("#"), true
			continue
		}
		entries++
		switch marker {
		case "cert-authority":
			k.isCert[fmt.Sprintf("%s:%d", name, i+1)] = true
		case "revoked":
			k.revoked[string(plainKey(key).Marshal())] = true
		}
		if fixed != string(line) {
			lines[i], changed = []byte(fixed), true
		}
	}
	if entries == 0 {
		return nil, changed
	}
	return bytes.Join(lines, []byte("\n")), changed
}

// cleanEntry checks one entry and writes its names as the library compares
// them: in lower case, without patterns that can match nothing.
func cleanEntry(text string) (fixed, marker string, key xssh.PublicKey, err error) {
	marker, _, key, _, _, err = xssh.ParseKnownHosts([]byte(text))
	if err != nil {
		return "", "", nil, errors.New(strings.TrimPrefix(err.Error(), "ssh: "))
	}
	if marker != "" && marker != "cert-authority" && marker != "revoked" {
		return "", "", nil, fmt.Errorf("unknown marker @%s", cleanText(marker, 40))
	}
	fields := strings.Fields(text)
	at := 0
	if marker != "" {
		at = 1
	}
	names := fields[at]
	if strings.HasPrefix(names, "|") {
		parts := strings.Split(names, "|")
		if len(parts) != 4 || parts[1] != "1" {
			return "", "", nil, errors.New("not a hashed name |1|salt|hash")
		}
		for _, p := range parts[2:] {
			if _, err := base64.StdEncoding.DecodeString(p); err != nil {
				return "", "", nil, fmt.Errorf("hashed name: %w", err)
			}
		}
		return text, marker, key, nil
	}
	var keep []string
	for _, p := range strings.Split(names, ",") {
		bare := strings.TrimPrefix(p, "!")
		if bare == "" {
			continue
		}
		if bare[0] == '[' {
			if _, _, err := net.SplitHostPort(bare); err != nil {
				continue
			}
		}
		keep = append(keep, strings.ToLower(p))
	}
	if len(keep) == 0 {
		return "", "", nil, errors.New("no host name that could match")
	}
	if joined := strings.Join(keep, ","); joined != names {
		fields[at] = joined
		return strings.Join(fields, " "), marker, key, nil
	}
	return text, marker, key, nil
}

// writeCopy puts data into a private temporary file.
func writeCopy(data []byte) (string, error) {
	f, err := os.CreateTemp("", "known_hosts-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// noAddr stands for the peer's address, which counts for nothing here: keys
// are looked up by name.
func noAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }

// entries returns what is known of name ("host:port"), authorities included,
// in the order of files and lines.
func (k *knownHosts) entries(name string) []xknownhosts.KnownKey {
	if k.db == nil {
		return nil
	}
	if out, ok := k.found[name]; ok {
		return slices.Clone(out)
	}
	err := k.db.HostKeyCallback()(name, noAddr(), probeKey{})
	var keyErr *xknownhosts.KeyError
	if !errors.As(err, &keyErr) {
		return nil
	}
	out := slices.Clone(keyErr.Want)
	for i := range out {
		if real, ok := k.named[out[i].Filename]; ok {
			out[i].Filename = real
		}
	}
	k.found[name] = out
	return slices.Clone(out)
}

func (k *knownHosts) authority(e xknownhosts.KnownKey) bool {
	return k.isCert[fmt.Sprintf("%s:%d", e.Filename, e.Line)]
}

// check looks key up for name ("host:port", lower case). When the port is not
// 22 and nothing is known under it, an entry for the bare name with this very
// key counts too, as in ssh; alias says that the port is no part of the name.
func (k *knownHosts) check(name string, key xssh.PublicKey) verdict {
	v := k.checkName(name, key)
	if v.ok || v.kind != HostKeyUnknown {
		return v
	}
	if host, port, err := net.SplitHostPort(name); err == nil && port != "22" {
		if k.checkName(net.JoinHostPort(host, "22"), key).ok {
			return verdict{ok: true}
		}
	}
	return v
}

func (k *knownHosts) checkName(name string, key xssh.PublicKey) verdict {
	entries := k.entries(name)
	var invalid error
	if cert, ok := key.(*xssh.Certificate); ok {
		if k.isRevoked(cert.Key) || k.isRevoked(cert.SignatureKey) {
			return verdict{kind: HostKeyRevoked}
		}
		for _, e := range entries {
			if k.authority(e) && sameKey(e.Key, cert.SignatureKey) {
				if invalid = checkHostCert(name, cert); invalid == nil {
					return verdict{ok: true}
				}
			}
		}
		key = cert.Key // without a valid certificate it counts as a plain key, as in ssh
	} else if k.isRevoked(key) {
		return verdict{kind: HostKeyRevoked}
	}
	plain := slices.DeleteFunc(entries, k.authority)
	for _, e := range plain {
		if sameKey(e.Key, key) {
			return verdict{ok: true}
		}
	}
	if invalid != nil {
		return verdict{kind: HostKeyInvalid, cause: invalid}
	}
	if len(plain) > 0 {
		return verdict{kind: HostKeyChanged, known: plain}
	}
	return verdict{kind: HostKeyUnknown}
}

// isRevoked says whether key is marked @revoked anywhere. Stricter than ssh,
// which looks only at revocations whose pattern names the host.
func (k *knownHosts) isRevoked(key xssh.PublicKey) bool {
	return k.revoked[string(key.Marshal())]
}

// checkHostCert checks all of a host certificate but who signed it.
func checkHostCert(name string, cert *xssh.Certificate) error {
	if cert.CertType != xssh.HostCert {
		return errors.New("the certificate is one for users, not for hosts")
	}
	host, _, err := net.SplitHostPort(name)
	if err != nil {
		return err
	}
	if err := new(xssh.CertChecker).CheckCert(host, cert); err != nil {
		return errors.New(cleanText(strings.TrimPrefix(err.Error(), "ssh: "), 300))
	}
	return nil
}

// algorithms orders the host key algorithms we are willing to use so that the
// host shows a key we know, if it has one: certificates when an authority is
// known, then the types that stand in the files, then the rest.
func (k *knownHosts) algorithms(name string, willing []string) []string {
	entries := k.entries(name)
	if len(entries) == 0 {
		if host, port, err := net.SplitHostPort(name); err == nil && port != "22" {
			entries = k.entries(net.JoinHostPort(host, "22"))
		}
	}
	hasAuthority := slices.ContainsFunc(entries, k.authority)
	var certs, known, rest []string
	for _, algo := range willing {
		switch {
		case strings.Contains(algo, "-cert-v01@"):
			if hasAuthority {
				certs = append(certs, algo)
			}
		case slices.ContainsFunc(entries, func(e xknownhosts.KnownKey) bool {
			return !k.authority(e) && e.Key.Type() == keyTypeOf(algo)
		}):
			known = append(known, algo)
		default:
			rest = append(rest, algo)
		}
	}
	out := slices.Concat(certs, known, rest)
	if len(out) == 0 {
		return willing
	}
	return out
}

// keyTypeOf returns the type of key that signs with a plain algorithm.
func keyTypeOf(algo string) string {
	switch algo {
	case xssh.KeyAlgoRSASHA256, xssh.KeyAlgoRSASHA512:
		return xssh.KeyAlgoRSA
	}
	return algo
}

func sameKey(a, b xssh.PublicKey) bool { return bytes.Equal(a.Marshal(), b.Marshal()) }

// probeKey is a key no host has; looking it up lists the entries of a host.
type probeKey struct{}

func (probeKey) Type() string    { return "probe" }
func (probeKey) Marshal() []byte { return []byte("probe") }
func (probeKey) Verify([]byte, *xssh.Signature) error {
	return errors.New("not a key")
}
