package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"

	"pinch/internal/cli"
)

// TestMain lets the test binary be pinch, with its shim.
func TestMain(m *testing.M) {
	if os.Getenv("ORACLE_PINCH") != "" {
		os.Exit(cli.Main(cli.OSEnv(), os.Args))
	}
	os.Exit(m.Run())
}

// TestEngineRandom runs the recorded trees and compares with what Salt made of
// them. It prints how many agree.
func TestEngineRandom(t *testing.T) {
	syscall.Umask(0o022) // as where they were recorded
	t.Setenv("ORACLE_PINCH", "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	paths, err := filepath.Glob("testdata/*.json.gz")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recorded trees: %v", err)
	}
	var cases []*testCase
	for _, path := range paths {
		list, err := readCases(path)
		if err != nil {
			t.Fatal(err)
		}
		cases = append(cases, list...)
	}
	var passed atomic.Int64
	t.Run("trees", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name(), func(t *testing.T) {
				t.Parallel()
				p, err := newPinch(self, t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				got, err := run(t.Context(), p, c)
				if err != nil {
					t.Fatal(err)
				}
				ds := compare(c, c.Want, got)
				for _, d := range ds {
					t.Error(d)
				}
				if len(ds) > 0 {
					t.Log(c.describe())
					return
				}
				passed.Add(1)
			})
		}
	})
	fmt.Printf("golden engine_random: %d of %d\n", passed.Load(), len(cases))
}
