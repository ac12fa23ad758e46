package grains_test

import (
	"context"
	"os"
	"testing"
	"time"

	"pinch/internal/host"
	"pinch/modules/grains"
)

// BenchmarkCollect is what every session pays before its first call: the goal is
// 30 ms.
func BenchmarkCollect(b *testing.B) {
	h := host.NewLocal(os.Environ())
	defer h.Close()
	for b.Loop() {
		if _, err := grains.Collect(context.Background(), h); err != nil {
			b.Fatal(err)
		}
	}
}

// The grains of this machine: those that trees count on are there.
func TestCollect(t *testing.T) {
	h := host.NewLocal(os.Environ())
	defer h.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	g, err := grains.Collect(ctx, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"kernel", "os", "os_family", "osfullname", "osarch", "cpuarch", "num_cpus", "mem_total", "fqdn", "host", "localhost", "nodename",
		"virtual", "ipv4", "ip_interfaces", "init", "saltversion", "saltversioninfo", "pythonversion", "path", "shell", "uid", "locale_info"} {
		if !g.Has(key) && !(key == "init" && g.String("kernel") == "FreeBSD") {
			t.Errorf("no grain %s", key)
		}
	}
}
