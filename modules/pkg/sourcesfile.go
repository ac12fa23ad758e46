package pkg

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"pinch/internal/host"
)

// sources are all entries of apt's source files, in the order of the files'
// names. was is what the files held, filled which of them hold entries.
type sources struct {
	list   []*source
	was    map[string]string
	filled map[string]bool
}

// readSources reads /etc/apt/sources.list and its directory. A line that
// cannot be understood is kept as it is.
func readSources(r host.Reader) (*sources, error) {
	files := []string{sourcesList}
	dir, err := r.ReadDir(sourcesParts)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("apt's sources: %w", err)
	}
	for _, e := range dir {
		if strings.HasSuffix(e.Name(), ".sources") || strings.HasSuffix(e.Name(), ".list") {
			files = append(files, path.Join(sourcesParts, e.Name()))
		}
	}
	s := &sources{was: map[string]string{}}
	for _, f := range files {
		info, err := r.Stat(f)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsRegular() {
			continue // a dangling link or a directory
		}
		if err != nil {
			return nil, fmt.Errorf("apt's sources: %w", err)
		}
		data, err := r.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("apt's sources: %w", err)
		}
		s.load(f, string(data))
	}
	s.noteFilled()
	return s, nil
}

func (s *sources) load(file, text string) {
	s.was[file] = text
	if strings.HasSuffix(file, ".sources") {
		for _, p := range parseSections(text) {
			s.list = append(s.list, &source{file: file, section: p})
		}
		return
	}
	for line := range strings.Lines(text) {
		e, err := parseLine(line, file)
		if err != nil {
			e = &source{file: file, line: line, invalid: true}
		}
		s.list = append(s.list, e)
	}
}

// noSources is what is left in sources.list when there is no entry anywhere.
const noSources = "## See sources.list(5) for more information, especialy\n" +
	"# Remember that you can only use http, ftp or file URIs\n" +
	"# CDROMs are managed through the apt-cdrom tool.\n"

// consolidate moves all repositories that are written as lines into
// sources.list, the components of equal ones together, and removes their files.
func (s *sources) consolidate(w host.Writer) error {
	var list []*source
	byKey := map[string]*source{}
	old := map[string]bool{}
	for _, e := range s.list {
		switch {
		case e.section != nil:
			list = append(list, e)
			continue
		case e.file != sourcesList:
			old[e.file] = true
		}
		if e.invalid {
			continue
		}
		key := fmt.Sprintf("%q %v %q %q %q", e.archs, e.off, e.kind, e.uri, e.dist)
		if first, ok := byKey[key]; ok {
			for _, c := range e.parts {
				if !slices.Contains(first.parts, c) {
					first.parts = append(first.parts, c)
				}
			}
			continue
		}
		e.file = sourcesList
		byKey[key] = e
		list = append(list, e)
	}
	s.list = list
	if err := s.save(w); err != nil {
		return err
	}
	for f := range old {
		if err := w.Remove(f); err != nil {
			return fmt.Errorf("apt's sources: %w", err)
		}
		delete(s.was, f)
	}
	return nil
}

// usable are the entries that are repositories.
func (s *sources) usable() []*source {
	return slices.DeleteFunc(slices.Clone(s.list), func(e *source) bool { return !e.usable() })
}

func (s *sources) remove(e *source) {
	s.list = slices.DeleteFunc(s.list, func(x *source) bool { return x == e })
}

// save writes the files whose content has changed. A file that had entries and
// has none left is emptied.
func (s *sources) save(w host.Writer) error {
	files := map[string]string{}
	for f := range s.filled {
		files[f] = ""
	}
	if len(s.list) == 0 {
		files[sourcesList] = noSources
	}
	for _, e := range s.list {
		text := files[e.file]
		if e.section != nil && text != "" {
			text += "\n"
		}
		files[e.file] = text + e.text() + "\n"
	}
	for f, text := range files {
		was, existed := s.was[f]
		if existed && was == text {
			continue
		}
		mode := fs.FileMode(0o644)
		o := host.WriteOptions{}
		if !existed {
			o.Mode = &mode
		}
		if err := w.WriteFile(f, strings.NewReader(text), o); err != nil {
			return fmt.Errorf("apt's sources: %w", err)
		}
		s.was[f] = text
	}
	s.noteFilled()
	return nil
}

// noteFilled notes which files hold entries.
func (s *sources) noteFilled() {
	s.filled = map[string]bool{}
	for _, e := range s.list {
		s.filled[e.file] = true
	}
}
