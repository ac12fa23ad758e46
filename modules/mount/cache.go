package mount

import (
	"errors"
	"io/fs"
	"strings"

	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/modules"
)

// cachePath is where Salt keeps what it mounted, so that options that were
// taken away are noticed: the kernel does not tell the defaults from them.
func cachePath(c *modules.Call) string {
	dir := "/var/cache/salt/minion"
	if v, ok := c.Opts.GetStr("cachedir"); ok && py.IsTrue(v) {
		dir = py.ToStr(v)
	}
	return dir + "/mounts"
}

// readCache returns the cache, never nil; one that is missing or spoilt is empty.
func readCache(c *modules.Call, r host.Reader) (*py.Dict, error) {
	data, err := r.ReadFile(cachePath(c))
	if errors.Is(err, fs.ErrNotExist) {
		return py.NewDict(), nil
	}
	if err != nil {
		return nil, err
	}
	v, err := saltyaml.Load(string(data))
	if d, ok := v.(*py.Dict); ok && err == nil {
		return d, nil
	}
	return py.NewDict(), nil
}

// cached returns what the cache says of a mount point, never nil.
func cached(c *modules.Call, r host.Reader, point string) (*py.Dict, error) {
	d, err := readCache(c, r)
	if err != nil {
		return nil, err
	}
	if mounts, ok := d.Lookup("mounts").(*py.Dict); ok {
		if m, ok := mounts.Lookup(point).(*py.Dict); ok {
			return m, nil
		}
	}
	return py.NewDict(), nil
}

// editCache changes the mounts of the cache and writes it.
func editCache(c *modules.Call, w host.Writer, edit func(mounts *py.Dict) (changed bool)) error {
	d, err := readCache(c, w)
	if err != nil {
		return err
	}
	mounts, ok := d.Lookup("mounts").(*py.Dict)
	if !ok {
		mounts = py.NewDict()
		d.SetStr("mounts", mounts)
	}
	if !edit(mounts) {
		return nil
	}
	text, err := saltyaml.Dump(d, saltyaml.Options{FlowStyle: saltyaml.Block})
	if err != nil {
		return err
	}
	p := cachePath(c)
	if err := w.MkdirAll(strings.TrimSuffix(p, "/mounts"), 0o755); err != nil {
		return modules.CommandExecutionError("Unable to write mount cache.")
	}
	mode := fs.FileMode(0o600)
	if err := w.WriteFile(p, strings.NewReader(text), host.WriteOptions{Mode: &mode}); err != nil {
		return modules.CommandExecutionError("Unable to write mount cache.")
	}
	return nil
}

func writeCache(c *modules.Call, w host.Writer, point, device string, mkmnt py.Value, fstype string, opts py.Value) error {
	return editCache(c, w, func(mounts *py.Dict) bool {
		mounts.SetStr(point, py.DictOf("device", py.Str(device), "fstype", py.Str(fstype), "mkmnt", mkmnt, "opts", opts))
		return true
	})
}

func dropCache(c *modules.Call, w host.Writer, point string) error {
	return editCache(c, w, func(mounts *py.Dict) bool {
		_, ok, _ := mounts.Delete(py.Str(point)) // a str is hashable
		return ok
	})
}
