package py

import (
	"iter"
	"maps"
	"slices"
)

// Dict is Python's dict: insertion-ordered and shared by reference. With
// Ordered it is collections.OrderedDict, which Salt's YAML loader makes and
// which differs only in how it prints and in which class it names itself.
//
// Up to smallDict entries it is searched in order without an index, which is
// what nearly all dicts of a state tree are.
type Dict struct {
	Ordered bool

	live    int // entries not deleted
	entries []dictEntry
	index   *dictIndex // nil while small
}

type dictEntry struct {
	key, val Value // key is nil when deleted
}

// dictIndex finds the entries of a large dict: by text for str keys, by
// hashKey for others.
type dictIndex struct {
	strs   map[string]int32
	others map[any]int32
}

const smallDict = 16

// NewDict returns an empty dict.
func NewDict() *Dict { return &Dict{} }

// NewOrderedDict returns an empty OrderedDict.
func NewOrderedDict() *Dict { return &Dict{Ordered: true} }

// DictOf returns a dict of alternating str keys and values.
func DictOf(kv ...any) *Dict {
	d := NewDict()
	for i := 0; i+1 < len(kv); i += 2 {
		d.SetStr(kv[i].(string), kv[i+1].(Value))
	}
	return d
}

// Type implements Value.
func (d *Dict) Type() string {
	if d.Ordered {
		return "OrderedDict"
	}
	return "dict"
}

// Len returns the number of entries.
func (d *Dict) Len() int {
	if d == nil {
		return 0
	}
	return d.live
}

func (d *Dict) findStr(key string) int {
	if d == nil {
		return -1
	}
	if d.index != nil {
		if i, ok := d.index.strs[key]; ok {
			return int(i)
		}
		return -1
	}
	for i := range d.entries {
		switch k := d.entries[i].key.(type) {
		case Str:
			if string(k) == key {
				return i
			}
		case Hasher: // perhaps a str of another class
			if h, err := k.HashKey(); err == nil && h == any(Str(key)) {
				return i
			}
		}
	}
	return -1
}

// find returns the place of a key, -1 when it is not there.
func (d *Dict) find(key Value) (int, error) {
	if s, ok := key.(Str); ok {
		return d.findStr(string(s)), nil
	}
	h, err := hashKey(key)
	if err != nil {
		return -1, err
	}
	if d == nil {
		return -1, nil
	}
	if s, ok := h.(Str); ok { // a str-like key of another type
		return d.findStr(string(s)), nil
	}
	if d.index != nil {
		if i, ok := d.index.others[h]; ok {
			return int(i), nil
		}
		return -1, nil
	}
	for i := range d.entries {
		switch k := d.entries[i].key.(type) {
		case nil, Str:
		default:
			if other, err := hashKey(k); err == nil && other == h {
				return i, nil
			}
		}
	}
	return -1, nil
}

// Get returns the value of a key; an unhashable key is a TypeError.
func (d *Dict) Get(key Value) (Value, bool, error) {
	i, err := d.find(key)
	if err != nil || i < 0 {
		return nil, false, err
	}
	return d.entries[i].val, true, nil
}

// GetStr returns the value of a str key.
func (d *Dict) GetStr(key string) (Value, bool) {
	if i := d.findStr(key); i >= 0 {
		return d.entries[i].val, true
	}
	return nil, false
}

// Lookup returns the value of a str key, or nil.
func (d *Dict) Lookup(key string) Value {
	v, _ := d.GetStr(key)
	return v
}

// String returns the value of a str key when it is a str, else "".
func (d *Dict) String(key string) string {
	s, _ := d.Lookup(key).(Str)
	return string(s)
}

// Has says whether the str key is there.
func (d *Dict) Has(key string) bool { return d.findStr(key) >= 0 }

// Set adds or replaces; a replaced key keeps its place and its first spelling.
func (d *Dict) Set(key, val Value) error {
	i, err := d.find(key)
	if err != nil {
		return err
	}
	if i >= 0 {
		d.entries[i].val = val
		return nil
	}
	d.add(key, val)
	return nil
}

// SetStr is Set for a str key.
func (d *Dict) SetStr(key string, val Value) {
	if i := d.findStr(key); i >= 0 {
		d.entries[i].val = val
		return
	}
	d.add(Str(key), val)
}

// Grow makes room for n further entries.
func (d *Dict) Grow(n int) { d.entries = slices.Grow(d.entries, n) }

