package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// side runs calls: real Salt or pinch.
type side interface {
	call(ctx context.Context, c call) (answer, error)
	where() place
}

// run runs all calls of a case and says what came of them.
func run(ctx context.Context, s side, c *testCase) ([]answer, error) {
	if err := s.where().prepare(c); err != nil {
		return nil, err
	}
	var out []answer
	for _, r := range c.Runs {
		a, err := s.call(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r, err)
		}
		a.Return = s.where().outAll(a.Return)
		if a.Files, err = s.where().files(); err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}

// callLimit ends a call that hangs.
const callLimit = 2 * time.Minute

//go:embed server.py
var saltServer []byte

// saltSide is a running server.py.
type saltSide struct {
	place place
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
}

// startSalt starts real Salt with the given Python of a virtual environment.
// hashSeed decides the order of Python's sets.
func startSalt(python, dir, hashSeed string) (*saltSide, error) {
	p, err := newPlace(dir)
	if err != nil {
		return nil, err
	}
	script := filepath.Join(dir, "server.py")
	if err := os.WriteFile(script, saltServer, 0o644); err != nil {
		return nil, err
	}
	s := &saltSide{place: p, cmd: exec.Command(python, script, dir)}
	s.cmd.Env = append(os.Environ(), "PYTHONHASHSEED="+hashSeed, "PYTHONWARNINGS=ignore")
	s.cmd.Stderr = os.Stderr
	s.cmd.Dir = dir
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReaderSize(out, 1<<20)
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("salt: %w", err)
	}
	if _, err := s.out.ReadBytes('\n'); err != nil {
		return nil, errors.Join(fmt.Errorf("salt: did not start: %w", err), s.close())
	}
	return s, nil
}

func (s *saltSide) where() place { return s.place }

func (s *saltSide) call(_ context.Context, c call) (answer, error) {
	c.Arg = s.place.args(c)
	if c.Arg == nil {
		c.Arg = []string{}
	}
	request, err := json.Marshal(map[string]any{"fun": c.Fun, "arg": c.Arg})
	if err != nil {
		return answer{}, err
	}
	if _, err := s.in.Write(append(request, '\n')); err != nil {
		return answer{}, fmt.Errorf("salt: %w", err)
	}
	timer := time.AfterFunc(callLimit, func() { _ = s.cmd.Process.Kill() })
	defer timer.Stop()
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return answer{}, fmt.Errorf("salt: %w", err)
	}
	var a answer
	if err := decodeJSON(line, &a); err != nil {
		return answer{}, fmt.Errorf("salt: %w: %s", err, line)
	}
	if a.Return != nil {
		a.Stderr = ""
	}
	return a, nil
}

func (s *saltSide) close() error {
	return errors.Join(s.in.Close(), s.cmd.Wait())
}

// pinchSide runs pinch --local.
type pinchSide struct {
	place  place
	binary string
}

func newPinch(binary, dir string) (*pinchSide, error) {
	p, err := newPlace(dir)
	return &pinchSide{place: p, binary: binary}, err
}

func (s *pinchSide) where() place { return s.place }

func (s *pinchSide) call(ctx context.Context, c call) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	argv := append([]string{"-c", string(s.place), "--local", "--retcode-passthrough", "--out=json", c.Fun}, s.place.args(c)...)
	cmd := exec.CommandContext(ctx, s.binary, argv...)
	cmd.Dir = string(s.place)
	cmd.Env = append(os.Environ(), "PINCH_LOCK_DIR="+string(s.place))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return answer{}, fmt.Errorf("pinch: %w", err)
	}
	if ctx.Err() != nil {
		return answer{}, fmt.Errorf("pinch: %w\n%s", ctx.Err(), stderr.String())
	}
	a := answer{Retcode: cmd.ProcessState.ExitCode()}
	var byHost map[string]any
	if err := decodeJSON(stdout.Bytes(), &byHost); err != nil {
		a.Stderr = stdout.String() + stderr.String()
		return a, nil
	}
	if ret, ok := byHost["h1"]; ok {
		a.Return = ret
	} else {
		a.Return = byHost
	}
	if a.Return == nil {
		a.Stderr = stderr.String()
	}
	return a, nil
}
