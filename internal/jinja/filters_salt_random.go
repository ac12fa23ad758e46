package jinja

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"pinch/internal/py"
	"pinch/internal/pyrandom"
)

// saltRandomFilters are Salt's filters that give something random. With a
// seed they give what CPython gives.
func saltRandomFilters() map[string]Filter {
	hashed := fn("random_hash(size=9999999999, hash_type=None)", randomHash)
	return map[string]Filter{
		"rand_str":    hashed,
		"random_hash": hashed,
		"random_str":  fn("random(size=32)", randomStr),
		"random_sample": fn("sample(value, size, seed=None)", func(c *Context, a []py.Value) (py.Value, error) {
			return sample(a[0], a[1], a[2])
		}),
		"random_shuffle": fn("shuffle(value, seed=None)", func(_ *Context, a []py.Value) (py.Value, error) {
			n, err := lengthOf(a[0])
			if err != nil {
				return nil, err
			}
			return sample(a[0], py.Int(n), a[1])
		}),
		"gen_mac": fn("gen_mac(prefix='AC:DE:48')", func(_ *Context, a []py.Value) (py.Value, error) {
			prefix, err := py.StrErr(a[0])
			if err != nil {
				return nil, err
			}
			var b [3]byte
			if _, err := rand.Read(b[:]); err != nil {
				return nil, err
			}
			return py.Str(fmt.Sprintf("%s:%02X:%02X:%02X", prefix, b[0], b[1], b[2])), nil
		}),
	}
}

// maxRandom bounds the random text that a template may ask for.
const maxRandom = 16 << 20

func randomStr(_ *Context, a []py.Value) (py.Value, error) {
	n, err := intOf(a[0])
	if err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, py.ValueErrorf("negative argument not allowed")
	}
	if n > maxRandom {
		return nil, py.Errorf("MemoryError", "random_str: %d characters are too many", n)
	}
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	return py.Str(base64.StdEncoding.EncodeToString(b)[:n]), nil
}

// sample is random.sample, of a generator seeded with the SHA-512 of seed.
func sample(v, size, seed py.Value) (py.Value, error) {
	r, err := seededRandom(seed)
	if err != nil {
		return nil, err
	}
	if !isSequence(v) || isMapping(v) {
		if err := strictFail(v); err != nil {
			return nil, err
		}
		return nil, py.TypeErrorf("Population must be a sequence.  For dicts or sets, use sorted(d).")
	}
	items, err := collect(v)
	if err != nil {
		return nil, err
	}
	inRange, err := py.RichCompare(py.OpLe, py.Int(0), size)
	if err != nil {
		return nil, err
	}
	if inRange {
		if inRange, err = py.RichCompare(py.OpLe, size, py.Int(len(items))); err != nil {
			return nil, err
		}
	}
	if !inRange {
		return nil, py.ValueErrorf("Sample larger than population or is negative")
	}
	if _, float := size.(py.Float); float {
		return nil, py.TypeErrorf("can't multiply sequence by non-int of type 'float'")
	}
	n, err := intOf(size)
	if err != nil {
		return nil, err
	}
	out := py.NewList()
	for _, i := range r.Sample(int64(len(items)), int64(n)) {
		out.Append(items[i])
	}
	return out, nil
}

func seededRandom(seed py.Value) (*pyrandom.Rand, error) {
	var text string
	switch s := seed.(type) {
	case py.NoneType:
		return pyrandom.New()
	case py.Bytes:
		text = string(s)
	default:
		t, ok := strOf(seed)
		if !ok {
			if err := strictFail(seed); err != nil {
				return nil, err
			}
			return nil, py.TypeErrorf("object supporting the buffer API required")
		}
		text = t
	}
	h, err := hashByName("sha512")
	if err != nil {
		return nil, err
	}
	return pyrandom.FromBytes([]byte(hexDigest(h, text).(py.Str))), nil
}
