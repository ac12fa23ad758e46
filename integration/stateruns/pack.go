package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// pack adds the plain goldens SUITE/NAME.json below from to the packed ones in
// dir, SUITE.json.gz. A case that is there already is replaced.
func pack(from, dir string) (int, error) {
	paths, err := filepath.Glob(filepath.Join(from, "*", "*.json"))
	if err != nil {
		return 0, err
	}
	suites := map[string]map[string]json.RawMessage{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return 0, fmt.Errorf("pack: %w", err)
		}
		var c goldenCase
		if err := decodeJSON(data, &c); err != nil {
			return 0, fmt.Errorf("pack: %s: %w", path, err)
		}
		if suites[c.Suite] == nil {
			if suites[c.Suite], err = unpack(filepath.Join(dir, c.Suite+".json.gz")); err != nil {
				return 0, err
			}
		}
		suites[c.Suite][c.Name] = data
	}
	for _, suite := range slices.Sorted(maps.Keys(suites)) {
		if err := writePacked(filepath.Join(dir, suite+".json.gz"), suites[suite]); err != nil {
			return 0, err
		}
	}
	return len(paths), nil
}

// unpack reads a packed suite as the text of each case; one that does not exist is empty.
func unpack(path string) (map[string]json.RawMessage, error) {
	cases := map[string]json.RawMessage{}
	data, err := gunzip(path)
	if errors.Is(err, fs.ErrNotExist) {
		return cases, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pack: %s: %w", path, err)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("pack: %s: %w", path, err)
	}
	for _, raw := range list {
		var c struct{ Name string }
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, fmt.Errorf("pack: %s: %w", path, err)
		}
		cases[c.Name] = raw
	}
	return cases, nil
}

// writePacked writes the same bytes for the same cases, so that nothing changes in the repository without reason.
func writePacked(path string, cases map[string]json.RawMessage) error {
	names := slices.Sorted(maps.Keys(cases))
	var text bytes.Buffer
	text.WriteString("[\n")
	for i, name := range names {
		if i > 0 {
			text.WriteString(",\n")
		}
		text.Write(bytes.TrimSpace(cases[name]))
	}
	text.WriteString("\n]\n")
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text.Bytes()); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(path, packed.Bytes(), 0o644); err != nil {
		return fmt.Errorf("pack: %w", err)
	}
	return nil
}
