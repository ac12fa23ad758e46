package cmd

import (
	"errors"

	"pinch/internal/py"
	"pinch/internal/saltargs"
	"pinch/modules"
)

// shellWords is shlex.split with its ValueError as a CommandExecutionError.
func shellWords(s string) ([]string, error) {
	words, err := saltargs.ShlexSplit(s)
	var e *py.Error
	if errors.As(err, &e) {
		return nil, modules.CommandExecutionError(e.Msg)
	}
	return words, err
}
