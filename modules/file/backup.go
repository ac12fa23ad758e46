package file

import (
	"fmt"
	"path"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/pypath"
)

// backupMode is the backup argument, or the minion's option.
func (o *op) backupMode(backup py.Value) string {
	if given(backup) {
		return py.ToStr(backup)
	}
	if v, ok := o.Opts.GetStr("backup_mode"); ok && given(v) {
		return py.ToStr(v)
	}
	return ""
}

// backupRoot is the directory below which backups are kept.
func (o *op) backupRoot() string { return path.Join(o.cacheDir(), "file_backup") }

// backupMinion keeps a copy of a file below the backup root, named after the
// time as Salt names it.
func (o *op) backupMinion(name string) error {
	info, err := o.w.Stat(name)
	if err != nil {
		return err
	}
	now := o.w.Now()
	stamp := now.Format("Mon_Jan_02_15:04:05_") + fmt.Sprintf("%06d", now.Nanosecond()/1000) + now.Format("_2006")
	dest := path.Join(o.backupRoot(), pypath.Dir(name)[1:], pypath.Base(name)+"_"+stamp)
	if err := o.w.MkdirAll(path.Dir(dest), 0o755); err != nil {
		return err
	}
	return o.copyFile(name, dest, info)
}

// copyFile writes a file's content to dest, with owner and mode of info.
func (o *op) copyFile(name, dest string, info host.Info) error {
	f, err := o.w.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	mode := info.Mode
	return o.w.WriteFile(dest, f, host.WriteOptions{Mode: &mode, UID: &info.UID, GID: &info.GID})
}
