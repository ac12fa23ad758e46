package main

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// writeCases writes cases with their answers, compressed.
func writeCases(path string, cases []*testCase) (err error) {
	for _, c := range cases {
		for i := range c.Want {
			c.Want[i].Return = normalize("", c.Want[i].Return)
			lines := strings.Split(strings.TrimSpace(c.Want[i].Stderr), "\n") // of a traceback, what was raised
			c.Want[i].Stderr = lines[len(lines)-1]
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	e := json.NewEncoder(z)
	e.SetEscapeHTML(false)
	if err := e.Encode(cases); err != nil {
		return err
	}
	return z.Close()
}

// readCases reads what writeCases wrote.
func readCases(path string) ([]*testCase, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var cases []*testCase
	if err := decodeJSON(data, &cases); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return cases, nil
}
