package jinja

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"math/big"
	"strings"
	"unicode/utf8"

	"pinch/internal/py"
)

// saltHashFilters are Salt's filters on digests and encodings.
func saltHashFilters() map[string]Filter {
	digest := func(name string, h func() hash.Hash) Filter {
		return fn(name+"_digest(instr)", func(_ *Context, a []py.Value) (py.Value, error) {
			b, err := bytesOf(a[0])
			if err != nil {
				return nil, err
			}
			return hexDigest(h, b), nil
		})
	}
	return map[string]Filter{
		"md5":    digest("md5", md5.New),
		"sha1":   digest("sha1", sha1.New),
		"sha256": digest("sha256", sha256.New),
		"sha512": digest("sha512", sha512.New),
		"hmac": fn("hmac_signature(string, shared_secret, challenge_hmac)", func(_ *Context, a []py.Value) (py.Value, error) {
			mac, err := hmacOf(a[0], a[1])
			if err != nil {
				return nil, err
			}
			challenge, err := bytesOf(a[2])
			return py.Bool(base64.StdEncoding.EncodeToString(mac) == challenge), err
		}),
		"hmac_compute": fn("hmac_compute(string, shared_secret)", func(_ *Context, a []py.Value) (py.Value, error) {
			mac, err := hmacOf(a[0], a[1])
			return py.Str(fmt.Sprintf("%x", mac)), err
		}),
		"base64_encode": fn("base64_b64encode(instr)", func(_ *Context, a []py.Value) (py.Value, error) {
			b, err := bytesOf(a[0])
			return py.Str(base64.StdEncoding.EncodeToString([]byte(b))), err
		}),
		"base64_decode": fn("base64_b64decode(instr)", func(_ *Context, a []py.Value) (py.Value, error) {
			b, err := bytesOf(a[0])
			if err != nil {
				return nil, err
			}
			out, err := decodeBase64(b)
			if err != nil {
				return nil, err
			}
			if utf8.ValidString(out) {
				return py.Str(out), nil
			}
			return py.Bytes(out), nil
		}),
		"uuid": fn("uuid_(val)", uuid5),
	}
}

// bytesOf is salt.utils.stringutils.to_bytes.
func bytesOf(v py.Value) (string, error) {
	b, err := saltToBytes(nil, []py.Value{v, py.None, py.Str("strict")})
	if err != nil {
		return "", err
	}
	return string(b.(py.Bytes)), nil
}

func hexDigest(h func() hash.Hash, b string) py.Value {
	sum := h()
	sum.Write([]byte(b))
	return py.Str(fmt.Sprintf("%x", sum.Sum(nil)))
}

func hmacOf(msg, key py.Value) ([]byte, error) {
	m, err := bytesOf(msg)
	if err != nil {
		return nil, err
	}
	k, err := bytesOf(key)
	if err != nil {
		return nil, err
	}
	h := hmac.New(sha256.New, []byte(k))
	h.Write([]byte(m))
	return h.Sum(nil), nil
}

// decodeBase64 is binascii.a2b_base64: other characters are passed over, and
// whole padding ends the text.
func decodeBase64(s string) (string, error) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var out []byte
	quad, pads := 0, 0
	var left byte
	for i := range len(s) {
		if s[i] == '=' {
			pads++
			if quad >= 2 && quad+pads >= 4 {
				return string(out), nil
			}
			continue
		}
		n := strings.IndexByte(alphabet, s[i])
		if n < 0 {
			continue
		}
		pads = 0
		v := byte(n)
		switch quad {
		case 0:
			left = v
		case 1:
			out = append(out, left<<2|v>>4)
			left = v & 0x0f
		case 2:
			out = append(out, left<<4|v>>2)
			left = v & 0x03
		case 3:
			out = append(out, left<<6|v)
		}
		quad = (quad + 1) % 4
	}
	switch quad {
	case 0:
		return string(out), nil
	case 1:
		return "", py.Errorf("Error", "Invalid base64-encoded string: number of data characters (%d) cannot be 1 more than a multiple of 4", len(out)/3*4+1)
	}
	return "", py.Errorf("Error", "Incorrect padding")
}

// saltNamespace is the name space of Salt's UUIDs.
var saltNamespace = [16]byte{0x91, 0x63, 0x3e, 0xbf, 0x1c, 0x86, 0x5e, 0x33, 0x93, 0x5a, 0x28, 0x06, 0x1f, 0x4b, 0x48, 0x0e}

func uuid5(_ *Context, a []py.Value) (py.Value, error) {
	name, ok := strOf(a[0])
	if b, isBytes := a[0].(py.Bytes); isBytes {
		var err error
		if name, err = py.Decode(string(b), "utf-8", "strict"); err != nil {
			return nil, err
		}
	} else if !ok {
		return nil, py.TypeErrorf("expected str, bytes, or bytearray not <class '%s'>", className(a[0]))
	}
	name, err := py.Encode(name, "utf-8", "strict")
	if err != nil {
		return nil, err
	}
	sum := sha1.Sum(append(saltNamespace[:len(saltNamespace):len(saltNamespace)], name...))
	u := sum[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	h := fmt.Sprintf("%x", u)
	return py.Str(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]), nil
}

// hashByName finds what hashlib calls a hash.
func hashByName(name string) (func() hash.Hash, error) {
	switch name {
	case "md5":
		return md5.New, nil
	case "sha1":
		return sha1.New, nil
	case "sha224":
		return sha256.New224, nil
	case "sha256":
		return sha256.New, nil
	case "sha384":
		return sha512.New384, nil
	case "sha512":
		return sha512.New, nil
	case "sha3_224":
		return func() hash.Hash { return sha3.New224() }, nil
	case "sha3_256":
		return func() hash.Hash { return sha3.New256() }, nil
	case "sha3_384":
		return func() hash.Hash { return sha3.New384() }, nil
	case "sha3_512":
		return func() hash.Hash { return sha3.New512() }, nil
	case "shake_128", "shake_256":
		return nil, py.TypeErrorf("hexdigest() missing required argument 'length' (pos 1)")
	case "blake2b", "blake2s":
		return nil, py.Errorf("NotImplementedError", "random_hash: the hash %s is not supported; use sha256 or sha512", name)
	}
	return nil, py.AttributeErrorf("module 'hashlib' has no attribute '%s'", name)
}

// randomHash is the digest of a random number from 0 to size.
func randomHash(_ *Context, a []py.Value) (py.Value, error) {
	kind := "md5"
	some, err := py.Truth(a[1])
	if err != nil {
		return nil, err
	}
	if some {
		var ok bool
		if kind, ok = strOf(a[1]); !ok {
			return nil, py.TypeErrorf("attribute name must be string, not '%s'", py.TypeName(a[1]))
		}
	}
	h, err := hashByName(kind)
	if err != nil {
		return nil, err
	}
	// random.randint adds 1 to the bound before it looks at its type.
	end, err := py.Binary(py.OpAdd, a[0], py.Int(1))
	if err != nil {
		return nil, err
	}
	if _, isFloat := end.(py.Float); isFloat {
		return nil, py.TypeErrorf("'float' object cannot be interpreted as an integer")
	}
	n, ok := py.AsBig(end)
	if !ok {
		return nil, py.TypeErrorf("'%s' object cannot be interpreted as an integer", py.TypeName(end))
	}
	if n.Sign() <= 0 {
		return nil, py.ValueErrorf("empty range for randrange() (0, %s, %s)", n, n)
	}
	r, err := rand.Int(rand.Reader, n)
	if err != nil {
		return nil, err
	}
	return hexDigest(h, (*big.Int)(r).String()), nil
}
