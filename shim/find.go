package shim

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

//go:generate go run ./cmd/mkshims -out blob

//go:embed blob
var blobFS embed.FS

// Platforms are the platforms that shims are built for, as GOOS/GOARCH.
var Platforms = []string{
	"linux/amd64", "linux/arm64", "linux/arm", "linux/386", "linux/riscv64",
	"freebsd/amd64", "darwin/amd64", "darwin/arm64",
}

// buildEnv is what of the environment changes the bytes: the oldest processor
// that Go knows of each architecture.
var buildEnv = []string{
	"GOFLAGS=-mod=readonly", "GOAMD64=v1", "GO386=sse2", "GOARM=5", "GOARM64=v8.0", "GORISCV64=rva20u64", "GOEXPERIMENT=", "GOFIPS140=off",
}

// Program is one of the programs that run on a host.
type Program string

// The programs, each in shim/cmd of its name.
const (
	// Shim is what every session starts.
	Shim Program = "pinch"
	// Fetch is the shim's helper for the web, which few runs need
	// (internal/fetch).
	Fetch Program = "fetch"
	// More has the functions that few trees use (modules/all/more).
	More Program = "more"
)

// Programs are all of them.
var Programs = []Program{Shim, Fetch, More}

// What a program may take, in bytes, uncompressed and with gzip -9.
const (
	MaxRaw  = 12 << 20
	MaxGzip = 4 << 20
)

// BuildFlags make the same bytes on every machine, so that a team shares one
// cached shim on a host. Functions are not inlined (-l), which saves 0.8 MiB of
// 5.3 compressed: the shim's time goes to the system and to other programs. The tag
// leaves out what only the controller uses.
var BuildFlags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-gcflags=all=-l", "-tags=pinchshim"}

// Binary is a shim for one platform.
type Binary struct {
	Hash string // first 16 hex digits of the SHA-256 of the program
	Size int64  // of the program
	gz   func() ([]byte, error)
}

// Gzip returns the compressed program.
func (b *Binary) Gzip() ([]byte, error) { return b.gz() }

// Index are the hashes and sizes of the programs in a directory, by program and
// platform. It is kept there in index.json.
type Index map[Program]map[string]IndexEntry

// BlobName is the file of a program in such a directory.
func BlobName(p Program, goos, arch string) string {
	return string(p) + "-" + goos + "-" + arch + ".gz"
}

// IndexEntry describes a program for one platform.
type IndexEntry struct {
	Hash string `json:"hash"`
	Size int64  `json:"size"`
}

// Finder finds shims. The zero value is not usable; see NewFinder.
type Finder struct {
	blobs fs.FS
	// Dirs are searched for PROGRAM-OS-ARCH.gz with an index.json.
	Dirs []string
	// Self is the running program, used when it is static and the platform
	// is its own; "" never.
	Self string
	// Source is the checkout to build from when a Go toolchain is there; "" never.
	Source string
	// Cache is where built shims are kept.
	Cache string

	mu    sync.Mutex
	found map[string]*Binary
	fails map[string]error
}

// NewFinder returns a finder over the embedded shims, the directories of
// $PINCH_SHIMS, the running program and the checkout around it.
func NewFinder(getenv func(string) string) *Finder {
	sub, err := fs.Sub(blobFS, "blob")
	if err != nil {
		panic(err) // the directory is embedded
	}
	f := &Finder{blobs: sub, found: map[string]*Binary{}, fails: map[string]error{}}
	if d := getenv("PINCH_SHIMS"); d != "" {
		f.Dirs = filepath.SplitList(d)
	}
	if exe, err := os.Executable(); err == nil {
		f.Self = exe
		f.Source = checkout(filepath.Dir(exe))
	}
	if f.Source == "" {
		if wd, err := os.Getwd(); err == nil {
			f.Source = checkout(wd)
		}
	}
	if c, err := os.UserCacheDir(); err == nil {
		f.Cache = filepath.Join(c, "pinch", "shims")
	}
	return f
}

