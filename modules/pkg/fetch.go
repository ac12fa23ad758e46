package pkg

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"pinch/internal/fetch"
	"pinch/modules"
)

// downloadTimeout bounds the fetching of one file.
const downloadTimeout = 10 * time.Minute

// fetchFile gets a file of the web; the caller closes it. Errors are Salt's
// MinionError in its words, and do not name the user of the URL.
func fetchFile(ctx context.Context, c *modules.Call, u *url.URL) (io.ReadCloser, error) {
	failed := func(what string) error {
		return &modules.Error{Class: "MinionError", Msg: "Error: " + what + " reading " + u.Path}
	}
	resp, err := c.Fetch.Fetch(ctx, &fetch.Request{URL: u.String()})
	if err != nil {
		return nil, failed(err.Error())
	}
	if resp.Status != 200 {
		_ = resp.Body.Close() // the status says it all
		return nil, failed(fmt.Sprintf("HTTP %d: %s", resp.Status, resp.Reason))
	}
	return resp.Body, nil
}
