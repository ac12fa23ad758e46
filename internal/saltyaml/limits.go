package saltyaml

// Bounds of one document. Salt has none: it runs out of stack or memory.
const (
	// maxDepth is how deep collections may nest. Python's own recursion
	// limit is 1000 and refuses such a document a little earlier.
	maxDepth = 1000
	// maxExpanded is how many nodes a document may have when every alias is
	// written out in full.
	maxExpanded = 20_000_000
	// maxMerged is how many keys all merge keys together may bring in.
	maxMerged = 2_000_000
	// maxInput is the size of a document in bytes.
	maxInput = 1 << 30
)
