package states

import (
	"context"
	"fmt"

	"pinch/internal/fileserver"
)

// runGPG decrypts one message with gpg as Salt calls it.
func runGPG(ctx context.Context, home string, message []byte) ([]byte, error) {
	out, err := fileserver.Run(ctx, message, "gpg", "--homedir", home, "--status-fd", "2", "--no-tty", "-d")
	if err != nil {
		return nil, fmt.Errorf("gpg with keys in %s: %w", home, err)
	}
	return out, nil
}
