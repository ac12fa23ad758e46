package py

import (
	"math"
	"math/big"
)

// Functions of more than double precision: C's library rounds pow, sin and
// cos correctly in practice, Go's is off by a digit now and then, which would
// show in printed results.

const bigPrec = 160

func bigF(x float64) *big.Float { return new(big.Float).SetPrec(bigPrec).SetFloat64(x) }

func bigMul(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bigPrec).Mul(x, y) }

func bigQuo(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bigPrec).Quo(x, y) }

func bigAdd(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bigPrec).Add(x, y) }

func bigSub(x, y *big.Float) *big.Float { return new(big.Float).SetPrec(bigPrec).Sub(x, y) }

// tiny says that a series' term no longer matters.
func tiny(x *big.Float) bool { return x.Sign() == 0 || x.MantExp(nil) < -bigPrec }

// bigLn is the natural logarithm of x > 0.
func bigLn(x *big.Float) *big.Float {
	m := new(big.Float).SetPrec(bigPrec)
	e := x.MantExp(m) // x = m * 2**e, 0.5 <= m < 1
	ln2 := lnNearOne(bigF(2))
	return bigAdd(lnNearOne(m), bigMul(ln2, bigF(float64(e))))
}

// lnNearOne is 2*artanh((x-1)/(x+1)) by its series.
func lnNearOne(x *big.Float) *big.Float {
	z := bigQuo(bigSub(x, bigF(1)), bigAdd(x, bigF(1)))
	z2 := bigMul(z, z)
	sum, term := bigF(0), z
	for k := 1.0; !tiny(term); k += 2 {
		sum = bigAdd(sum, bigQuo(term, bigF(k)))
		term = bigMul(term, z2)
	}
	return bigMul(sum, bigF(2))
}

// bigExp is e**x for |x| < 1000.
func bigExp(x *big.Float) *big.Float {
	ln2 := lnNearOne(bigF(2))
	q, _ := bigQuo(x, ln2).Float64()
	n := math.Round(q)
	r := bigSub(x, bigMul(ln2, bigF(n)))
	sum, term := bigF(1), bigF(1)
	for k := 1.0; ; k++ {
		term = bigQuo(bigMul(term, r), bigF(k))
		if tiny(term) {
			break
		}
		sum = bigAdd(sum, term)
	}
	return new(big.Float).SetMantExp(sum, int(n))
}

// powExact is x**y for finite x > 0, rounded once.
func powExact(x, y float64) float64 {
	rough := math.Pow(x, y)
	if rough == 0 || math.IsInf(rough, 0) || math.IsNaN(rough) || math.IsInf(x, 0) || math.IsInf(y, 0) || x == 1 || y == 0 || rough < 1e-300 {
		return rough
	}
	f, _ := bigExp(bigMul(bigF(y), bigLn(bigF(x)))).Float64()
	return f
}

// sincos is exact to the last digit.
func sincos(x float64) (sin, cos float64) {
	if math.Abs(x) > 1e6 || math.IsNaN(x) || x == 0 {
		return math.Sincos(x)
	}
	// atan(1/5) and atan(1/239) give pi (Machin's formula).
	atan := func(n float64) *big.Float {
		z := bigQuo(bigF(1), bigF(n))
		z2 := bigMul(z, z)
		sum, term, sign := bigF(0), z, 1.0
		for k := 1.0; !tiny(term); k += 2 {
			sum = bigAdd(sum, bigQuo(term, bigF(sign*k)))
			term = bigMul(term, z2)
			sign = -sign
		}
		return sum
	}
	half := bigMul(bigSub(bigMul(bigF(4), atan(5)), atan(239)), bigF(2)) // pi/2
	k := math.Round(x / (math.Pi / 2))
	y := bigSub(bigF(x), bigMul(half, bigF(k)))
	s, c := bigF(0), bigF(0)
	term := bigF(1)
	for i := 0; !tiny(term); i++ {
		signed := term
		if i%4 >= 2 {
			signed = bigSub(bigF(0), term)
		}
		if i%2 == 0 {
			c = bigAdd(c, signed)
		} else {
			s = bigAdd(s, signed)
		}
		term = bigQuo(bigMul(term, y), bigF(float64(i+1)))
	}
	fs, _ := s.Float64()
	fc, _ := c.Float64()
	switch ((int(k) % 4) + 4) % 4 {
	case 0:
		return fs, fc
	case 1:
		return fc, -fs
	case 2:
		return -fs, -fc
	}
	return -fc, fs
}
