package pydiff

import "sort"

// popularFrom is the length from which difflib leaves out popular lines.
const popularFrom = 200

// match is a run of size equal lines, at a in the first text and b in the
// second.
type match struct{ a, b, size int }

// matcher finds the matching runs of two texts whose lines are numbered, so
// that equal lines have equal numbers.
type matcher struct {
	a, b []int32
	// at[offset[x]:offset[x+1]] are the places of line x in b, in order;
	// nothing for popular lines.
	offset []int32
	at     []int32

	// lengths of the runs that end in the previous and in this row, by place
	// in b (one to the right), and which of them are not 0.
	prev, next         []int32
	prevUsed, nextUsed []int32
}

// newMatcher numbers the lines of two texts.
func newMatcher(a, b []string) *matcher {
	ids := make(map[string]int32, len(b))
	number := func(lines []string) []int32 {
		out := make([]int32, len(lines))
		for i, l := range lines {
			id, ok := ids[l]
			if !ok {
				id = int32(len(ids))
				ids[l] = id
			}
			out[i] = id
		}
		return out
	}
	m := &matcher{b: number(b), a: number(a)}
	count := make([]int32, len(ids)+1)
	for _, x := range m.b {
		count[x]++
	}
	if n := len(b); n >= popularFrom {
		limit := int32(n/100 + 1)
		for x := range count {
			if count[x] > limit {
				count[x] = 0
			}
		}
	}
	m.offset = make([]int32, len(ids)+1)
	for x := range len(ids) {
		m.offset[x+1] = m.offset[x] + count[x]
	}
	m.at = make([]int32, m.offset[len(ids)])
	fill := append([]int32(nil), m.offset...)
	for j, x := range m.b {
		if count[x] > 0 {
			m.at[fill[x]] = int32(j)
			fill[x]++
		}
	}
	m.prev = make([]int32, len(b)+1)
	m.next = make([]int32, len(b)+1)
	return m
}

// longest returns the longest run in a[alo:ahi] and b[blo:bhi]; of several the
// one that starts first in a, then in b. Popular lines do not start a run but
// lengthen one.
func (m *matcher) longest(alo, ahi, blo, bhi int) match {
	best := match{alo, blo, 0}
	for i := alo; i < ahi; i++ {
		places := m.at[m.offset[m.a[i]]:m.offset[m.a[i]+1]]
		first := 0
		if blo > 0 {
			first = sort.Search(len(places), func(k int) bool { return int(places[k]) >= blo })
		}
		for _, j := range places[first:] {
			if int(j) >= bhi {
				break
			}
			k := m.prev[j] + 1
			m.next[j+1] = k
			m.nextUsed = append(m.nextUsed, j+1)
			if int(k) > best.size {
				best = match{i - int(k) + 1, int(j-k) + 1, int(k)}
			}
		}
		m.turn()
	}
	m.turn()
	for best.a > alo && best.b > blo && m.a[best.a-1] == m.b[best.b-1] {
		best = match{best.a - 1, best.b - 1, best.size + 1}
	}
	for best.a+best.size < ahi && best.b+best.size < bhi && m.a[best.a+best.size] == m.b[best.b+best.size] {
		best.size++
	}
	return best
}

// turn makes this row the previous one and clears the other.
func (m *matcher) turn() {
	for _, j := range m.prevUsed {
		m.prev[j] = 0
	}
	m.prev, m.next = m.next, m.prev
	m.prevUsed, m.nextUsed = m.nextUsed, m.prevUsed[:0]
}

// matches returns all matching runs in order, adjacent ones joined, and an
// empty one at the end.
func (m *matcher) matches() []match {
	var found []match
	todo := [][4]int{{0, len(m.a), 0, len(m.b)}}
	for len(todo) > 0 {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		alo, ahi, blo, bhi := t[0], t[1], t[2], t[3]
		r := m.longest(alo, ahi, blo, bhi)
		if r.size == 0 {
			continue
		}
		found = append(found, r)
		if alo < r.a && blo < r.b {
			todo = append(todo, [4]int{alo, r.a, blo, r.b})
		}
		if r.a+r.size < ahi && r.b+r.size < bhi {
			todo = append(todo, [4]int{r.a + r.size, ahi, r.b + r.size, bhi})
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if found[i].a != found[j].a {
			return found[i].a < found[j].a
		}
		return found[i].b < found[j].b
	})
	out := found[:0]
	for _, r := range found {
		if n := len(out); n > 0 && out[n-1].a+out[n-1].size == r.a && out[n-1].b+out[n-1].size == r.b {
			out[n-1].size += r.size
			continue
		}
		out = append(out, r)
	}
	return append(out, match{len(m.a), len(m.b), 0})
}

// opcode says that a[i1:i2] became b[j1:j2]; equal that they are the same.
type opcode struct {
	equal          bool
	i1, i2, j1, j2 int
}

func (m *matcher) opcodes() []opcode {
	var out []opcode
	i, j := 0, 0
	for _, r := range m.matches() {
		if i < r.a || j < r.b {
			out = append(out, opcode{false, i, r.a, j, r.b})
		}
		i, j = r.a+r.size, r.b+r.size
		if r.size > 0 {
			out = append(out, opcode{true, r.a, i, r.b, j})
		}
	}
	return out
}

// hunks groups the changes with n lines of context around them.
func (m *matcher) hunks(n int) [][]opcode {
	codes := m.opcodes()
	if len(codes) == 0 {
		return nil
	}
	if c := &codes[0]; c.equal {
		c.i1, c.j1 = max(c.i1, c.i2-n), max(c.j1, c.j2-n)
	}
	if c := &codes[len(codes)-1]; c.equal {
		c.i2, c.j2 = min(c.i2, c.i1+n), min(c.j2, c.j1+n)
	}
	var out [][]opcode
	var group []opcode
	for _, c := range codes {
		if c.equal && c.i2-c.i1 > 2*n {
			group = append(group, opcode{true, c.i1, min(c.i2, c.i1+n), c.j1, min(c.j2, c.j1+n)})
			out = append(out, group)
			group = nil
			c.i1, c.j1 = max(c.i1, c.i2-n), max(c.j1, c.j2-n)
		}
		group = append(group, c)
	}
	if len(group) > 1 || len(group) == 1 && !group[0].equal {
		out = append(out, group)
	}
	return out
}
