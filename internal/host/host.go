// Package host is the operating system as pinch's functions see it: Reader
// looks, Writer changes. A state's Check gets only a Reader, so that test mode
// cannot write; Apply gets the Writer. It is the only package that starts
// processes or writes files on a target (import rules in the architecture).
//
// Local is the machine itself. Fake is an in-memory host for tests.
package host

import (
	"context"
	"io"
	"io/fs"
	"time"
)

// Reader is the look-only side of a host. Paths are absolute paths of the
// host. Errors of file operations are *fs.PathError, so errors.Is(err,
// fs.ErrNotExist) works.
type Reader interface {
	Stat(path string) (Info, error)  // follows symlinks
	Lstat(path string) (Info, error) // does not
	ReadFile(path string) ([]byte, error)
	Open(path string) (io.ReadCloser, error)
	ReadDir(path string) ([]fs.DirEntry, error) // sorted by name
	ScanDir(path string) ([]fs.DirEntry, error) // in the directory's own order
	Readlink(path string) (string, error)
	// Xattr returns an extended attribute, nil when it is not set or not
	// supported. It does not follow symlinks.
	Xattr(path, name string) ([]byte, error)
	// ListXattr returns the names of the extended attributes, nil when there
	// are none or they are not supported. It does not follow symlinks.
	ListXattr(path string) ([]string, error)
	// Attrs returns the attribute flags of a file (chattr, FlagImmutable...).
	// ok is false where the file system or platform has none.
	Attrs(path string) (flags uint32, ok bool, err error)

	// StatFS describes the file system that a path is on.
	StatFS(path string) (FSInfo, error)

	// LookPath finds an executable in the host's PATH (salt.utils.path.which):
	// "" when there is none.
	LookPath(name string) string
	// Query runs a command that only looks. Its argv must be in the reviewed
	// table of read-only commands (query.go); another is refused.
	Query(ctx context.Context, cmd Cmd) (Output, error)

	// Users and groups, from the host's own files or its name service.
	User(name string) (User, bool)
	UserID(uid int) (User, bool)
	Users() ([]User, error)
	Group(name string) (Group, bool)
	GroupID(gid int) (Group, bool)
	Groups() ([]Group, error)

	Getenv(name string) string
	Environ() []string // NAME=value, sorted
	Getuid() int
	// Umask returns the umask of the process.
	Umask() int
	Now() time.Time
}

// Writer changes a host.
type Writer interface {
	Reader

	// WriteFile replaces a file atomically: temporary file in the same
	// directory, content, fsync, owner, mode, security label, rename.
	WriteFile(path string, content io.Reader, o WriteOptions) error
	// Mkdir and MkdirAll make directories; the umask applies to mode as it
	// does for mkdir(2).
	Mkdir(path string, mode fs.FileMode) error
	MkdirAll(path string, mode fs.FileMode) error
	Remove(path string) error // a file, a link or an empty directory
	RemoveAll(path string) error
	Rename(oldPath, newPath string) error
	Symlink(target, path string) error
	Link(oldPath, newPath string) error
	Chmod(path string, mode fs.FileMode) error
	Chown(path string, uid, gid int) error  // -1 keeps; follows symlinks
	Lchown(path string, uid, gid int) error // -1 keeps; the link itself
	Chtimes(path string, atime, mtime time.Time) error
	SetXattr(path, name string, value []byte) error // nil value removes
	// SetAttrs sets the attribute flags of a file (see Attrs).
	SetAttrs(path string, flags uint32) error
	// Mknod makes a device, or with fs.ModeNamedPipe a pipe.
	Mknod(path string, mode fs.FileMode, major, minor uint32) error
	Setenv(name, value string) error // of this process and later children
	Unsetenv(name string) error

	// Run runs any command. A program that is not there is an error that wraps
	// fs.ErrNotExist; a command that ran and failed is no error.
	Run(ctx context.Context, cmd Cmd) (Output, error)
	// Kill sends a signal to a process.
	Kill(pid int, signal int) error
	// TempFile makes an empty file (mode 0600) that is removed when the run
	// ends, and returns its path. dir "" means the system's.
	TempFile(dir, pattern string) (string, error)
	TempDir(dir, pattern string) (string, error)
}

// Info describes a file.
type Info struct {
	Name    string
	Size    int64
	Mode    fs.FileMode // type and permission bits, setuid, setgid, sticky
	UID     int
	GID     int
	ModTime time.Time
	AccTime time.Time
	ChgTime time.Time
	Inode   uint64
	Dev     uint64
	Nlink   uint64
	Rdev    uint64
}

