// Command mkshims builds the shims of all supported platforms, compressed, with
// an index of their hashes and sizes. `go generate ./shim` runs it.
package main

import (
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"pinch/shim"
)

// What a shim may take, in bytes. The goal is 12 MiB raw and 4 MiB gzip, which
// the HTTP client with its TLS (file.managed from http:// sources) exceeds.
const (
	maxRaw  = 16 << 20
	maxGzip = 6 << 20
)

func main() {
	out := flag.String("out", "blob", "directory to write to")
	only := flag.String("only", "", "comma-separated platforms (default: all)")
	flag.Parse()
	platforms := shim.Platforms
	if *only != "" {
		platforms = strings.Split(*only, ",")
	}
	if err := run(*out, platforms); err != nil {
		fmt.Fprintln(os.Stderr, "mkshims:", err)
		os.Exit(1)
	}
}

type built struct {
	Hash string `json:"hash"`
	Size int64  `json:"size"`
	gz   int
}

func run(out string, platforms []string) error {
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	if wd, err := os.Getwd(); err == nil {
		if _, err := os.Stat(filepath.Join(wd, "shim")); err == nil {
			root = wd // called from the root rather than by go generate
		}
	}
	tmp, err := os.MkdirTemp("", "mkshims")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	results := make([]built, len(platforms))
	errs := make([]error, len(platforms))
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2) // the compiler is parallel itself
	for i, p := range platforms {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i], errs[i] = one(root, tmp, out, p)
		})
	}
	wg.Wait()
	index := map[string]built{}
	for i, p := range platforms {
		if errs[i] != nil {
			return errs[i]
		}
		index[p] = results[i]
		fmt.Printf("%-15s %s  %5.2f MiB raw  %5.2f MiB gzip\n", p, results[i].Hash, mib(int(results[i].Size)), mib(results[i].gz))
	}
	b, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "index.json"), append(b, '\n'), 0o644)
}

func mib(n int) float64 { return float64(n) / (1 << 20) }

func one(root, tmp, out, platform string) (built, error) {
	goos, arch, ok := strings.Cut(platform, "/")
	if !ok {
		return built{}, fmt.Errorf("%q is no GOOS/GOARCH", platform)
	}
	bin := filepath.Join(tmp, goos+"-"+arch)
	if err := shim.Build("go", root, goos, arch, bin); err != nil {
		return built{}, err
	}
	raw, err := os.ReadFile(bin)
	if err != nil {
		return built{}, err
	}
	gz, err := shim.Compress(raw, gzip.BestCompression)
	if err != nil {
		return built{}, err
	}
	if len(raw) > maxRaw || len(gz) > maxGzip {
		return built{}, fmt.Errorf("%s: %.2f MiB raw, %.2f MiB gzip: more than the %d and %d MiB that a shim may have", platform, mib(len(raw)), mib(len(gz)), maxRaw>>20, maxGzip>>20)
	}
	name := filepath.Join(out, "pinch-"+goos+"-"+arch+".gz")
	return built{Hash: shim.HashOf(raw), Size: int64(len(raw)), gz: len(gz)}, os.WriteFile(name, gz, 0o644)
}
