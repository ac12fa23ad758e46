package saltyaml

// arena makes the nodes of a document many at a time, and gives the memory out
// again after reset. Nothing that is loaded points to a node.
type arena struct {
	slabs [][]node
	used  int // of the slabs, the last one of them in part
	next  int // in the slab in use
}

const (
	firstSlab = 8 // nodes: many documents are one scalar
	slab      = 64
	// keptSlabs bounds the memory that stays behind a large document: 2 MiB.
	keptSlabs = 256
	// keptItems bounds a node's list that is used again.
	keptItems = 16
)

// take returns a zero node.
func (a *arena) take() *node {
	if a.used == 0 || a.next == len(a.slabs[a.used-1]) {
		if a.used == len(a.slabs) {
			n := slab
			if a.used == 0 {
				n = firstSlab
			}
			a.slabs = append(a.slabs, make([]node, n))
		}
		a.used++
		a.next = 0
	}
	a.next++
	return &a.slabs[a.used-1][a.next-1]
}

// reset takes all nodes back.
func (a *arena) reset() {
	for _, s := range a.slabs[:min(a.used, keptSlabs)] {
		for i := range s {
			items := s[i].items
			clear(items)
			if cap(items) > keptItems {
				items = nil
			}
			s[i] = node{items: items[:0]}
		}
	}
	if len(a.slabs) > keptSlabs {
		clear(a.slabs[keptSlabs:])
		a.slabs = a.slabs[:keptSlabs]
	}
	a.used, a.next = 0, 0
}
