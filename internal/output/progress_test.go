package output

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/vbauerster/mpb/v8/decor"
)

func TestProgressWithoutTerminal(t *testing.T) {
	var b bytes.Buffer
	p := NewProgress(&b, false)
	p.HostStart("web1")
	p.State("web1", 1, 2, "x")
	fmt.Fprintln(p.Writer(), "result")
	p.HostDone("web1", true)
	p.Close()
	if got := b.String(); got != "result\n" {
		t.Errorf("got %q, want only the result", got)
	}
}

// lockedBuffer may be read while the display writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestProgressOnTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b lockedBuffer
		p := NewProgress(&b, true)
		p.HostStart("web1")
		p.HostStart("web1") // once is enough
		p.State("web1", 2, 7, "nginx\x1b[31m\nconfig")
		p.State("nosuch", 1, 1, "ignored")
		time.Sleep(time.Second)
		if got, want := b.String(), `web1: 2/7 nginx\x1b[31m config (`; !strings.Contains(got, want) {
			t.Errorf("display lacks %q:\n%q", want, got)
		}
		fmt.Fprintln(p.Writer(), "result of web1")
		p.HostDone("web1", false)
		p.HostDone("web1", false)
		p.Close()
		p.Close()
		fmt.Fprintln(p.Writer(), "after")
		got := b.String()
		if !strings.Contains(got, "result of web1\n") || !strings.HasSuffix(got, "after\n") {
			t.Errorf("results are missing: %q", got)
		}
		if n := strings.Count(got, "ignored"); n != 0 {
			t.Errorf("a host that was not started is shown")
		}
	})
}

func TestProgressLineIsCut(t *testing.T) {
	now := time.Unix(100, 0)
	h := &hostLine{id: "web1", start: now.Add(-1500 * time.Millisecond), now: func() time.Time { return now }, i: 1, n: 9, name: strings.Repeat("日", 40)}
	var b bytes.Buffer
	if err := h.fill(&b, decor.Statistics{AvailableWidth: 30}); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "web1: 1/9 日日日日日… (1.5 s)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
