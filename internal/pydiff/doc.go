// Package pydiff makes the unified diffs that Salt puts into changes: Python's
// difflib line for line, and the rules of file.get_diff around it.
//
// The algorithm is Ratcliff-Obershelp as difflib has it: the longest run of
// equal lines first, then both sides of it, and lines that make up more than
// one percent of a long second text are never the start of a run. Other diff
// algorithms find other (often smaller) differences.
package pydiff
