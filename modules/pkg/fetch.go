package pkg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"pinch/internal/host"
	"pinch/modules"
)

// downloadTimeout bounds the fetching of one file.
const downloadTimeout = 10 * time.Minute

// fetch gets a file of the web; the caller closes it. Errors are Salt's
// MinionError in its words, and do not name the user of the URL.
func fetch(ctx context.Context, u *url.URL) (io.ReadCloser, error) {
	failed := func(what string) error {
		return &modules.Error{Class: "MinionError", Msg: "Error: " + what + " reading " + u.Path}
	}
	clean := *u
	clean.User = nil
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, clean.String(), nil)
	if err != nil {
		return nil, failed(err.Error())
	}
	if u.User != nil {
		password, _ := u.User.Password()
		req.SetBasicAuth(u.User.Username(), password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		var outer *url.Error
		if errors.As(err, &outer) {
			err = outer.Err
		}
		return nil, failed(netError(err))
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close() // the status says it all
		return nil, failed(fmt.Sprintf("HTTP %d: %s", resp.StatusCode, http.StatusText(resp.StatusCode)))
	}
	return resp.Body, nil
}

// netError is an error of the network as Python words it.
func netError(err error) string {
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return "[Errno -2] Name or service not known"
	}
	if no, ok := host.Errno(err); ok {
		return fmt.Sprintf("[Errno %d] %s", int(no), host.Strerror(no))
	}
	return err.Error()
}
