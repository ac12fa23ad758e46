package saltfun

import (
	"crypto/rand"
	"errors"
	"math/big"
	"strings"

	"pinch/internal/py"
	"pinch/internal/unixcrypt"
)

// The character classes of Python's module string.
const (
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	decimals     = "0123456789"
	punctuation  = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	whitespace   = " \t\n\r\v\f"
)

// maxRandomString bounds the length of a random text.
const maxRandomString = 16 << 20

// wholeNumber is what randint takes as a number: an int, or text of digits.
func wholeNumber(v py.Value) (int64, error) {
	if n, ok := py.AsInt(v); ok {
		return n, nil
	}
	if s, ok := v.(py.Str); ok {
		if n, ok := new(big.Int).SetString(strings.TrimSpace(string(s)), 10); ok && n.IsInt64() {
			return n.Int64(), nil
		}
		return 0, py.ValueErrorf("invalid literal for int() with base 10: %s", py.Repr(s))
	}
	return 0, py.TypeErrorf("'%s' object cannot be interpreted as an integer", py.TypeName(v))
}

// randomString is a text of random characters (Salt: secure_password).
func randomString(c *call) (py.Value, error) {
	chars := ""
	if c.is("chars") {
		chars = py.ToStr(c.arg("chars"))
	}
	if c.is("printable") {
		chars = decimals + lowerLetters + upperLetters + punctuation + whitespace
	}
	if chars == "" {
		for _, class := range []struct{ name, chars string }{
			{"lowercase", lowerLetters}, {"uppercase", upperLetters}, {"digits", decimals},
			{"punctuation", punctuation}, {"whitespace", whitespace},
		} {
			if c.is(class.name) {
				chars += class.chars
			}
		}
	}
	n, err := wholeNumber(c.arg("length"))
	switch {
	case err != nil:
		return nil, py.Errorf("CommandExecutionError", "%s", text(err))
	case n > maxRandomString:
		return nil, py.Errorf("CommandExecutionError", "random.get_str: at most %d characters are supported", maxRandomString)
	case n <= 0:
		return py.Str(""), nil
	case chars == "":
		return nil, py.Errorf("CommandExecutionError", "unterminated character set at position 0")
	}
	s, err := choose(chars, int(n))
	return py.Str(s), err
}

// choose draws n characters. Only ASCII ones can come out, as with Salt, which
// draws bytes.
func choose(chars string, n int) (string, error) {
	set := ""
	for _, r := range chars {
		if r < 0x80 && !strings.ContainsRune(set, r) {
			set += string(r)
		}
	}
	if set == "" {
		return "", py.Errorf("CommandExecutionError", "random.get_str: chars has no ASCII character")
	}
	var b strings.Builder
	for range n {
		i, err := rand.Int(rand.Reader, big.NewInt(int64(len(set))))
		if err != nil {
			return "", err
		}
		b.WriteByte(set[i.Int64()])
	}
	return b.String(), nil
}

// shadowHash is random.shadow_hash: a hash for /etc/shadow, of a random
// password when none is given.
func shadowHash(c *call) (py.Value, error) {
	algorithm := py.ToStr(c.arg("algorithm"))
	if c.none("algorithm") {
		algorithm = "sha512"
	}
	salt := ""
	if !c.none("crypt_salt") {
		if salt = py.ToStr(c.arg("crypt_salt")); salt == "" {
			return nil, py.Errorf("SaltInvocationError", "random.shadow_hash: an empty salt is not supported")
		}
	}
	password := py.ToStr(c.arg("password"))
	if c.none("password") {
		var err error
		if password, err = choose(lowerLetters+upperLetters+decimals+punctuation, 20); err != nil {
			return nil, err
		}
	}
	switch algorithm {
	case "blowfish", "crypt":
		return nil, py.Errorf("CommandExecutionError", "random.shadow_hash: the algorithm %s is not supported (sha512, sha256 and md5 are)", algorithm)
	}
	h, err := unixcrypt.Hash(password, salt, algorithm)
	var unknown *unixcrypt.AlgorithmError
	switch {
	case errors.As(err, &unknown):
		return nil, py.Errorf("SaltInvocationError", "Cannot hash using '%s' hash algorithm. Natively supported algorithms are: ['sha512', 'sha256', 'blowfish', 'md5', 'crypt']. "+
			"If passlib is installed (False), the supported algorithms are: ['sha512', 'sha256', 'blowfish', 'md5', 'crypt'].", algorithm)
	case err != nil:
		return nil, py.Errorf("CommandExecutionError", "%s", err.Error())
	}
	return py.Str(h), nil
}
