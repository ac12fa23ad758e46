//go:build !linux

package grains

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pinch/internal/host"
	"pinch/internal/py"
)

// platform adds the grains of FreeBSD and macOS.
func platform(_ context.Context, h host.Reader, g *py.Dict) error {
	release := g.String("kernelrelease")
	name := g.String("kernel")
	full := name
	if runtime.GOOS == "darwin" {
		name = "MacOS"
		if v, err := unix.Sysctl("kern.osproductversion"); err == nil {
			release = v
		}
		full = "macOS " + release
		g.SetStr("init", py.Str("launchd"))
	} else {
		release, _, _ = strings.Cut(release, "-")
		g.SetStr("init", py.Str("rc.d"))
	}
	g.SetStr("os", py.Str(name))
	g.SetStr("os_family", py.Str(name))
	g.SetStr("osfullname", py.Str(full))
	g.SetStr("osrelease", py.Str(release))
	info := py.NewList()
	for _, p := range strings.Split(release, ".") {
		if n, err := strconv.Atoi(p); err == nil {
			info.Append(py.Int(n))
		} else {
			info.Append(py.Str(p))
		}
	}
	g.SetStr("osrelease_info", info)
	if n, ok := info.Items[0].(py.Int); ok {
		g.SetStr("osmajorrelease", n)
	}
	g.SetStr("osfinger", py.Str(fmt.Sprintf("%s-%s", name, py.ToStr(info.Items[0]))))
	g.SetStr("osarch", py.Str(g.String("cpuarch")))
	g.SetStr("ps", py.Str("ps auxwww"))
	if id := first(h, "/etc/hostid"); id != "" {
		g.SetStr("machine_id", py.Str(strings.ReplaceAll(id, "-", "")))
	}
	return nil
}

func cpu(_ context.Context, _ host.Reader, g *py.Dict) error {
	g.SetStr("num_cpus", py.Int(runtime.NumCPU()))
	key := "hw.model"
	if runtime.GOOS == "darwin" {
		key = "machdep.cpu.brand_string"
	}
	if v, err := unix.Sysctl(key); err == nil {
		g.SetStr("cpu_model", py.Str(v))
	}
	return nil
}

func memory(_ context.Context, _ host.Reader, g *py.Dict) error {
	key := "hw.physmem"
	if runtime.GOOS == "darwin" {
		key = "hw.memsize"
	}
	if v, err := unix.SysctlUint64(key); err == nil {
		g.SetStr("mem_total", py.Int(v>>20))
	}
	return nil
}
