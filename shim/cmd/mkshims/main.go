// Command mkshims builds the shims of all supported platforms, compressed, with
// an index of their hashes and sizes. `go generate ./shim` runs it.
package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"pinch/shim"
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

// job is one program for one platform.
type job struct {
	program    shim.Program
	goos, arch string
	entry      shim.IndexEntry
	gz         int
	err        error
}

func run(out string, platforms []string) error {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
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
	var jobs []*job
	for _, platform := range platforms {
		goos, arch, ok := strings.Cut(platform, "/")
		if !ok {
			return fmt.Errorf("%q is no GOOS/GOARCH", platform)
		}
		for _, p := range shim.Programs {
			jobs = append(jobs, &job{program: p, goos: goos, arch: arch})
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, 2) // the compiler is parallel itself
	for _, j := range jobs {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			j.err = j.build(root, tmp, out)
		})
	}
	wg.Wait()
	index := shim.Index{}
	var errs []error
	for _, j := range jobs {
		platform := j.goos + "/" + j.arch
		if errs = append(errs, j.err); j.gz == 0 {
			continue
		}
		if index[j.program] == nil {
			index[j.program] = map[string]shim.IndexEntry{}
		}
		index[j.program][platform] = j.entry
		fmt.Printf("%-6s %-15s %s  %5.2f MiB raw  %5.2f MiB gzip\n", j.program, platform, j.entry.Hash, mib(int(j.entry.Size)), mib(j.gz))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	b, err := json.MarshalIndent(index, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "index.json"), append(b, '\n'), 0o644)
}

func mib(n int) float64 { return float64(n) / (1 << 20) }

func (j *job) build(root, tmp, out string) error {
	bin := filepath.Join(tmp, shim.BlobName(j.program, j.goos, j.arch))
	if err := shim.Build("go", root, j.program, j.goos, j.arch, bin); err != nil {
		return err
	}
	raw, err := os.ReadFile(bin)
	if err != nil {
		return err
	}
	gz, err := shim.Compress(raw, gzip.BestCompression)
	if err != nil {
		return err
	}
	j.entry, j.gz = shim.IndexEntry{Hash: shim.HashOf(raw), Size: int64(len(raw))}, len(gz)
	if len(raw) > shim.MaxRaw || len(gz) > shim.MaxGzip {
		return fmt.Errorf("%s for %s/%s: %.2f MiB raw, %.2f MiB gzip: more than the %d and %d MiB that it may have",
			j.program, j.goos, j.arch, mib(len(raw)), mib(len(gz)), shim.MaxRaw>>20, shim.MaxGzip>>20)
	}
	return os.WriteFile(filepath.Join(out, shim.BlobName(j.program, j.goos, j.arch)), gz, 0o644)
}
