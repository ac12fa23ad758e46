package serialize

import (
	"encoding/binary"
	"math"
	"math/big"
	"unicode/utf8"

	"pinch/internal/py"
)

// maxMsgpack is how deep msgpack nests.
const maxMsgpack = 511

// packMsgpack appends a value in MessagePack, text and binary apart.
func packMsgpack(b []byte, v py.Value, depth int) ([]byte, error) {
	if depth > maxMsgpack {
		return nil, py.ValueErrorf("recursion limit exceeded")
	}
	switch v := v.(type) {
	case py.NoneType:
		return append(b, 0xc0), nil
	case py.Bool:
		if v {
			return append(b, 0xc3), nil
		}
		return append(b, 0xc2), nil
	case py.Int:
		return packInt(b, int64(v)), nil
	case *py.Long:
		i := v.Big()
		if i.Sign() > 0 && i.IsUint64() {
			return binary.BigEndian.AppendUint64(append(b, 0xcf), new(big.Int).Set(i).Uint64()), nil
		}
		return nil, py.Errorf("OverflowError", "Integer value out of range")
	case py.Float:
		return binary.BigEndian.AppendUint64(append(b, 0xcb), math.Float64bits(float64(v))), nil
	case py.Str:
		if !utf8.ValidString(string(v)) {
			return nil, py.Errorf("UnicodeEncodeError", "'utf-8' codec can't encode characters: surrogates not allowed")
		}
		b = packLen(b, len(v), 0xa0, 32, 0xd9, 0xda, 0xdb)
		return append(b, v...), nil
	case py.Bytes:
		b = packLen(b, len(v), 0, 0, 0xc4, 0xc5, 0xc6)
		return append(b, v...), nil
	case *py.List:
		return packItems(packLen(b, len(v.Items), 0x90, 16, 0, 0xdc, 0xdd), v.Items, depth)
	case py.Tuple:
		return packItems(packLen(b, len(v), 0x90, 16, 0, 0xdc, 0xdd), v, depth)
	case *py.Dict:
		b = packLen(b, v.Len(), 0x80, 16, 0, 0xde, 0xdf)
		for k, item := range v.All() {
			var err error
			if b, err = packItems(b, []py.Value{k, item}, depth); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	return nil, py.TypeErrorf("can not serialize '%s' object", typeName(v))
}

func packItems(b []byte, items []py.Value, depth int) ([]byte, error) {
	var err error
	for _, it := range items {
		if b, err = packMsgpack(b, it, depth+1); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// packLen appends a length: in the tag itself below fix, else behind the tag
// for 8 (0: there is none), 16 or 32 bits.
func packLen(b []byte, n int, tag byte, fix int, t8, t16, t32 byte) []byte {
	switch {
	case n < fix:
		return append(b, tag|byte(n))
	case n < 1<<8 && t8 != 0:
		return append(b, t8, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, t16), uint16(n))
	}
	return binary.BigEndian.AppendUint32(append(b, t32), uint32(n))
}

func packInt(b []byte, i int64) []byte {
	switch {
	case i >= 0 && i < 1<<7, i < 0 && i >= -32:
		return append(b, byte(i))
	case i >= 0 && i < 1<<8:
		return append(b, 0xcc, byte(i))
	case i >= 0 && i < 1<<16:
		return binary.BigEndian.AppendUint16(append(b, 0xcd), uint16(i))
	case i >= 0 && i < 1<<32:
		return binary.BigEndian.AppendUint32(append(b, 0xce), uint32(i))
	case i >= 0:
		return binary.BigEndian.AppendUint64(append(b, 0xcf), uint64(i))
	case i >= -1<<7:
		return append(b, 0xd0, byte(i))
	case i >= -1<<15:
		return binary.BigEndian.AppendUint16(append(b, 0xd1), uint16(i))
	case i >= -1<<31:
		return binary.BigEndian.AppendUint32(append(b, 0xd2), uint32(i))
	}
	return binary.BigEndian.AppendUint64(append(b, 0xd3), uint64(i))
}
