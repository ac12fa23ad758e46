package postgres

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"pinch/internal/py"
)

const (
	methodMD5   = "md5"
	methodSCRAM = "scram-sha-256"
	methodPlain = "plain" // encrypted: False
)

// method reads the argument encrypted; known is false for what Salt refuses.
func method(encrypted py.Value) (m string, known bool) {
	switch v := encrypted.(type) {
	case py.NoneType:
		return methodMD5, true
	case py.Bool:
		if v {
			return methodMD5, true
		}
		return methodPlain, true
	case py.Str:
		return string(v), v == methodMD5 || v == methodSCRAM
	}
	if same, err := py.Equal(encrypted, py.False); err == nil && same {
		return methodPlain, true
	}
	return "", false
}

// encrypt turns a password into what the server stores.
func encrypt(role, password string, encrypted py.Value) (string, error) {
	m, known := method(encrypted)
	switch {
	case !known:
		return "", raised("ValueError", "Unknown password algorithm: %s", py.ToStr(encrypted))
	case m == methodSCRAM && !strings.HasPrefix(password, "SCRAM-SHA-256"):
		salt := make([]byte, 16)
		if _, err := rand.Read(salt); err != nil {
			return "", fmt.Errorf("postgres: salt of a password: %w", err)
		}
		return scram(password, salt, 4096)
	case m == methodMD5 && !strings.HasPrefix(password, methodMD5):
		return md5Password(role, password), nil
	}
	return password, nil
}

var scramVerifier = regexp.MustCompile(`^SCRAM-SHA-256\$(\d+):([^$]+?)\$`)

// verify says whether the stored verifier is that of the password.
func verify(role, password, verifier string, encrypted py.Value) (bool, error) {
	m, known := method(encrypted)
	switch {
	case !known:
		return false, nil
	case m == methodPlain:
		return verifier == password, nil
	case m == methodMD5 && strings.HasPrefix(password, methodMD5),
		m == methodSCRAM && strings.HasPrefix(password, "SCRAM-SHA-256"):
		return verifier == password, nil
	case m == methodMD5:
		return verifier == md5Password(role, password), nil
	}
	found := scramVerifier.FindStringSubmatch(verifier)
	if found == nil {
		return false, nil
	}
	rounds, err := strconv.Atoi(found[1])
	if err != nil || rounds < 1 || rounds > 100_000_000 {
		return false, raised("ValueError", "postgres: role %s: %s rounds in the stored password", role, found[1])
	}
	salt, err := base64.StdEncoding.DecodeString(found[2])
	if err != nil {
		return false, raised("ValueError", "postgres: role %s: salt of the stored password: %v", role, err)
	}
	want, err := scram(password, salt, rounds)
	return err == nil && verifier == want, err
}

// md5Password is the server's old hash; its weakness is the format's.
func md5Password(role, password string) string {
	sum := md5.Sum([]byte(password + role))
	return methodMD5 + hex.EncodeToString(sum[:])
}

// scram makes a verifier of RFC 5803.
func scram(password string, salt []byte, rounds int) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, saslprep(password), salt, rounds, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("postgres: hash of a password: %w", err)
	}
	mac := func(label string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(label))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, b64(salt), b64(stored[:]), b64(mac("Server Key"))), nil
}

// saslprep prepares a password as RFC 4013 says: other spaces become a space,
// some characters nothing, and the rest is normalised.
func saslprep(s string) string {
	mapped := strings.Map(func(r rune) rune {
		switch {
		case r < 0x80:
			return r
		case r == 0x00AD, r == 0x034F, r == 0x1806, r >= 0x180B && r <= 0x180D, r >= 0x200B && r <= 0x200D,
			r == 0x2060, r >= 0xFE00 && r <= 0xFE0F, r == 0xFEFF:
			return -1
		case unicode.Is(unicode.Zs, r):
			return ' '
		}
		return r
	}, s)
	return norm.NFKC.String(mapped)
}
