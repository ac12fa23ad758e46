package saltfun

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"
	"unicode/utf8"

	"pinch/internal/fileserver"
	"pinch/internal/py"
)

func hashFuncs() []*function {
	out := []*function{
		parse("hashutil.digest", "instr, checksum='md5'", func(c *call) (py.Value, error) {
			kind := py.ToStr(c.arg("checksum"))
			switch kind {
			case "md5", "sha256", "sha512":
				return digest(kind, c.arg("instr"))
			}
			return nil, py.Errorf("CommandExecutionError", "Hash func '%s' is not supported.", kind)
		}),
		parse("hashutil.hmac_signature", "string, shared_secret, challenge_hmac", func(c *call) (py.Value, error) {
			sum, err := hmacSum(sha256.New, c.arg("string"), c.arg("shared_secret"))
			if err != nil {
				return nil, err
			}
			challenge, err := toBytes(c.arg("challenge_hmac"))
			return py.Bool(base64.StdEncoding.EncodeToString(sum) == string(challenge)), err
		}),
		parse("hashutil.hmac_compute", "string, shared_secret", func(c *call) (py.Value, error) {
			sum, err := hmacSum(sha256.New, c.arg("string"), c.arg("shared_secret"))
			return py.Str(hex.EncodeToString(sum)), err
		}),
		parse("hashutil.github_signature", "string, shared_secret, challenge_hmac", githubSignature),
		parse("hashutil.base64_b64encode", "instr", base64Encode("hashutil.base64_b64encode", false)),
		parse("hashutil.base64_encodestring", "instr", base64Encode("hashutil.base64_encodestring", true)),
		parse("hashutil.base64_b64decode", "instr", base64Decode),
		parse("hashutil.base64_decodestring", "instr", base64Decode),
	}
	for _, kind := range []string{"md5", "sha256", "sha512"} {
		out = append(out, parse("hashutil."+kind+"_digest", "instr", func(c *call) (py.Value, error) {
			return digest(kind, c.arg("instr"))
		}))
	}
	return out
}

// toBytes is salt.utils.stringutils.to_bytes.
func toBytes(v py.Value) ([]byte, error) {
	switch v := v.(type) {
	case py.Str:
		return []byte(v), nil
	case py.Bytes:
		return []byte(v), nil
	}
	return nil, py.TypeErrorf("expected str, bytes, or bytearray not <class '%s'>", py.TypeName(v))
}

func digest(kind string, v py.Value) (py.Value, error) {
	raw, err := toBytes(v)
	if err != nil {
		return nil, err
	}
	h, err := fileserver.NewHash(kind)
	if err != nil {
		return nil, err
	}
	h.Write(raw)
	return py.Str(hex.EncodeToString(h.Sum(nil))), nil
}

func hmacSum(kind func() hash.Hash, msg, key py.Value) ([]byte, error) {
	m, err := toBytes(msg)
	if err != nil {
		return nil, err
	}
	k, err := toBytes(key)
	if err != nil {
		return nil, err
	}
	h := hmac.New(kind, k)
	h.Write(m)
	return h.Sum(nil), nil
}

func githubSignature(c *call) (py.Value, error) {
	challenge, err := c.text("challenge_hmac")
	if err != nil {
		return nil, err
	}
	name, want, ok := strings.Cut(challenge, "=")
	if !ok || strings.Contains(want, "=") {
		return nil, py.ValueErrorf("not enough values to unpack (expected 2, got 1)")
	}
	kinds := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
	kind, ok := kinds[name]
	if !ok {
		return nil, py.AttributeErrorf("module 'hashlib' has no attribute '%s'", name)
	}
	sum, err := hmacSum(kind, c.arg("string"), c.arg("shared_secret"))
	return py.Bool(hmac.Equal([]byte(hex.EncodeToString(sum)), []byte(want))), err
}

func base64Encode(_ string, lines bool) func(c *call) (py.Value, error) {
	return func(c *call) (py.Value, error) {
		raw, err := toBytes(c.arg("instr"))
		if err != nil {
			return nil, err
		}
		if !lines {
			return py.Str(base64.StdEncoding.EncodeToString(raw)), nil
		}
		var b strings.Builder
		for len(raw) > 0 {
			n := min(57, len(raw))
			b.WriteString(base64.StdEncoding.EncodeToString(raw[:n]) + "\n")
			raw = raw[n:]
		}
		return py.Str(b.String()), nil
	}
}

// base64Decode passes over what is no base64 character, as Python does.
func base64Decode(c *call) (py.Value, error) {
	raw, err := toBytes(c.arg("instr"))
	if err != nil {
		return nil, err
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	clean := bytes.Map(func(r rune) rune {
		if r < 0x80 && strings.IndexByte(alphabet, byte(r)) >= 0 {
			return r
		}
		return -1
	}, raw)
	switch pad := bytes.Count(raw, []byte("=")); {
	case len(clean)%4 == 1:
		return nil, py.Errorf("Error", "Invalid base64-encoded string: number of data characters (%d) cannot be 1 more than a multiple of 4", len(clean))
	case len(clean)%4 != 0 && pad < 4-len(clean)%4:
		return nil, py.Errorf("Error", "Incorrect padding")
	}
	out, err := base64.RawStdEncoding.DecodeString(string(clean))
	if err != nil {
		return nil, py.Errorf("Error", "%s", err.Error())
	}
	if utf8.Valid(out) {
		return py.Str(out), nil
	}
	return py.Bytes(out), nil
}
