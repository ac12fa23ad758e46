//go:build integration

package integration

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"pinch/integration/lab"
)

const (
	// binaryVariable names the environment variable with the pinch binary to test; without it the module is built.
	binaryVariable = "PINCH_BINARY"

	// scenarioNet is where the scenarios' hosts are, apart from those of `lab up`.
	scenarioNet = "127.0.9"
)

// rig is what all scenarios share: the machines and the binary.
type rig struct {
	lab    *lab.Lab
	binDir string        // holds the binary under the name pinch
	turn   chan struct{} // one scenario at a time has the hosts
}

var shared *rig

// exitCodes are the exit statuses of pinch by the names that the scripts use.
var exitCodes = map[string]string{
	"OK":          "0",
	"ERROR":       "1",   // another error
	"FAILED":      "2",   // a state failed
	"COMPILE":     "3",   // a tree does not compile
	"UNREACHABLE": "4",   // a host could not be reached
	"REFUSED":     "5",   // a host refused the login or sudo
	"HOSTKEY":     "6",   // a host key is unknown or has changed
	"NOMATCH":     "7",   // the target matches no host
	"UNKNOWNHOST": "8",   // a host was named that the roster does not have
	"BUSY":        "9",   // another run holds a host
	"LOST":        "10",  // the connection was lost during the run
	"NOSHIM":      "11",  // the shim cannot be started
	"USAGE":       "64",  // wrong usage
	"INTERRUPTED": "130", // Ctrl-C
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(mainWithLab(m))
}

// mainWithLab starts the lab, runs the tests and takes everything down again.
func mainWithLab(m *testing.M) (code int) {
	ctx := context.Background()
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, "integration:", err)
		return 1
	}
	l, err := lab.New(ctx, os.Stderr)
	if err != nil {
		return fail(err)
	}
	l = l.At(scenarioNet)
	release, err := l.Claim(ctx)
	if err != nil {
		return fail(err)
	}
	defer release()
	if err := l.Images(ctx); err != nil {
		return fail(err)
	}
	binDir, err := os.MkdirTemp("", "pinch-scenarios")
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(binDir)
	if err := installBinary(ctx, binDir); err != nil {
		return fail(err)
	}
	defer func() {
		if err := l.Down(ctx); err != nil {
			code = fail(err)
		}
	}()
	shared = &rig{lab: l, binDir: binDir, turn: make(chan struct{}, 1)}
	return m.Run()
}

// installBinary puts the binary to test into dir under its right name: a shim
// that is a copy of it must be called pinch.
func installBinary(ctx context.Context, dir string) error {
	target := filepath.Join(dir, "pinch")
	given := os.Getenv(binaryVariable)
	if given == "" {
		build := exec.CommandContext(ctx, "go", "build", "-o", target, "pinch")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w\n%s", err, out)
		}
		return nil
	}
	data, err := os.ReadFile(given)
	if err != nil {
		return fmt.Errorf("%s: %w", binaryVariable, err)
	}
	return os.WriteFile(target, data, 0o755)
}

// TestScenarios runs the scripts of testdata, each on fresh hosts.
func TestScenarios(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata",
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			home := filepath.Join(env.WorkDir, "home")
			if err := os.MkdirAll(filepath.Join(home, ".ssh"), 0o700); err != nil {
				return err
			}
			for name, code := range exitCodes {
				env.Setenv(name, code)
			}
			env.Setenv("HOME", home)
			env.Setenv("PATH", shared.binDir+":"+env.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"lab":     cmdLab,
			"host":    cmdHost,
			"await":   cmdAwait,
			"code":    cmdCode,
			"example": cmdExample,
			"states":  cmdStates,
			"cmpjson": cmpJSON,
			"idle":    cmdIdle,
		},
	})
}

// hostsKey is where a script's hosts are kept between its commands.
type hostsKey struct{}