// FSInfo describes a file system, with the fields of statvfs(3): sizes in
// blocks of FragSize bytes.
type FSInfo struct {
	BlockSize, FragSize             int64
	Blocks, BlocksFree, BlocksAvail uint64
	Files, FilesFree, FilesAvail    uint64
	Flags                           uint64
	NameMax                         uint64
}

// IsDir says whether it is a directory.
func (i Info) IsDir() bool { return i.Mode.IsDir() }

// IsRegular says whether it is a regular file.
func (i Info) IsRegular() bool { return i.Mode.IsRegular() }

// IsLink says whether it is a symbolic link.
func (i Info) IsLink() bool { return i.Mode&fs.ModeSymlink != 0 }

// Perm returns the permission bits with setuid, setgid and sticky as Unix
// has them (04000, 02000, 01000).
func (i Info) Perm() uint32 { return UnixPerm(i.Mode) }

// UnixPerm turns Go's mode bits into Unix's twelve.
func UnixPerm(m fs.FileMode) uint32 {
	p := uint32(m.Perm())
	if m&fs.ModeSetuid != 0 {
		p |= 0o4000
	}
	if m&fs.ModeSetgid != 0 {
		p |= 0o2000
	}
	if m&fs.ModeSticky != 0 {
		p |= 0o1000
	}
	return p
}

// GoPerm is the inverse of UnixPerm.
func GoPerm(p uint32) fs.FileMode {
	m := fs.FileMode(p & 0o777)
	if p&0o4000 != 0 {
		m |= fs.ModeSetuid
	}
	if p&0o2000 != 0 {
		m |= fs.ModeSetgid
	}
	if p&0o1000 != 0 {
		m |= fs.ModeSticky
	}
	return m
}

// WriteOptions say what a written file becomes. A nil pointer keeps what an
// existing file has; a new file gets 0600 & owner of the process unless given.
type WriteOptions struct {
	Mode     *fs.FileMode
	UID, GID *int
	// Dir is where the temporary file is made ("" : beside the target).
	Dir string
	// NoFollow replaces a symlink itself instead of the file behind it.
	NoFollow bool
	// KeepLinks writes into a file that has several hard links instead of
	// replacing it, so that the links stay; so it does where a file can be
	// written but not be replaced (/proc, /sys, another's file). This is not
	// atomic for such files.
	KeepLinks bool
}

// Cmd is a command to run.
type Cmd struct {
	Argv []string
	// Shell runs Argv[0] as a script text with this shell (cmd.run's
	// python_shell): Argv has then one element.
	Shell string
	Dir   string
	// Env is added to the process environment; a nil value unsets.
	Env map[string]*string
	// ClearEnv starts from an empty environment.
	ClearEnv bool
	Stdin    io.Reader
	// Files are further inputs, which the command finds as /dev/fd/3 and on:
	// pipes, so that what is secret in them lies on no disk.
	Files []io.Reader
	// Memory are inputs behind those of Files, for programs that want a
	// regular file: in memory only, and readable by the command's user alone.
	// Linux only.
	Memory [][]byte
	// RunAs and Group are the user and group names to run as ("" keeps);
	// Login loads the user's login environment as Salt's runas does.
	RunAs, Group string
	Login        bool
	Umask        *int
	Timeout      time.Duration // 0: none; then the process group is killed
	// MaxOutput bounds what is kept of each stream (0: DefaultMaxOutput).
	MaxOutput int64
	// Tee, when set, receives output as it comes (progress events).
	Tee io.Writer
	// Stdout, when set, takes standard output, which is then not kept.
	Stdout io.Writer
	// NewSession starts the command in its own session (background services).
	NewSession bool
}

// DefaultMaxOutput bounds the kept output of a command: 64 MiB a stream.
const DefaultMaxOutput = 64 << 20

// Output is how a command ended. A command that ran and failed is no error.
type Output struct {
	Stdout, Stderr []byte
	Code           int // exit status; -n after signal n, as Python has it
	PID            int
	TimedOut       bool
	Truncated      bool
}

// User is an entry of the user database.
type User struct {
	Name, Passwd       string
	UID, GID           int
	Gecos, Home, Shell string
}

// Group is an entry of the group database.
type Group struct {
	Name    string
	GID     int
	Members []string
}

// Host is a whole host.
type Host = Writer
