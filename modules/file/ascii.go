package file

import (
	"errors"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// asciiCodec is US-ASCII.
type asciiCodec struct{}

var errNotASCII = errors.New("ordinal not in range(128)")

// NewDecoder implements encoding.Encoding.
func (asciiCodec) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: asciiOnly{}}
}

// NewEncoder implements encoding.Encoding.
func (asciiCodec) NewEncoder() *encoding.Encoder {
	return &encoding.Encoder{Transformer: asciiOnly{}}
}

// asciiOnly copies bytes below 128 and fails at others.
type asciiOnly struct{ transform.NopResetter }

// Transform implements transform.Transformer.
func (asciiOnly) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if src[nSrc] >= 0x80 {
			return nDst, nSrc, errNotASCII
		}
		if nDst == len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		dst[nDst] = src[nSrc]
		nDst++
		nSrc++
	}
	return nDst, nSrc, nil
}