// checkout returns the root of pinch's own source above dir, or "".
func checkout(dir string) string {
	for {
		if b, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil {
			if bytes.HasPrefix(b, []byte("module pinch\n")) {
				return dir
			}
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// Known returns the hashes of the shims that are at hand without building, by
// platform: what the bootstrap asks the host for.
func (f *Finder) Known() map[string]*Binary {
	out := map[string]*Binary{}
	for _, p := range Platforms {
		goos, arch, _ := strings.Cut(p, "/")
		if b, err := f.prebuilt(Shim, goos, arch); err == nil {
			out[p] = b
		}
	}
	own := runtime.GOOS + "/" + runtime.GOARCH
	if out[own] == nil {
		if b, err := f.Find(runtime.GOOS, runtime.GOARCH); err == nil {
			out[own] = b
		}
	}
	return out
}

// Find returns the shim for a platform: embedded, from a directory, the
// running program, or built now.
func (f *Finder) Find(goos, arch string) (*Binary, error) { return f.FindProgram(Shim, goos, arch) }

// FindProgram is Find for any of the programs.
func (f *Finder) FindProgram(p Program, goos, arch string) (*Binary, error) {
	key := string(p) + " " + goos + "/" + arch
	f.mu.Lock()
	defer f.mu.Unlock()
	if b := f.found[key]; b != nil {
		return b, nil
	}
	if err := f.fails[key]; err != nil {
		return nil, err
	}
	b, err := f.find(p, goos, arch)
	if err != nil {
		f.fails[key] = err
		return nil, err
	}
	f.found[key] = b
	return b, nil
}

func (f *Finder) find(p Program, goos, arch string) (*Binary, error) {
	var tried []string
	for _, step := range []func(Program, string, string) (*Binary, error){f.prebuilt, f.self, f.build} {
		b, err := step(p, goos, arch)
		if err == nil {
			return b, nil
		}
		tried = append(tried, err.Error())
	}
	return nil, &UnsupportedError{Program: p, OS: goos, Arch: arch, Tried: tried}
}

func (f *Finder) prebuilt(p Program, goos, arch string) (*Binary, error) {
	sources := []fs.FS{f.blobs}
	for _, d := range f.Dirs {
		sources = append(sources, os.DirFS(d))
	}
	key := goos + "/" + arch
	name := BlobName(p, goos, arch)
	for _, src := range sources {
		raw, err := fs.ReadFile(src, "index.json")
		if err != nil {
			continue
		}
		var index Index
		if err := json.Unmarshal(raw, &index); err != nil {
			return nil, fmt.Errorf("index.json of the shims: %w", err)
		}
		if e, ok := index[p][key]; ok {
			return &Binary{Hash: e.Hash, Size: e.Size, gz: func() ([]byte, error) { return fs.ReadFile(src, name) }}, nil
		}
	}
	return nil, errors.New("none is embedded")
}

// self is the running program, when it is static and of that platform.
func (f *Finder) self(p Program, goos, arch string) (*Binary, error) {
	if p != Shim {
		return nil, errors.New("the running program is another")
	}
	if goos != runtime.GOOS || arch != runtime.GOARCH || f.Self == "" {
		return nil, errors.New("the running program is for " + runtime.GOOS + "/" + runtime.GOARCH)
	}
	if filepath.Base(f.Self) != "pinch" {
		return nil, fmt.Errorf("the running program is called %s", filepath.Base(f.Self))
	}
	if goos == "linux" {
		if err := isStatic(f.Self); err != nil {
			return nil, err
		}
	}
	return fromFile(f.Self)
}

func isStatic(path string) error {
	e, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer e.Close()
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("the running program is linked dynamically (build it with CGO_ENABLED=0)")
		}
	}
	return nil
}

// build builds the program from the checkout with the Go toolchain.
func (f *Finder) build(p Program, goos, arch string) (*Binary, error) {
	if f.Source == "" {
		return nil, errors.New("there is no checkout to build it from")
	}
	gobin, err := exec.LookPath("go")
	if err != nil {
		return nil, errors.New("there is no Go toolchain to build it with")
	}
	if f.Cache == "" {
		return nil, errors.New("there is no cache directory to build it in")
	}
	dir := filepath.Join(f.Cache, goos+"-"+arch)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	out := filepath.Join(dir, string(p))
	if err := Build(gobin, f.Source, p, goos, arch, out); err != nil {
		return nil, err
	}
	return fromFile(out)
}

// Build builds a program for one platform into the file out.
func Build(gobin, source string, p Program, goos, arch, out string) error {
	dir, err := os.MkdirTemp("", "pinch-build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary directory
	overlay, err := slim(source, dir)
	if err != nil {
		return err
	}
	args := append([]string{"build", "-overlay", overlay}, BuildFlags...)
	cmd := exec.Command(gobin, append(args, "-o", out, "./shim/cmd/"+string(p))...)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+arch)
	cmd.Env = append(cmd.Env, buildEnv...)
	if msg, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s for %s/%s: %w\n%s", p, goos, arch, err, msg)
	}
	return nil
}

func fromFile(path string) (*Binary, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var once sync.Once
	var gz []byte
	var gzErr error
	return &Binary{Hash: HashOf(raw), Size: int64(len(raw)), gz: func() ([]byte, error) {
		once.Do(func() { gz, gzErr = Compress(raw, gzip.BestSpeed) })
		return gz, gzErr
	}}, nil
}

// HashOf is a program's content address: 16 hex digits.
func HashOf(program []byte) string {
	sum := sha256.Sum256(program)
	return hex.EncodeToString(sum[:])[:16]
}

// Compress gzips without a name or time, so that the bytes are reproducible.
func Compress(raw []byte, level int) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(w, bytes.NewReader(raw)); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
