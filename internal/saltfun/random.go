package saltfun

import (
	"encoding/base64"
	"encoding/hex"

	"pinch/internal/fileserver"
	"pinch/internal/py"
	"pinch/internal/pyrandom"
)

// randomFuncs are the functions of Salt's module random that need no host.
// With a seed they give what CPython gives.
func randomFuncs() []*function {
	return []*function{
		parse("random.hash", "value, algorithm='sha512'", func(c *call) (py.Value, error) {
			return hashValue(c.arg("value"), py.ToStr(c.arg("algorithm")))
		}),
		parse("random.str_encode", "value, encoder='base64'", func(c *call) (py.Value, error) {
			raw, err := toBytes(c.arg("value"))
			// With another encoder Salt encodes bytes again, which fails.
			if err != nil || py.ToStr(c.arg("encoder")) != "base64" {
				return nil, py.Errorf("SaltInvocationError", "Value must be an encode-able string")
			}
			return py.Str(base64.StdEncoding.EncodeToString(raw)), nil
		}),
		parse("random.rand_int", "start=1, end=10, seed=None", func(c *call) (py.Value, error) {
			start, err := wholeNumber(c.arg("start"))
			if err != nil {
				return nil, err
			}
			end, err := wholeNumber(c.arg("end"))
			if err != nil {
				return nil, err
			}
			if end < start {
				return nil, py.ValueErrorf("empty range for randrange() (%d, %d, %d)", start, end+1, end-start+1)
			}
			r, err := seeded(c.arg("seed"))
			if err != nil {
				return nil, err
			}
			return py.Int(start + r.Below(end-start+1)), nil
		}),
		parse("random.seed", "range=10, hash=None", func(c *call) (py.Value, error) {
			n, ok := py.AsInt(c.arg("range"))
			if !ok || n <= 0 {
				return nil, py.ValueErrorf("empty range for randrange()")
			}
			key := c.arg("hash")
			if c.none("hash") {
				key = c.h.Grains.Lookup("id")
			}
			if key == nil {
				return nil, py.KeyError(py.Str("id"))
			}
			r, err := seeded(key)
			if err != nil {
				return nil, err
			}
			return py.Int(r.Below(n)), nil
		}),
		parse("random.get_str", "length=20, chars=None, lowercase=True, uppercase=True, digits=True, punctuation=True, whitespace=False, printable=False",
			randomString),
		parse("random.shadow_hash", "crypt_salt=None, password=None, algorithm='sha512'", shadowHash),
		parse("random.sample", "value, size, seed=None", func(c *call) (py.Value, error) {
			n, ok := py.AsInt(c.arg("size"))
			if !ok {
				return nil, py.TypeErrorf("'<=' not supported between instances of 'int' and '%s'", py.TypeName(c.arg("size")))
			}
			return sample(c.arg("value"), n, c.arg("seed"))
		}),
		parse("random.shuffle", "value, seed=None", func(c *call) (py.Value, error) {
			items, err := py.Collect(c.arg("value"))
			if err != nil {
				return nil, err
			}
			return sample(c.arg("value"), int64(len(items)), c.arg("seed"))
		}),
	}
}

func hashValue(v py.Value, kind string) (py.Value, error) {
	raw, err := toBytes(v)
	if err != nil {
		return nil, py.TypeErrorf("object supporting the buffer API required")
	}
	h, err := fileserver.NewHash(kind)
	if err != nil {
		return nil, py.Errorf("SaltException", "You must specify a valid algorithm.")
	}
	h.Write(raw)
	return py.Str(hex.EncodeToString(h.Sum(nil))), nil
}

// seeded returns a generator for a seed as random.seed takes it; None is a
// random one.
func seeded(seed py.Value) (*pyrandom.Rand, error) {
	switch s := seed.(type) {
	case py.NoneType:
		return pyrandom.New()
	case py.Str:
		return pyrandom.FromBytes([]byte(s)), nil
	case py.Bytes:
		return pyrandom.FromBytes([]byte(s)), nil
	}
	if b, ok := py.AsBig(seed); ok {
		return pyrandom.FromInt(b), nil
	}
	return nil, py.TypeErrorf("The only supported seed types are: None,\nint, float, str, bytes, and bytearray.")
}

func sample(v py.Value, size int64, seed py.Value) (py.Value, error) {
	items, err := py.Collect(v)
	if err != nil {
		return nil, err
	}
	if size < 0 || size > int64(len(items)) {
		return nil, py.ValueErrorf("Sample larger than population or is negative")
	}
	if _, none := seed.(py.NoneType); !none {
		if seed, err = hashValue(seed, "sha512"); err != nil {
			return nil, err
		}
	}
	r, err := seeded(seed)
	if err != nil {
		return nil, err
	}
	out := py.NewList()
	for _, i := range r.Sample(int64(len(items)), size) {
		out.Append(items[i])
	}
	return out, nil
}
