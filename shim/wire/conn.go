package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"pinch/internal/py"
)

// Handler answers the peer's requests. It is called on a goroutine of its
// own; ctx ends with the connection or with a hard cancel.
type Handler func(ctx context.Context, r *Incoming) (Answer, error)

// Incoming is a request of the peer.
type Incoming struct {
	Method string
	Params *py.Dict
	// Stop is closed when the peer asks for a soft end (CANCEL).
	Stop <-chan struct{}
}

// Answer is the return of a request: a value, or raw bytes.
type Answer struct {
	Value py.Value
	Data  []byte // used when Value is nil
}

// RemoteError is an error that the peer's handler returned.
type RemoteError struct {
	Class string // an exception's class or a code: "busy", "cancelled", "KeyError", ...
	Msg   string
	Data  *py.Dict // further facts, such as who holds the lock; may be nil
}

// Error implements error.
func (e *RemoteError) Error() string { return e.Msg }

// ErrClosed is returned by calls on a connection that has ended in order.
var ErrClosed = errors.New("the connection is closed")

// Conn is one end of a connection.
type Conn struct {
	r       io.Reader
	handler Handler
	onEvent func(name string, data *py.Dict)
	onHello func(*py.Dict) error
	trace   func(sent bool, k Kind, id uint32, payload []byte)

	writeMu sync.Mutex
	w       io.Writer
	buf     []byte

	mu       sync.Mutex
	calls    map[uint32]*call
	serving  map[uint32]*served
	partial  map[partialKey][]byte
	buffered int
	err      error
	closed   chan struct{}
	byeOnce  sync.Once
	bye      chan struct{}
	byeData  *py.Dict

	nextID   atomic.Uint32
	handlers sync.WaitGroup
	ctx      context.Context
	cancel   context.CancelFunc

	sent, received atomic.Int64
}

type partialKey struct {
	kind Kind
	id   uint32
}

type call struct{ done chan result }

type result struct {
	value py.Value
	data  []byte
	err   error
}

type served struct {
	cancel context.CancelFunc
	stop   chan struct{}
	once   sync.Once
}

// Config are a connection's parts. Handler, OnEvent and OnHello may be nil
// where the side does not expect such frames.
type Config struct {
	R       io.Reader // behind the magic
	W       io.Writer
	Handler Handler
	// OnEvent and OnHello are called by the reading goroutine, in order: they
	// must not wait for the peer.
	OnEvent func(name string, data *py.Dict)
	OnHello func(*py.Dict) error
	// Trace sees every complete message.
	Trace func(sent bool, k Kind, id uint32, payload []byte)
}

// NewConn returns a connection; Serve must be running for it to work.
func NewConn(c Config) *Conn {
	ctx, cancel := context.WithCancel(context.Background())
	return &Conn{
		r: c.R, w: c.W, handler: c.Handler, onEvent: c.OnEvent, onHello: c.OnHello, trace: c.Trace,
		calls: map[uint32]*call{}, serving: map[uint32]*served{}, partial: map[partialKey][]byte{},
		closed: make(chan struct{}), bye: make(chan struct{}), ctx: ctx, cancel: cancel,
	}
}

// Serve reads until the peer closes or breaks the protocol. It returns nil
// when the peer closed between frames. Handlers still running are cancelled
// and waited for.
func (c *Conn) Serve() error {
	err := c.readLoop()
	if err == io.EOF {
		err = nil
	}
	c.fail(err)
	c.handlers.Wait()
	return err
}

// Closed is closed when the connection has ended.
func (c *Conn) Closed() <-chan struct{} { return c.closed }

// Farewell is closed when the peer said BYE.
func (c *Conn) Farewell() <-chan struct{} { return c.bye }

// FarewellData is what the peer said with BYE; valid once Farewell is closed.
func (c *Conn) FarewellData() *py.Dict { return c.byeData }

// Bytes returns how many bytes of frames were sent and received.
func (c *Conn) Bytes() (sent, received int64) { return c.sent.Load(), c.received.Load() }

func (c *Conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.closed:
		return
	default:
	}
	c.err = err
	if c.err == nil {
		c.err = ErrClosed
	}
	close(c.closed)
	c.cancel()
	for id, p := range c.calls {
		p.done <- result{err: c.err}
		delete(c.calls, id)
	}
}

func (c *Conn) readLoop() error {
	buf := make([]byte, MaxPayload)
	for {
		f, err := ReadFrame(c.r, buf)
		if err != nil {
			return err
		}
		c.received.Add(int64(headerSize + len(f.Payload)))
		payload, complete, err := c.assemble(f)
		if err != nil {
			return err
		}
		if !complete {
			continue
		}
		if c.trace != nil {
			c.trace(false, f.Kind, f.ID, payload)
		}
		if err := c.dispatch(f.Kind, f.ID, payload); err != nil {
			return err
		}
	}
}

