package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"pinch/internal/host"
)

// osError is str() of the OSError that Python raises for err.
func osError(err error) string {
	no, ok := host.Errno(err)
	if !ok {
		return err.Error()
	}
	text := fmt.Sprintf("[Errno %d] %s", int(no), host.Strerror(no))
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe) && pe.Path != "":
		text += ": '" + pe.Path + "'"
	case errors.As(err, &le):
		text += ": '" + le.Old + "' -> '" + le.New + "'"
	}
	return text
}
