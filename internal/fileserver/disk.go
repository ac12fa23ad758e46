package fileserver

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Disk is what the directories of roots lie on: the machine's own file system,
// or the trees of commits. Paths have slashes; errors are as of package os. A
// Disk is safe for concurrent use.
type Disk interface {
	// Stat follows symbolic links.
	Stat(name string) (fs.FileInfo, error)
	// ReadDir lists a directory, sorted by name. Links are not followed.
	ReadDir(name string) ([]fs.DirEntry, error)
	// Readlink returns the text of a symbolic link.
	Readlink(name string) (string, error)
	// Real returns the path without symbolic links of something that exists.
	Real(name string) (string, error)
	// Open opens a regular file.
	Open(name string) (Content, error)
}

// Content is an open file.
type Content interface {
	io.Reader
	io.ReaderAt
	io.Closer
}

// OS is the machine's own file system.
func OS() Disk { return osDisk{} }

type osDisk struct{}

func (osDisk) Stat(name string) (fs.FileInfo, error)      { return os.Stat(name) }
func (osDisk) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (osDisk) Readlink(name string) (string, error)       { return os.Readlink(name) }
func (osDisk) Real(name string) (string, error)           { return filepath.EvalSymlinks(name) }
func (osDisk) Open(name string) (Content, error)          { return os.Open(name) }

// ReadFile reads a whole file of a disk.
func ReadFile(d Disk, name string) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return data, err
}
