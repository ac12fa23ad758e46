// Command fetch is the shim's helper for the web: it reads one request from
// standard input and writes the response to standard output (internal/fetch).
package main

import (
	"context"
	"fmt"
	"os"

	"pinch/internal/fetch/direct"
)

func main() {
	if err := direct.Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "pinch's helper for the web: %v\n", err)
		os.Exit(1)
	}
}