func (d *Dict) add(key, val Value) {
	d.entries = append(d.entries, dictEntry{key: key, val: val})
	d.live++
	switch {
	case d.index != nil:
		d.note(len(d.entries) - 1)
	case len(d.entries) > smallDict:
		d.reindex()
	}
}

// note puts the i-th entry into the index.
func (d *Dict) note(i int) {
	key := d.entries[i].key
	if s, ok := key.(Str); ok {
		d.index.strs[string(s)] = int32(i)
		return
	}
	h, err := hashKey(key)
	if err != nil {
		return // cannot be: it is a key already
	}
	if s, ok := h.(Str); ok {
		d.index.strs[string(s)] = int32(i)
		return
	}
	if d.index.others == nil {
		d.index.others = map[any]int32{}
	}
	d.index.others[h] = int32(i)
}

func (d *Dict) reindex() {
	d.index = &dictIndex{strs: make(map[string]int32, len(d.entries))}
	for i := range d.entries {
		if d.entries[i].key != nil {
			d.note(i)
		}
	}
}

// Delete removes a key and returns its value; ok is false when it was not there.
func (d *Dict) Delete(key Value) (old Value, ok bool, err error) {
	i, err := d.find(key)
	if err != nil || i < 0 {
		return nil, false, err
	}
	old = d.entries[i].val
	if d.index != nil {
		d.index.drop(d.entries[i].key)
	}
	d.entries[i] = dictEntry{}
	d.live--
	d.compact()
	return old, true, nil
}

func (x *dictIndex) drop(key Value) {
	if s, ok := key.(Str); ok {
		delete(x.strs, string(s))
		return
	}
	if h, err := hashKey(key); err == nil { // it is a key, so it has one
		if s, ok := h.(Str); ok {
			delete(x.strs, string(s))
		} else {
			delete(x.others, h)
		}
	}
}

// DeleteStr removes a str key.
func (d *Dict) DeleteStr(key string) (Value, bool) {
	old, ok, _ := d.Delete(Str(key)) // a str is always hashable
	return old, ok
}

// compact drops deleted entries once they are more than half, so that a
// queue-like use stays linear.
func (d *Dict) compact() {
	if len(d.entries) > smallDict && d.live > len(d.entries)/2 {
		return
	}
	out := make([]dictEntry, 0, d.live)
	for _, e := range d.entries {
		if e.key != nil {
			out = append(out, e)
		}
	}
	d.entries = out
	if d.index != nil {
		d.reindex()
	}
}

// Clear removes all entries.
func (d *Dict) Clear() {
	d.entries, d.live, d.index = nil, 0, nil
}

// All yields keys and values in order. The dict must not change meanwhile.
func (d *Dict) All() iter.Seq2[Value, Value] {
	return func(yield func(Value, Value) bool) {
		if d == nil {
			return
		}
		for i := 0; i < len(d.entries); i++ {
			if e := d.entries[i]; e.key != nil && !yield(e.key, e.val) {
				return
			}
		}
	}
}

// Keys returns the keys in order.
func (d *Dict) Keys() []Value {
	out := make([]Value, 0, d.Len())
	for k := range d.All() {
		out = append(out, k)
	}
	return out
}

// Values returns the values in order.
func (d *Dict) Values() []Value {
	out := make([]Value, 0, d.Len())
	for _, v := range d.All() {
		out = append(out, v)
	}
	return out
}

// Copy returns a shallow copy of the same class.
func (d *Dict) Copy() *Dict {
	c := &Dict{Ordered: d.Ordered, entries: make([]dictEntry, 0, d.live), live: d.live}
	for _, e := range d.entries {
		if e.key != nil {
			c.entries = append(c.entries, e)
		}
	}
	switch {
	case len(c.entries) <= smallDict:
	case d.index != nil && len(d.entries) == d.live: // the places are the same
		c.index = &dictIndex{strs: maps.Clone(d.index.strs), others: maps.Clone(d.index.others)}
	default:
		c.reindex()
	}
	return c
}

// Update sets every entry of o, in its order (dict.update).
func (d *Dict) Update(o *Dict) {
	for _, e := range o.snapshot() {
		if s, ok := e.key.(Str); ok {
			d.SetStr(string(s), e.val)
			continue
		}
		_ = d.Set(e.key, e.val) // it is a key already, so it can be hashed
	}
}

func (d *Dict) snapshot() []dictEntry {
	if d == nil {
		return nil
	}
	out := make([]dictEntry, 0, d.live)
	for _, e := range d.entries {
		if e.key != nil {
			out = append(out, e)
		}
	}
	return out
}