// assemble joins the frames of a message.
func (c *Conn) assemble(f Frame) (payload []byte, complete bool, err error) {
	key := partialKey{f.Kind, f.ID}
	part, begun := c.partial[key]
	if !begun && !f.More {
		return f.Payload, true, nil
	}
	if len(part)+len(f.Payload) > MaxMessage {
		return nil, false, protocolErrorf("%s %d is longer than %d bytes", f.Kind, f.ID, MaxMessage)
	}
	if c.buffered += len(f.Payload); c.buffered > MaxBuffered {
		return nil, false, protocolErrorf("more than %d bytes of incomplete messages", MaxBuffered)
	}
	part = append(part, f.Payload...)
	if f.More {
		c.partial[key] = part
		return nil, false, nil
	}
	c.buffered -= len(part)
	delete(c.partial, key)
	return part, true, nil
}

func (c *Conn) dispatch(k Kind, id uint32, payload []byte) error {
	switch k {
	case Response, Failure, Data:
		return c.answered(k, id, payload)
	case Cancel:
		c.cancelled(id)
		return nil
	}
	d, err := decodeDict(payload)
	if err != nil {
		return protocolErrorf("%s %d: %v", k, id, err)
	}
	switch k {
	case Hello:
		if c.onHello == nil {
			return protocolErrorf("unexpected %s", k)
		}
		return c.onHello(d)
	case Event:
		if c.onEvent == nil {
			return protocolErrorf("unexpected %s", k)
		}
		data, _ := d.Lookup("data").(*py.Dict)
		c.onEvent(d.String("event"), data)
	case Bye:
		c.byeOnce.Do(func() {
			c.byeData = d
			close(c.bye)
		})
	case Request:
		return c.requested(id, d)
	}
	return nil
}

func decodeDict(payload []byte) (*py.Dict, error) {
	// as text: decoded texts share it, and the payload's buffer is used again
	v, err := py.DecodeJSON(string(payload))
	if err != nil {
		return nil, err
	}
	d, ok := v.(*py.Dict)
	if !ok {
		return nil, fmt.Errorf("a %s where a mapping belongs", v.Type())
	}
	return d, nil
}

func (c *Conn) answered(k Kind, id uint32, payload []byte) error {
	c.mu.Lock()
	p := c.calls[id]
	delete(c.calls, id)
	c.mu.Unlock()
	if p == nil {
		return nil // the caller has given up
	}
	var r result
	switch k {
	case Data:
		r.data = append([]byte(nil), payload...)
	case Response:
		v, err := py.DecodeJSON(string(payload))
		if err != nil {
			return protocolErrorf("%s %d: %v", k, id, err)
		}
		r.value = v
	case Failure:
		d, err := decodeDict(payload)
		if err != nil {
			return protocolErrorf("%s %d: %v", k, id, err)
		}
		data, _ := d.Lookup("data").(*py.Dict)
		r.err = &RemoteError{Class: d.String("class"), Msg: d.String("message"), Data: data}
	}
	p.done <- r
	return nil
}

func (c *Conn) cancelled(id uint32) {
	c.mu.Lock()
	s := c.serving[id]
	c.mu.Unlock()
	if s == nil {
		return
	}
	first := false
	s.once.Do(func() {
		first = true
		close(s.stop)
	})
	if !first {
		s.cancel() // asked twice: now
	}
}

func (c *Conn) requested(id uint32, d *py.Dict) error {
	if c.handler == nil {
		return protocolErrorf("unexpected %s", Request)
	}
	params, _ := d.Lookup("params").(*py.Dict)
	if params == nil {
		params = py.NewDict()
	}
	ctx, cancel := context.WithCancel(c.ctx)
	s := &served{cancel: cancel, stop: make(chan struct{})}
	c.mu.Lock()
	if c.serving[id] != nil || len(c.serving) >= MaxInFlight {
		c.mu.Unlock()
		cancel()
		return protocolErrorf("too many requests, or request %d twice", id)
	}
	c.serving[id] = s
	c.mu.Unlock()
	c.handlers.Add(1)
	go func() {
		defer c.handlers.Done()
		defer cancel()
		a, err := c.handle(ctx, &Incoming{Method: d.String("method"), Params: params, Stop: s.stop})
		c.mu.Lock()
		delete(c.serving, id)
		c.mu.Unlock()
		if sendErr := c.reply(id, a, err); sendErr != nil {
			c.fail(sendErr)
		}
	}()
	return nil
}

// handle calls the handler; a panic is an error of that request.
func (c *Conn) handle(ctx context.Context, in *Incoming) (a Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &RemoteError{Class: "panic", Msg: fmt.Sprintf("%s: panic: %v\n%s", in.Method, p, debug.Stack())}
		}
	}()
	return c.handler(ctx, in)
}

