package py_test

import (
	"strconv"
	"testing"

	"pinch/internal/py"
)

// pillar is a value of the size and shape of a host's pillar.
func pillar() *py.Dict {
	d := py.NewOrderedDict()
	for i := range 100 {
		d.SetStr("app"+strconv.Itoa(i), py.DictOf(
			"name", py.Str("app-"+strconv.Itoa(i)), "port", py.Int(8000+i), "enabled", py.True, "ratio", py.Float(0.25),
			"hosts", py.Strings("web1.example.com", "web2.example.com"), "motd", py.Str("line one\nline two é\n")))
	}
	return d
}

func BenchmarkDictSmall(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		d := py.NewDict()
		for _, k := range [...]string{"name", "source", "mode", "user", "group"} {
			d.SetStr(k, py.True)
		}
		if _, ok := d.GetStr("group"); !ok {
			b.Fatal("lost a key")
		}
	}
}

func BenchmarkDictLarge(b *testing.B) {
	keys := make([]string, 1000)
	for i := range keys {
		keys[i] = "key" + strconv.Itoa(i)
	}
	b.ReportAllocs()
	for b.Loop() {
		d := py.NewDict()
		for _, k := range keys {
			d.SetStr(k, py.None)
		}
		for _, k := range keys {
			if !d.Has(k) {
				b.Fatal("lost a key")
			}
		}
	}
}

func BenchmarkRepr(b *testing.B) {
	v := pillar()
	b.ReportAllocs()
	b.SetBytes(int64(len(py.Repr(v))))
	for b.Loop() {
		if _, err := py.ReprErr(v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeJSON(b *testing.B) {
	v := pillar()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = py.AppendJSON(buf[:0], v); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(buf)))
}

func BenchmarkDecodeJSON(b *testing.B) {
	data, err := py.EncodeJSON(pillar())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := py.DecodeJSON(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDeepCopy(b *testing.B) {
	v := pillar()
	b.ReportAllocs()
	for b.Loop() {
		py.DeepCopy(v)
	}
}