// cmdLab starts fresh hosts for the script, which has them for itself until it ends.
// It writes a roster of them and their host keys into the known_hosts file of $HOME.
//
//	lab N [SUITE]
func cmdLab(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: lab N [SUITE]")
	}
	suite := lab.Suites[0]
	if len(args) == 2 {
		suite = args[1]
	}
	var n int
	if _, err := fmt.Sscanf(args[0], "%d", &n); err != nil {
		ts.Fatalf("lab: %q is not a number of hosts", args[0])
	}
	shared.turn <- struct{}{}
	ts.Defer(func() { <-shared.turn })
	hosts, err := shared.lab.Reset(context.Background(), n, suite)
	ts.Check(err)
	var known strings.Builder
	byID := map[string]lab.Host{}
	for _, h := range hosts {
		fmt.Fprintln(&known, h.KnownHosts())
		byID[h.ID] = h
	}
	ts.Check(os.WriteFile(ts.MkAbs("roster"), []byte(lab.Roster(hosts)), 0o644))
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("HOME"), ".ssh/known_hosts"), []byte(known.String()), 0o600))
	ts.Setenv("KEY", hosts[0].KeyFile)
	ts.Setenv("NET", scenarioNet)
	hostsOf[ts.Name()] = byID
	ts.Defer(func() { delete(hostsOf, ts.Name()) })
}

// hostsOf are the hosts of the running scripts. Only the script that has its turn touches it.
var hostsOf = map[string]map[string]lab.Host{}

func hostOf(ts *testscript.TestScript, name string) lab.Host {
	h, ok := hostsOf[ts.Name()]["h"+strings.TrimPrefix(name, "h")]
	if !ok {
		ts.Fatalf("host %s: the script has no such host; start it with lab", name)
	}
	return h
}

// cmdHost runs a shell command on a host as root, without SSH. Its output is for stdout and stderr.
//
//	[!] host I COMMAND...
func cmdHost(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: host I COMMAND...")
	}
	argv, err := hostOf(ts, args[0]).Argv(strings.Join(args[1:], " "))
	ts.Check(err)
	err = ts.Exec(argv[0], argv[1:]...)
	if err != nil && !neg {
		ts.Fatalf("host %s: %v", args[0], err)
	}
	if err == nil && neg {
		ts.Fatalf("host %s: unexpected success", args[0])
	}
}

// cmdAwait repeats a shell command on a host until it succeeds, at most 20 seconds.
//
//	await I COMMAND...
func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: await I COMMAND...")
	}
	host, command := hostOf(ts, args[0]), strings.Join(args[1:], " ")
	deadline := time.Now().Add(20 * time.Second)
	for {
		res, err := host.Exec(context.Background(), command)
		ts.Check(err)
		if res.Code == 0 {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("await %s: %s: still exit status %d: %s%s", args[0], command, res.Code, res.Stdout, res.Stderr)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// cmdCode runs a program and demands its exit status.
//
//	code STATUS PROGRAM ARGS...
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code STATUS PROGRAM ARGS...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%s: %v", args[1], err)
		}
		code = exit.ExitCode()
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("%s: exit status %d, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// cmdExample copies a tree of examples into the script's folder.
//
//	example NAME
func cmdExample(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: example NAME")
	}
	ts.Check(os.CopyFS(ts.MkAbs("."), os.DirFS(filepath.Join(exampleDir, args[0]))))
}

// exampleDir is where the example trees are, seen from this package, made absolute before scripts change folders.
var exampleDir = func() string {
	dir, err := filepath.Abs("../examples")
	if err != nil {
		panic(err)
	}
	return dir
}()

// cmdIdle demands that soon nothing of the product runs on the hosts. The
// kernel gives a flock back when its holder ends, so no lock is held then either.
//
//	idle
func cmdIdle(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: idle")
	}
	for id := range hostsOf[ts.Name()] {
		cmdAwait(ts, false, []string{id, `! pgrep -a -x pinch`})
	}
}
