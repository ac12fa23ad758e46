// Package wire is the protocol between the controller and the shim: frames
// over the remote process's standard input and output, and calls, data and
// events on top of them. docs/protocol.md describes it for a second
// implementation. Both sides use it.
package wire

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Version is the protocol's number. Controller and shim come from one build
// (the shim is found by its hash), so there is no negotiation: another number
// is an error.
const Version = 1

// Magic is what the shim writes before its first frame. Whatever a login
// shell prints before it is skipped.
const Magic = "\x00pinch\x01\r\n"

// Limits of the protocol. A peer that exceeds one is cut off.
const (
	MaxNoise    = 64 << 10  // bytes before the magic
	MaxPayload  = 64 << 10  // bytes of one frame's payload
	MaxMessage  = 64 << 20  // bytes of one message
	MaxBuffered = 128 << 20 // bytes of all messages that are not complete yet
	MaxInFlight = 256       // requests of one side
	MaxDepth    = 64        // nesting of a message

	headerSize = 4 + 1 + 4 + 4
)

// Kind is a frame's kind.
type Kind uint8

// The kinds of frames.
const (
	Hello    Kind = 1 + iota // shim → controller, once: who it is
	Request                  // a call
	Response                 // its return
	Failure                  // its error
	Data                     // its return, when that is raw bytes
	Event                    // shim → controller: something happened
	Cancel                   // ends a request softly; the payload says how
	Bye                      // controller → shim: no more requests
)

var kindNames = [...]string{"", "HELLO", "REQUEST", "RESPONSE", "ERROR", "DATA", "EVENT", "CANCEL", "BYE"}

// String returns the name that the protocol's description uses.
func (k Kind) String() string {
	if int(k) < len(kindNames) && k > 0 {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

const flagMore = 1

// Frame is one frame. Payload is only valid until the next read.
type Frame struct {
	Kind    Kind
	ID      uint32
	More    bool // the message goes on in the next frame of this kind and id
	Payload []byte
}

// ProtocolError says that the peer does not keep to the protocol.
type ProtocolError struct{ Msg string }

// Error implements error.
func (e *ProtocolError) Error() string { return "protocol: " + e.Msg }

func protocolErrorf(format string, args ...any) error {
	return &ProtocolError{Msg: fmt.Sprintf(format, args...)}
}

// AppendFrame appends a frame's bytes to b.
func AppendFrame(b []byte, f Frame) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(headerSize-4+len(f.Payload)))
	b = append(b, byte(f.Kind))
	b = binary.BigEndian.AppendUint32(b, f.ID)
	var flags uint32
	if f.More {
		flags |= flagMore
	}
	b = binary.BigEndian.AppendUint32(b, flags)
	return append(b, f.Payload...)
}

// ReadFrame reads one frame; buf is used for the payload when it is large
// enough. io.EOF means that the peer closed between frames.
func ReadFrame(r io.Reader, buf []byte) (Frame, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:4]); err != nil {
		return Frame{}, err
	}
	n := binary.BigEndian.Uint32(h[:4])
	if n < headerSize-4 || n > headerSize-4+MaxPayload {
		return Frame{}, protocolErrorf("frame of %d bytes", n)
	}
	if _, err := io.ReadFull(r, h[4:]); err != nil {
		return Frame{}, unexpected(err)
	}
	f := Frame{Kind: Kind(h[4]), ID: binary.BigEndian.Uint32(h[5:9])}
	flags := binary.BigEndian.Uint32(h[9:13])
	if f.Kind < Hello || f.Kind > Bye {
		return Frame{}, protocolErrorf("frame of unknown %s", f.Kind)
	}
	if flags&^flagMore != 0 {
		return Frame{}, protocolErrorf("unknown flags %#x", flags)
	}
	f.More = flags&flagMore != 0
	size := int(n) - (headerSize - 4)
	if cap(buf) < size {
		buf = make([]byte, size)
	}
	f.Payload = buf[:size]
	if _, err := io.ReadFull(r, f.Payload); err != nil {
		return Frame{}, unexpected(err)
	}
	return f, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// SkipToMagic reads up to and including the magic. The noise before it is
// returned, and with an error too: it is often what explains the error.
func SkipToMagic(r io.ByteReader) (noise []byte, err error) {
	matched := 0
	for {
		c, err := r.ReadByte()
		if err != nil {
			return noise, unexpected(err)
		}
		if c == Magic[matched] {
			matched++
			if matched == len(Magic) {
				return noise, nil
			}
			continue
		}
		noise = append(noise, Magic[:matched]...)
		matched = 0
		if c == Magic[0] {
			matched = 1
		} else {
			noise = append(noise, c)
		}
		if len(noise) > MaxNoise {
			return noise, protocolErrorf("more than %d bytes before the greeting", MaxNoise)
		}
	}
}
