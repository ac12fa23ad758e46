package py

import (
	"math"
	"math/big"
)

// CPython lists a set in the order of its hash table. Hashes of numbers and
// of tuples of them are the same in every process, so that this order is known;
// those of strings are not, and a set that holds one is listed as it was filled.

const hashModulus = 1<<61 - 1

// numberHash is hash(v) of a number or a tuple of numbers.
func numberHash(v Value) (int64, bool) {
	var h int64
	switch v := v.(type) {
	case Bool:
		if v {
			return 1, true
		}
		return 0, true
	case Int:
		h = int64(v) % hashModulus
	case *Long:
		h = new(big.Int).Rem(v.v, big.NewInt(hashModulus)).Int64()
	case Float:
		return floatHash(float64(v))
	case Tuple:
		return tupleHash(v)
	default:
		return 0, false
	}
	if h == -1 {
		h = -2
	}
	return h, true
}

func floatHash(f float64) (int64, bool) {
	switch {
	case math.IsNaN(f):
		return 0, false // by address
	case math.IsInf(f, 1):
		return 314159, true
	case math.IsInf(f, -1):
		return -314159, true
	}
	m, e := math.Frexp(math.Abs(f))
	var x uint64
	for m != 0 {
		x = x<<28&hashModulus | x>>(61-28)
		m *= 1 << 28
		e -= 28
		y := uint64(m)
		m -= float64(y)
		x += y
		if x >= hashModulus {
			x -= hashModulus
		}
	}
	if e >= 0 {
		e %= 61
	} else {
		e = 61 - 1 - (-1-e)%61
	}
	x = x<<e&hashModulus | x>>(61-e)
	h := int64(x)
	if f < 0 {
		h = -h
	}
	if h == -1 {
		h = -2
	}
	return h, true
}

func tupleHash(t Tuple) (int64, bool) {
	const p1, p2, p5 = 11400714785074694791, 14029467366897019727, 2870177450012600261
	acc := uint64(p5)
	for _, it := range t {
		lane, ok := numberHash(it)
		if !ok {
			return 0, false
		}
		acc += uint64(lane) * p2
		acc = acc<<31 | acc>>33
		acc *= p1
	}
	acc += uint64(len(t)) ^ (p5 ^ 3527539)
	if acc == math.MaxUint64 {
		return 1546275796, true
	}
	return int64(acc), true
}

// setOrder sorts items, given as they were added, as CPython's table has them.
func setOrder(items []Value) []Value {
	if len(items) < 2 {
		return items
	}
	hashes := make([]int64, len(items))
	for i, it := range items {
		h, ok := numberHash(it)
		if !ok {
			return items
		}
		hashes[i] = h
	}
	t := setTable{slots: make([]int32, 8), hashes: hashes}
	for i := range items {
		t.insert(int32(i + 1))
		if mask := len(t.slots) - 1; (i+1)*5 >= mask*3 {
			t.grow(i + 1)
		}
	}
	out := make([]Value, 0, len(items))
	for _, s := range t.slots {
		if s != 0 {
			out = append(out, items[s-1])
		}
	}
	return out
}

// setTable is CPython's open addressing: slots hold an item's number, or 0.
type setTable struct {
	slots  []int32
	hashes []int64
}

func (t *setTable) insert(item int32) {
	const linearProbes, perturbShift = 9, 5
	mask := uint64(len(t.slots) - 1)
	hash := uint64(t.hashes[item-1])
	perturb, i := hash, hash&mask
	for {
		probes := uint64(0)
		if i+linearProbes <= mask {
			probes = linearProbes
		}
		for k := i; k <= i+probes; k++ {
			if t.slots[k] == 0 {
				t.slots[k] = item
				return
			}
		}
		perturb >>= perturbShift
		i = (i*5 + 1 + perturb) & mask
	}
}

func (t *setTable) grow(used int) {
	want := used * 4
	if used > 50000 {
		want = used * 2
	}
	size := 8
	for size <= want {
		size *= 2
	}
	old := t.slots
	t.slots = make([]int32, size)
	for _, s := range old {
		if s != 0 {
			t.insert(s)
		}
	}
}
