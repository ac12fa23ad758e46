// Package pyrandom is Python's random module as far as Salt uses it: the same
// seed gives the same numbers as CPython 3.11. The generator is MT19937.
package pyrandom

import (
	"crypto/rand"
	"crypto/sha512"
	"math"
	"math/big"
)

const (
	size   = 624
	period = 397
)

// Rand is a generator. It is not safe for concurrent use.
type Rand struct {
	state [size]uint32
	next  int
}

// New returns a generator with a random seed.
func New() (*Rand, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return nil, err
	}
	return FromBytes(b), nil
}

// FromBytes is random.Random(seed) for bytes, or for the UTF-8 of a str.
func FromBytes(seed []byte) *Rand {
	sum := sha512.Sum512(seed)
	return FromInt(new(big.Int).SetBytes(append(append([]byte(nil), seed...), sum[:]...)))
}

// FromInt is random.Random(seed) for an int; its sign does not count.
func FromInt(seed *big.Int) *Rand {
	n := new(big.Int).Abs(seed)
	var key []uint32
	mask := big.NewInt(math.MaxUint32)
	for n.Sign() > 0 {
		key = append(key, uint32(new(big.Int).And(n, mask).Uint64()))
		n.Rsh(n, 32)
	}
	if key == nil {
		key = []uint32{0}
	}
	r := &Rand{}
	r.seedKey(key)
	return r
}

func (r *Rand) seedWord(s uint32) {
	r.state[0] = s
	for i := 1; i < size; i++ {
		r.state[i] = 1812433253*(r.state[i-1]^r.state[i-1]>>30) + uint32(i)
	}
	r.next = size
}

func (r *Rand) seedKey(key []uint32) {
	r.seedWord(19650218)
	i, j := 1, 0
	for range max(size, len(key)) {
		r.state[i] = (r.state[i] ^ (r.state[i-1]^r.state[i-1]>>30)*1664525) + key[j] + uint32(j)
		if i++; i >= size {
			r.state[0], i = r.state[size-1], 1
		}
		if j++; j >= len(key) {
			j = 0
		}
	}
	for range size - 1 {
		r.state[i] = (r.state[i] ^ (r.state[i-1]^r.state[i-1]>>30)*1566083941) - uint32(i)
		if i++; i >= size {
			r.state[0], i = r.state[size-1], 1
		}
	}
	r.state[0] = 0x80000000
}

// word returns the next 32 random bits.
func (r *Rand) word() uint32 {
	if r.next >= size {
		for i := range size {
			y := r.state[i]&0x80000000 | r.state[(i+1)%size]&0x7fffffff
			v := r.state[(i+period)%size] ^ y>>1
			if y&1 != 0 {
				v ^= 0x9908b0df
			}
			r.state[i] = v
		}
		r.next = 0
	}
	y := r.state[r.next]
	r.next++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// Float64 is random.random(): a number from 0 up to but not including 1.
func (r *Rand) Float64() float64 {
	a, b := r.word()>>5, r.word()>>6
	return (float64(a)*67108864 + float64(b)) / 9007199254740992
}

// Below returns a number from 0 to n-1; n must be positive.
func (r *Rand) Below(n int64) int64 {
	k := big.NewInt(n).BitLen()
	for {
		if v := r.bits(k); v < uint64(n) {
			return int64(v)
		}
	}
}

// bits is random.getrandbits(k) for k up to 64.
func (r *Rand) bits(k int) uint64 {
	if k <= 32 {
		return uint64(r.word() >> (32 - k))
	}
	low := uint64(r.word())
	return low | uint64(r.word()>>(64-k))<<32
}

// Sample returns the indices that random.sample picks: k of n without
// repetition. It needs 0 ≤ k ≤ n.
func (r *Rand) Sample(n, k int64) []int64 {
	out := make([]int64, k)
	limit := 21.0
	if k > 5 {
		limit += math.Pow(4, math.Ceil(math.Log(float64(k*3))/math.Log(4)))
	}
	if float64(n) <= limit {
		pool := make([]int64, n)
		for i := range pool {
			pool[i] = int64(i)
		}
		for i := range k {
			j := r.Below(n - i)
			out[i] = pool[j]
			pool[j] = pool[n-i-1]
		}
		return out
	}
	used := map[int64]bool{}
	for i := range k {
		j := r.Below(n)
		for used[j] {
			j = r.Below(n)
		}
		used[j] = true
		out[i] = j
	}
	return out
}
