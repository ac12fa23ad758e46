// Package unixcrypt makes the password hashes of crypt(3): SHA-512, SHA-256 and
// MD5, as /etc/shadow has them.
package unixcrypt

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
)

// hashDigits are the digits of the base64 that crypt(3) uses, and of its salts.
const hashDigits = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Bounds of the number of rounds. crypt(3) would take a thousand times more
// than maxHashRounds, which is minutes on the host.
const (
	hashRounds    = 5000
	minHashRounds = 1000
	maxHashRounds = 10_000_000
)

// AlgorithmError says that there is no algorithm of that name.
type AlgorithmError struct{ Name string }

// Error implements error.
func (e *AlgorithmError) Error() string {
	return fmt.Sprintf("Cannot hash using '%s' hash algorithm: sha512, sha256 and md5 are supported", e.Name)
}

// Hash hashes a clear-text password as crypt(3) does. algorithm is
// sha512, sha256 or md5 ("": sha512); salt "" is a random one, and may begin
// with "rounds=N$".
func Hash(password, salt, algorithm string) (string, error) {
	if strings.ContainsRune(password, 0) {
		return "", errors.New("a password cannot have a NUL character")
	}
	if salt == "" {
		var err error
		if salt, err = randomSalt(); err != nil {
			return "", err
		}
	}
	if strings.ContainsAny(salt, ":\n\x00") {
		return "", errors.New("invalid salt of a password hash: it has a colon, a line feed or a NUL")
	}
	switch algorithm {
	case "", "sha512":
		return shaCrypt("6", sha512.New, password, salt)
	case "sha256":
		return shaCrypt("5", sha256.New, password, salt)
	case "md5":
		return md5Crypt(password, salt), nil
	}
	return "", &AlgorithmError{algorithm}
}

func randomSalt() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	for i := range b {
		b[i] = hashDigits[b[i]&63]
	}
	return string(b), nil
}

// Rehash hashes a password with the salt and algorithm of the hash that the
// account has, so that the same password gives the same hash; with a new salt
// when there is none of that form.
func Rehash(password, have string) (string, error) {
	parts := strings.SplitN(have, "$", 5)
	if len(parts) != 4 {
		return Hash(password, "", "")
	}
	algorithms := map[string]string{"1": "md5", "2a": "blowfish", "5": "sha256", "6": "sha512"}
	return Hash(password, parts[2], algorithms[parts[1]])
}

// shaCrypt is the hash of Ulrich Drepper's "Unix crypt using SHA-256 and
// SHA-512".
func shaCrypt(id string, newHash func() hash.Hash, password, salt string) (string, error) {
	rounds, prefix := hashRounds, ""
	if rest, ok := strings.CutPrefix(salt, "rounds="); ok {
		n, s, _ := strings.Cut(rest, "$")
		r, err := strconv.Atoi(n)
		if err != nil || r > maxHashRounds {
			return "", fmt.Errorf("password hash with %s rounds: at most %d are supported", n, maxHashRounds)
		}
		rounds, salt = max(r, minHashRounds), s
		prefix = "rounds=" + strconv.Itoa(rounds) + "$"
	}
	salt, _, _ = strings.Cut(salt, "$")
	salt = salt[:min(len(salt), 16)]
	key, saltBytes := []byte(password), []byte(salt)
	sum := func(parts ...[]byte) []byte {
		h := newHash()
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	b := sum(key, saltBytes, key)
	h := newHash()
	h.Write(key)
	h.Write(saltBytes)
	h.Write(stretch(b, len(key)))
	for n := len(key); n > 0; n >>= 1 {
		if n&1 != 0 {
			h.Write(b)
		} else {
			h.Write(key)
		}
	}
	a := h.Sum(nil)
	h = newHash()
	for range key {
		h.Write(key)
	}
	p := stretch(h.Sum(nil), len(key))
	h = newHash()
	for range 16 + int(a[0]) {
		h.Write(saltBytes)
	}
	s := stretch(h.Sum(nil), len(saltBytes))
	for i := range rounds {
		h.Reset()
		odd := i&1 != 0
		first, last := a, p
		if odd {
			first, last = p, a
		}
		h.Write(first)
		if i%3 != 0 {
			h.Write(s)
		}
		if i%7 != 0 {
			h.Write(p)
		}
		h.Write(last)
		a = h.Sum(a[:0:0])
	}
	return "$" + id + "$" + prefix + salt + "$" + encodeSHA(a), nil
}

// stretch repeats a digest to n bytes.
func stretch(digest []byte, n int) []byte {
	out := make([]byte, 0, n+len(digest))
	for len(out) < n {
		out = append(out, digest...)
	}
	return out[:n]
}

// encodeSHA writes a digest with its bytes in the order that the algorithms
// want: three columns that rotate from line to line.
func encodeSHA(d []byte) string {
	var b strings.Builder
	third := len(d) / 3
	i, j, k := 0, third, 2*third
	for range third {
		put(&b, d[i], d[j], d[k], 4)
		if len(d) == 64 {
			i, j, k = j+1, k+1, i+1
		} else {
			i, j, k = k+1, i+1, j+1
		}
	}
	if len(d) == 64 {
		put(&b, 0, 0, d[63], 2)
	} else {
		put(&b, 0, d[31], d[30], 3)
	}
	return b.String()
}

// put writes 24 bits as up to four digits, the lowest first.
func put(b *strings.Builder, hi, mid, lo byte, digits int) {
	v := uint(hi)<<16 | uint(mid)<<8 | uint(lo)
	for range digits {
		b.WriteByte(hashDigits[v&63])
		v >>= 6
	}
}

// md5Crypt is the hash of FreeBSD's MD5-based crypt.
func md5Crypt(password, salt string) string {
	salt, _, _ = strings.Cut(salt, "$")
	salt = salt[:min(len(salt), 8)]
	inner := md5.Sum([]byte(password + salt + password))
	h := md5.New()
	h.Write([]byte(password + "$1$" + salt))
	h.Write(stretch(inner[:], len(password)))
	for n := len(password); n > 0; n >>= 1 {
		if n&1 != 0 {
			h.Write([]byte{0})
		} else {
			h.Write([]byte(password[:1]))
		}
	}
	d := h.Sum(nil)
	for i := range 1000 {
		h.Reset()
		odd := i&1 != 0
		part := func(isKey bool) {
			if isKey {
				h.Write([]byte(password))
			} else {
				h.Write(d)
			}
		}
		part(odd)
		if i%3 != 0 {
			h.Write([]byte(salt))
		}
		if i%7 != 0 {
			h.Write([]byte(password))
		}
		part(!odd)
		d = h.Sum(nil)
	}
	var b strings.Builder
	for i := range 5 {
		last := i + 12
		if i == 4 {
			last = 5
		}
		put(&b, d[i], d[i+6], d[last], 4)
	}
	put(&b, 0, 0, d[11], 2)
	return "$1$" + salt + "$" + b.String()
}
