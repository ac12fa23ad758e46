package output

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Progress shows what runs: on a terminal one line per busy host with its
// state, elsewhere nothing. All methods may be called from any goroutine and
// for hosts that were never started.
type Progress interface {
	// HostStart adds a line for a host.
	HostStart(id string)
	// State says that a host runs its i-th state (from 1) of n.
	State(id string, i, n int, name string)
	// HostDone takes the host's line away; ok says whether all went well.
	HostDone(id string, ok bool)
	// Writer returns where results go while the display is on, when they go
	// to the same terminal: they appear above the lines. Text must end with a
	// line break.
	Writer() io.Writer
	// Close takes all lines away and waits until everything is written.
	Close()
}

// NewProgress returns a display on w, which is a terminal when tty is set;
// otherwise it returns one that shows nothing and whose Writer is w.
func NewProgress(w io.Writer, tty bool) Progress {
	if !tty {
		return noProgress{w}
	}
	return &liveProgress{
		out: w, now: time.Now, hosts: map[string]*hostLine{},
		bars: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithRefreshRate(120*time.Millisecond)),
	}
}

type noProgress struct{ w io.Writer }

func (noProgress) HostStart(string)               {}
func (noProgress) State(string, int, int, string) {}
func (noProgress) HostDone(string, bool)          {}
func (p noProgress) Writer() io.Writer            { return p.w }
func (noProgress) Close()                         {}

type liveProgress struct {
	out  io.Writer
	bars *mpb.Progress
	now  func() time.Time

	mu     sync.Mutex
	hosts  map[string]*hostLine
	closed bool
}

// hostLine is the line of one host.
type hostLine struct {
	id    string
	start time.Time
	now   func() time.Time
	bar   *mpb.Bar

	mu   sync.Mutex
	i, n int
	name string
}

func (p *liveProgress) HostStart(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.hosts[id] != nil {
		return
	}
	h := &hostLine{id: oneLine(id), start: p.now(), now: p.now}
	bar, err := p.bars.Add(0, mpb.BarFillerFunc(h.fill), mpb.BarFillerTrim())
	if err != nil {
		return // the display has ended
	}
	h.bar = bar
	p.hosts[id] = h
}

func (p *liveProgress) State(id string, i, n int, name string) {
	p.mu.Lock()
	h := p.hosts[id]
	p.mu.Unlock()
	if h == nil {
		return
	}
	h.mu.Lock()
	h.i, h.n, h.name = i, n, oneLine(name)
	h.mu.Unlock()
}

func (p *liveProgress) HostDone(id string, _ bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[id]
	if h == nil {
		return
	}
	delete(p.hosts, id)
	h.bar.Abort(true)
}

func (p *liveProgress) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	for id, h := range p.hosts {
		h.bar.Abort(true)
		delete(p.hosts, id)
	}
	p.mu.Unlock()
	p.bars.Wait()
}

func (p *liveProgress) Writer() io.Writer { return aboveLines{p} }

// aboveLines writes above the display, or plainly once that is closed.
type aboveLines struct{ p *liveProgress }

func (a aboveLines) Write(b []byte) (int, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	if a.p.closed {
		return a.p.out.Write(b)
	}
	return a.p.bars.Write(b)
}

// fill writes the line, cut to the width of the terminal.
func (h *hostLine) fill(w io.Writer, stat decor.Statistics) error {
	h.mu.Lock()
	i, n, name := h.i, h.n, h.name
	h.mu.Unlock()
	elapsed := h.now().Sub(h.start).Truncate(100 * time.Millisecond)
	text := h.id + ": connecting"
	if n > 0 {
		text = fmt.Sprintf("%s: %d/%d %s", h.id, i, n, name)
	}
	tail := fmt.Sprintf(" (%.1f s)", elapsed.Seconds())
	room := max(stat.AvailableWidth-runewidth.StringWidth(tail), 0)
	_, err := io.WriteString(w, runewidth.Truncate(text, room, "…")+tail)
	return err
}

// oneLine makes text from another machine safe for one line of a terminal.
func oneLine(s string) string {
	return strings.NewReplacer("\n", " ", "\t", " ").Replace(Clean(s))
}
