package shim

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestBudget builds what a host gets for one platform, twice, and weighs it;
// `go generate ./shim` weighs it for all platforms.
func TestBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the shim")
	}
	gobin, err := exec.LookPath("go")
	if err != nil {
		t.Skip(err)
	}
	for _, p := range Programs {
		t.Run(string(p), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), string(p))
			if err := Build(gobin, "..", p, "linux", "amd64", out); err != nil {
				t.Fatal(err)
			}
			raw, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			gz, err := Compress(raw, gzip.BestCompression)
			if err != nil {
				t.Fatal(err)
			}
			if len(raw) > MaxRaw || len(gz) > MaxGzip {
				t.Errorf("%d bytes, %d compressed: more than the %d and %d that it may have", len(raw), len(gz), MaxRaw, MaxGzip)
			}
			// the same bytes whatever the environment says
			t.Setenv("GOFLAGS", "-trimpath=false")
			t.Setenv("GOAMD64", "v3")
			again := out + "2"
			if err := Build(gobin, "..", p, "linux", "amd64", again); err != nil {
				t.Fatal(err)
			}
			if b, err := os.ReadFile(again); err != nil || !bytes.Equal(b, raw) {
				t.Errorf("a second build has other bytes: %v", err)
			}
		})
	}
}
