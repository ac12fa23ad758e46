package ssh_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain checks that no test left a goroutine of these packages behind.
func TestMain(m *testing.M) {
	os.Setenv("PINCH_TEST_DIR", "/e") // for the expansion of ${...} in key files
	code := m.Run()
	if left := leftovers(3 * time.Second); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leftovers returns the stacks of goroutines of the connection packages that
// are still there after wait.
func leftovers(wait time.Duration) string {
	for end := time.Now().Add(wait); ; time.Sleep(20 * time.Millisecond) {
		buf := make([]byte, 4<<20)
		buf = buf[:runtime.Stack(buf, true)]
		var left []string
		for _, g := range strings.Split(string(buf), "\n\n") {
			if strings.Contains(g, "ssh_test.TestMain") || strings.Contains(g, "testing.(*M)") {
				continue
			}
			for _, pkg := range []string{"pinch/ssh.", "pinch/internal/demossh.", "golang.org/x/crypto/ssh", "github.com/pkg/sftp", "pinch/ssh/sshtest."} {
				if strings.Contains(g, pkg) {
					left = append(left, g)
					break
				}
			}
		}
		if len(left) == 0 {
			return ""
		}
		if time.Now().After(end) {
			return strings.Join(left, "\n\n")
		}
	}
}
