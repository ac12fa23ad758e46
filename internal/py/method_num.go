package py

import (
	"context"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"strings"
)

func intMethod(name string) method {
	switch name {
	case "bit_length":
		return intNoArgs(name, func(i *big.Int) (Value, error) { return Int(i.BitLen()), nil })
	case "bit_count":
		return intNoArgs(name, func(i *big.Int) (Value, error) {
			n := 0
			for _, w := range i.Bits() {
				n += bits.OnesCount(uint(w))
			}
			return Int(n), nil
		})
	case "conjugate":
		return intNoArgs(name, func(i *big.Int) (Value, error) { return NewInt(i), nil })
	case "as_integer_ratio":
		return intNoArgs(name, func(i *big.Int) (Value, error) { return Tuple{NewInt(i), Int(1)}, nil })
	case "to_bytes":
		return intToBytes
	case "from_bytes":
		return func(_ context.Context, _ Value, a *Args) (Value, error) { return intFromBytes(a) }
	}
	return nil
}

func intNoArgs(name string, fn func(*big.Int) (Value, error)) method {
	return func(_ context.Context, self Value, a *Args) (Value, error) {
		if err := noArgs("int."+name, a); err != nil {
			return nil, err
		}
		return fn(bigOf(self))
	}
}

func byteOrder(v Value) (little bool, err error) {
	if v == nil {
		return false, nil
	}
	s, ok := asStr(v)
	switch {
	case !ok:
		return false, TypeErrorf("to_bytes() argument 'byteorder' must be str, not %s", argType(v))
	case s == "little":
		return true, nil
	case s == "big":
		return false, nil
	}
	return false, ValueErrorf("byteorder must be either 'little' or 'big'")
}

func intToBytes(_ context.Context, self Value, a *Args) (Value, error) {
	var signed Value
	b := &Args{Pos: a.Pos}
	for _, kw := range a.Kw {
		if kw.Name == "signed" {
			signed = kw.Value
			continue
		}
		b.Kw = append(b.Kw, kw)
	}
	if n := len(a.Pos) + len(a.Kw); n > 3 {
		return nil, TypeErrorf("to_bytes() takes at most 3 arguments (%d given)", n)
	}
	if len(a.Pos) > 2 {
		return nil, TypeErrorf("to_bytes() takes at most 2 positional arguments (%d given)", len(a.Pos))
	}
	out, err := kwArgs("to_bytes", b, 0, "length", "byteorder")
	if err != nil {
		return nil, err
	}
	length := 1
	if out[0] != nil {
		if length, err = intArg(out[0]); err != nil {
			return nil, err
		}
	}
	if length < 0 {
		return nil, ValueErrorf("length argument must be non-negative")
	}
	if length > maxBytes {
		return nil, memoryError()
	}
	little, err := byteOrder(out[1])
	if err != nil {
		return nil, err
	}
	i := bigOf(self)
	isSigned := signed != nil && IsTrue(signed)
	if i.Sign() < 0 && !isSigned {
		return nil, Errorf("OverflowError", "can't convert negative int to unsigned")
	}
	limit := length * 8
	if isSigned {
		limit--
	}
	v := new(big.Int).Set(i)
	if i.Sign() < 0 {
		v.Not(v)
	}
	if v.BitLen() > max(limit, 0) {
		return nil, Errorf("OverflowError", "int too big to convert")
	}
	if i.Sign() < 0 {
		v.Add(i, new(big.Int).Lsh(big.NewInt(1), uint(length*8)))
	}
	buf := v.FillBytes(make([]byte, length))
	if little {
		reverseBytes(buf)
	}
	return Bytes(buf), nil
}

