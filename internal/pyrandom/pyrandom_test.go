package pyrandom_test

import (
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/pyrandom"
)

func TestSameAsPython(t *testing.T) {
	r := pyrandom.FromBytes([]byte("minion1"))
	var got []int64
	for range 5 {
		got = append(got, r.Below(1_000_000))
	}
	if diff := cmp.Diff([]int64{231468, 409686, 131304, 911567, 242205}, got); diff != "" {
		t.Errorf("randrange: %s", diff)
	}
	if f := r.Float64(); f != 0.5862837734227032 {
		t.Errorf("random: %v", f)
	}
	if diff := cmp.Diff([]int64{9, 7, 1, 2, 8, 6, 0, 3, 5, 4}, r.Sample(10, 10)); diff != "" {
		t.Errorf("sample: %s", diff)
	}
	if diff := cmp.Diff([]int64{135, 563, 490, 155, 357, 750, 924}, r.Sample(1000, 7)); diff != "" {
		t.Errorf("large sample: %s", diff)
	}
	seed, _ := new(big.Int).SetString("-12345678901234567890", 10)
	r = pyrandom.FromInt(seed)
	got = nil
	for range 3 {
		got = append(got, r.Below(1<<40))
	}
	if diff := cmp.Diff([]int64{986306220306, 720919896861, 800911980906}, got); diff != "" {
		t.Errorf("int seed: %s", diff)
	}
}
