//go:build !linux

package host

import (
	"errors"
	"fmt"
	"os"
)

func memoryFile([]byte, int) (*os.File, error) {
	return nil, fmt.Errorf("a file in memory: %w", errors.ErrUnsupported)
}
