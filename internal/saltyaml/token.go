package saltyaml

type tokenKind uint8

const (
	tokStreamStart tokenKind = iota
	tokStreamEnd
	tokVersion
	tokTagDirective
	tokDocStart
	tokDocEnd
	tokBlockSeqStart
	tokBlockMapStart
	tokBlockEnd
	tokFlowSeqStart
	tokFlowSeqEnd
	tokFlowMapStart
	tokFlowMapEnd
	tokBlockEntry
	tokFlowEntry
	tokKey
	tokValue
	tokAlias
	tokAnchor
	tokTag
	tokScalar
)

// Scalar styles; 0 is no style given.
const (
	stylePlain  = 'p'
	styleSingle = '\''
	styleDouble = '"'
	styleLit    = '|'
	styleFold   = '>'
)

type token struct {
	kind       tokenKind
	style      byte
	start, end mark
	// value is a scalar's text, an anchor's or alias's name, a tag's handle
	// or a tag directive's handle; suffix is a tag's or a prefix's rest.
	value, suffix string
	major, minor  int
}

// tokens is the queue between scanner and composer. The scanner may insert a
// token before those it has already made (a simple key is seen by its colon).
type tokens struct {
	list []token
	head int
}

func (q *tokens) len() int { return len(q.list) - q.head }

func (q *tokens) push(t token) { q.list = append(q.list, t) }

// insert puts a token before the at-th of the queue.
func (q *tokens) insert(at int, t token) {
	q.list = append(q.list, token{})
	i := q.head + at
	copy(q.list[i+1:], q.list[i:])
	q.list[i] = t
}

func (q *tokens) first() *token { return &q.list[q.head] }

func (q *tokens) drop() {
	q.head++
	if q.head == len(q.list) {
		q.list, q.head = q.list[:0], 0
	}
}
