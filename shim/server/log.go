package server

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// stderrLog writes warnings and errors to the standard error of the shim,
// whose end the controller keeps.
type stderrLog struct {
	mu sync.Mutex
	w  io.Writer
}

// Debug implements modules.Logger; it says nothing.
func (l *stderrLog) Debug(string, ...any) {}

// Info implements modules.Logger; it says nothing.
func (l *stderrLog) Info(string, ...any) {}

// Warn implements modules.Logger.
func (l *stderrLog) Warn(msg string, args ...any) { l.write("warning", msg, args) }

// Error implements modules.Logger.
func (l *stderrLog) Error(msg string, args ...any) { l.write("error", msg, args) }

func (l *stderrLog) write(level, msg string, args []any) {
	var b strings.Builder
	fmt.Fprintf(&b, "pinch shim: %s: %s", level, msg)
	for i := 0; i < len(args); i += 2 {
		if i+1 == len(args) {
			fmt.Fprintf(&b, " %v", args[i])
			break
		}
		fmt.Fprintf(&b, " %v=%q", args[i], fmt.Sprint(args[i+1]))
	}
	b.WriteByte('\n')
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.w, b.String()) // there is no place left to tell
}