func reverseBytes(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

func intFromBytes(a *Args) (Value, error) {
	var signed Value
	b := &Args{Pos: a.Pos}
	for _, kw := range a.Kw {
		if kw.Name == "signed" {
			signed = kw.Value
			continue
		}
		b.Kw = append(b.Kw, kw)
	}
	out, err := kwArgs("from_bytes", b, 1, "bytes", "byteorder")
	if err != nil {
		return nil, err
	}
	raw, ok := out[0].(Bytes)
	if !ok {
		return nil, TypeErrorf("cannot convert '%s' object to bytes", TypeName(out[0]))
	}
	little, err := byteOrder(out[1])
	if err != nil {
		return nil, err
	}
	buf := []byte(raw)
	if little {
		reverseBytes(buf)
	}
	i := new(big.Int).SetBytes(buf)
	if signed != nil && IsTrue(signed) && len(buf) > 0 && buf[0] >= 0x80 {
		i.Sub(i, new(big.Int).Lsh(big.NewInt(1), uint(len(buf)*8)))
	}
	return NewInt(i), nil
}

func floatMethod(name string) method {
	switch name {
	case "is_integer":
		return floatNoArgs(name, func(f float64) (Value, error) {
			return Bool(f == math.Trunc(f) && !math.IsInf(f, 0)), nil
		})
	case "conjugate":
		return floatNoArgs(name, func(f float64) (Value, error) { return Float(f), nil })
	case "as_integer_ratio":
		return floatNoArgs(name, floatRatio)
	case "hex":
		return floatNoArgs(name, func(f float64) (Value, error) { return Str(floatHex(f)), nil })
	case "fromhex":
		return func(_ context.Context, _ Value, a *Args) (Value, error) { return floatFromHex(a) }
	}
	return nil
}

func floatNoArgs(name string, fn func(float64) (Value, error)) method {
	return func(_ context.Context, self Value, a *Args) (Value, error) {
		if err := noArgs("float."+name, a); err != nil {
			return nil, err
		}
		return fn(float64(self.(Float)))
	}
}

func floatRatio(f float64) (Value, error) {
	switch {
	case math.IsNaN(f):
		return nil, ValueErrorf("cannot convert NaN to integer ratio")
	case math.IsInf(f, 0):
		return nil, Errorf("OverflowError", "cannot convert Infinity to integer ratio")
	}
	r := new(big.Rat).SetFloat64(f)
	return Tuple{NewInt(r.Num()), NewInt(r.Denom())}, nil
}

func floatHex(f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return FloatRepr(f)
	}
	if f == 0 {
		if math.Signbit(f) {
			return "-0x0.0p+0"
		}
		return "0x0.0p+0"
	}
	mant, exp := math.Frexp(math.Abs(f))
	shift := 1 - max(-1021-exp, 0)
	mant, exp = math.Ldexp(mant, shift), exp-shift
	var b strings.Builder
	if f < 0 {
		b.WriteByte('-')
	}
	lead := math.Floor(mant)
	b.WriteString("0x" + strconv.Itoa(int(lead)) + ".")
	mant -= lead
	for range 13 {
		mant *= 16
		d := math.Floor(mant)
		b.WriteByte(hexDigits[int(d)])
		mant -= d
	}
	b.WriteByte('p')
	if exp >= 0 {
		b.WriteByte('+')
	}
	b.WriteString(strconv.Itoa(exp))
	return b.String()
}

func floatFromHex(a *Args) (Value, error) {
	v, err := oneArg("float.fromhex", a)
	if err != nil {
		return nil, err
	}
	s, ok := asStr(v)
	if !ok {
		return nil, TypeErrorf("bad argument type for built-in operation")
	}
	bad := ValueErrorf("invalid hexadecimal floating-point string")
	t := strings.ToLower(strings.Trim(s, " \t\n\v\f\r"))
	neg := strings.HasPrefix(t, "-")
	t = strings.TrimPrefix(strings.TrimPrefix(t, "-"), "+")
	switch t {
	case "inf", "infinity":
		return signed(neg, math.Inf(1)), nil
	case "nan":
		return Float(math.NaN()), nil
	}
	t = strings.TrimPrefix(t, "0x")
	if strings.HasPrefix(t, "-") || strings.HasPrefix(t, "+") || strings.Contains(t, "_") {
		return nil, bad
	}
	if !strings.Contains(t, "p") {
		t += "p0"
	}
	f, err := strconv.ParseFloat("0x"+t, 64)
	if err != nil {
		if math.IsInf(f, 0) {
			return nil, Errorf("OverflowError", "hexadecimal value too large to represent as a float")
		}
		return nil, bad
	}
	return signed(neg, f), nil
}

func signed(neg bool, f float64) Value {
	if neg {
		return Float(-f)
	}
	return Float(f)
}
