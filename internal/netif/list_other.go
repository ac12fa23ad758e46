//go:build !linux

package netif

import (
	"context"

	"pinch/internal/host"
)

// List returns the interfaces that ifconfig shows.
func List(ctx context.Context, h host.Reader) ([]Interface, error) {
	out, err := h.Query(ctx, host.Cmd{Argv: []string{"ifconfig", "-a"}})
	if err != nil {
		return nil, err
	}
	return ParseIfconfig(string(out.Stdout)), nil
}