func (c *Conn) reply(id uint32, a Answer, err error) error {
	if err != nil {
		return c.sendValue(Failure, id, errorDict(err))
	}
	if a.Value == nil {
		return c.send(Data, id, a.Data)
	}
	b, err := py.EncodeJSON(a.Value)
	if err == nil && len(b) > MaxMessage {
		err = fmt.Errorf("the answer is longer than %d bytes", MaxMessage)
	}
	if err != nil {
		return c.sendValue(Failure, id, errorDict(err))
	}
	return c.send(Response, id, b)
}

func errorDict(err error) *py.Dict {
	var remote *RemoteError
	if errors.As(err, &remote) {
		d := py.DictOf("class", py.Str(remote.Class), "message", py.Str(remote.Msg))
		if remote.Data != nil {
			d.SetStr("data", remote.Data)
		}
		return d
	}
	var exc *py.Error
	if errors.As(err, &exc) {
		return py.DictOf("class", py.Str(exc.Class), "message", py.Str(exc.Msg))
	}
	class := "error"
	if errors.Is(err, context.Canceled) {
		class = "cancelled"
	}
	return py.DictOf("class", py.Str(class), "message", py.Str(err.Error()))
}

func (c *Conn) sendValue(k Kind, id uint32, v py.Value) error {
	b, err := py.EncodeJSON(v)
	if err != nil {
		return fmt.Errorf("encoding %s %d: %w", k, id, err)
	}
	return c.send(k, id, b)
}

// send writes a message in frames. Other messages may come between the frames
// of a long one.
func (c *Conn) send(k Kind, id uint32, payload []byte) error {
	if len(payload) > MaxMessage {
		return fmt.Errorf("%s %d: %d bytes are more than a message may have", k, id, len(payload))
	}
	if c.trace != nil {
		c.trace(true, k, id, payload)
	}
	for {
		part := payload
		if len(part) > MaxPayload {
			part = part[:MaxPayload]
		}
		payload = payload[len(part):]
		if err := c.write(Frame{Kind: k, ID: id, More: len(payload) > 0, Payload: part}); err != nil {
			return err
		}
		if len(payload) == 0 {
			return nil
		}
	}
}

func (c *Conn) write(f Frame) error {
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	c.buf = AppendFrame(c.buf[:0], f)
	if _, err := c.w.Write(c.buf); err != nil {
		return fmt.Errorf("sending %s: %w", f.Kind, err)
	}
	c.sent.Add(int64(len(c.buf)))
	return nil
}

// SendHello sends the shim's greeting.
func (c *Conn) SendHello(d *py.Dict) error { return c.sendValue(Hello, 0, d) }

// SendEvent sends an event; it blocks while the pipe is full.
func (c *Conn) SendEvent(name string, data *py.Dict) error {
	return c.sendValue(Event, 0, py.DictOf("event", py.Str(name), "data", data))
}

// SendBye says that no more requests will come.
func (c *Conn) SendBye(d *py.Dict) error { return c.sendValue(Bye, 0, d) }

// Call makes a request and waits for its answer. When ctx ends first, the
// peer is told to end the request at once and ctx's error is returned.
func (c *Conn) Call(ctx context.Context, method string, params *py.Dict) (Answer, error) {
	p, err := c.Go(method, params)
	if err != nil {
		return Answer{}, err
	}
	return p.Wait(ctx)
}

// Pending is a request that has no answer yet.
type Pending struct {
	c  *Conn
	id uint32
	p  *call
}

// Go makes a request without waiting for its answer.
func (c *Conn) Go(method string, params *py.Dict) (*Pending, error) {
	id := c.nextID.Add(1)
	p := &call{done: make(chan result, 1)}
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return nil, c.err
	}
	c.calls[id] = p
	c.mu.Unlock()
	err := c.sendValue(Request, id, py.DictOf("method", py.Str(method), "params", params))
	if err != nil {
		c.mu.Lock()
		delete(c.calls, id)
		c.mu.Unlock()
		return nil, err
	}
	return &Pending{c: c, id: id, p: p}, nil
}

// Wait waits for the answer.
func (p *Pending) Wait(ctx context.Context) (Answer, error) {
	select {
	case r := <-p.p.done:
		return Answer{Value: r.value, Data: r.data}, r.err
	case <-ctx.Done():
	}
	p.c.mu.Lock()
	delete(p.c.calls, p.id)
	p.c.mu.Unlock()
	// softly, then hard; the connection may be gone, and then so is the request
	_ = p.Stop()
	_ = p.Stop()
	return Answer{}, context.Cause(ctx)
}

// Stop asks the peer to end the request softly; asked again, at once.
func (p *Pending) Stop() error { return p.c.send(Cancel, p.id, nil) }
