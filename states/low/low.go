// Package low holds the types that the compiler makes and the state engine
// runs: low chunks, bundles and results. It is a leaf that both the
// controller and the shim link, and imports nothing but internal/py.
//
// A chunk keeps Salt's own low-chunk dict, key order included, because
// templates, aggregation and requisites look into it; accessors give the
// parts that every user needs.
package low

import (
	"fmt"
	"strings"

	"pinch/internal/py"
)

// Pos is a place in a file of the tree. The zero value is an unknown place;
// Line and Col count from 1 and are 0 when unknown.
type Pos struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Col  int    `json:"col,omitempty"`
}

// String returns file:line:col as far as known.
func (p Pos) String() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// SourceID numbers a source of one run. The shim knows sources only by it,
// so a broken host cannot ask for another host's files.
type SourceID int

// Chunk is one state to run: Salt's low chunk.
type Chunk struct {
	// Data is the low chunk as Salt makes it: state, name, __sls__, __env__,
	// __id__, the arguments and requisites, order, fun.
	Data *py.Dict
	// Pos is where the state is declared.
	Pos Pos
	// Declared is the chunk's place among the chunks before they were ordered.
	// The graph of requisites depends on the order in which it is made.
	Declared int
	// Sources grants this chunk its sources: the URL as it is written in an
	// argument, or the name of an argument whose value the controller renders
	// ("contents"), to a source number.
	Sources map[string]SourceID
	// Large describes the granted sources that are large plain files, so that
	// the host can fetch them before their state runs.
	Large map[string]Large
}

// Large is a large plain file of the tree.
type Large struct {
	Hash string // SHA-256, hex
	Size int64
}

// State returns the state module, such as "file".
func (c *Chunk) State() string { return c.text("state") }

// Fun returns the function within the module, such as "managed".
func (c *Chunk) Fun() string { return c.text("fun") }

// FullName returns the state function, such as "file.managed".
func (c *Chunk) FullName() string { return c.State() + "." + c.Fun() }

// ID returns the declaration's ID.
func (c *Chunk) ID() string { return c.text("__id__") }

// Name returns the name argument as text.
func (c *Chunk) Name() string { return c.text("name") }

// SLS returns the name of the SLS that the state comes from.
func (c *Chunk) SLS() string { return c.text("__sls__") }

// Env returns the saltenv that the state comes from.
func (c *Chunk) Env() string { return c.text("__env__") }

func (c *Chunk) text(key string) string {
	v, ok := c.Data.GetStr(key)
	if !ok {
		return ""
	}
	return py.ToStr(v)
}

// Tag returns the key of the chunk's result in Salt's return:
// state_|-id_|-name_|-fun.
func (c *Chunk) Tag() string {
	return strings.Join([]string{c.State(), c.ID(), c.Name(), c.Fun()}, "_|-")
}

// Bundle is what one host is asked to run.
type Bundle struct {
	JID      string // job id, as Salt writes it: 20 digits
	Host     string // minion id
	Test     bool   // test=True
	ReadOnly bool   // refuse functions that write
	FailHard bool
	// Concurrent lets the run begin although another one holds the host.
	Concurrent bool
	// Only is the ID whose chunks are run, with what they require, each by
	// itself (state.sls_id); "" runs all.
	Only string
	// Opts are the minion options that functions and requisites look at
	// (state_aggregate, failhard, test, id, ...), in Salt's names.
	Opts *py.Dict
	// Grains are the host's grains as the controller compiled with them,
	// roster and tree grains merged.
	Grains *py.Dict
	Chunks []Chunk
}
