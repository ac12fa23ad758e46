// Package fetch is how modules get things from the web. It holds no client:
// HTTP and TLS would double the shim. internal/fetch/direct has the client, and
// is linked into pinch itself and into the helper program that the shim asks
// the controller for when a state first wants something from the web; Helper
// speaks with that program.
package fetch

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"
)

// Request is what to get.
type Request struct {
	// URL has the scheme http, https or ftp. A user in it is sent as basic
	// authentication, or as the login of an FTP server.
	URL    string
	Method string      // "" is GET
	Header [][2]string // name and value
	Body   []byte
	// Insecure accepts any certificate (verify_ssl: False).
	Insecure bool
	// CAFile, CertFile and KeyFile are PEM files on the host: the authorities
	// instead of the host's own, and the client's certificate.
	CAFile, CertFile, KeyFile string
	// NoRedirect returns a redirection as the response.
	NoRedirect bool
	// Timeout bounds the whole transfer; 0 leaves only the limits on connecting
	// and on waiting for the first byte.
	Timeout time.Duration
}

// Response is an answer. An HTTP status that tells of a failure is a response,
// no error; FTP gives 200.
type Response struct {
	Status int
	Reason string      // "Not Found"
	Header [][2]string // sorted by name
	URL    string      // after redirections, without a user
	Body   io.ReadCloser
}

// OK says whether the status is a success.
func (r *Response) OK() bool { return r.Status/100 == 2 }

// Get returns the first header of that name, or "".
func (r *Response) Get(name string) string {
	for _, h := range r.Header {
		if strings.EqualFold(h[0], name) {
			return h[1]
		}
	}
	return ""
}

// Fetcher gets things from the web. Proxies are those of the host's
// environment (http_proxy, https_proxy, no_proxy), the authorities of
// certificates those that the host trusts.
type Fetcher interface {
	// Fetch returns an *Error when there is no answer. The caller closes the
	// body; reading it fails when the transfer is cut.
	Fetch(ctx context.Context, r *Request) (*Response, error)
}

// Error says why there is no answer.
type Error struct {
	// Msg is the cause as Python words it: "[Errno 111] Connection refused".
	Msg string
	// Errno is the system's number of the cause, or 0.
	Errno int
	// Timeout says that the time was over.
	Timeout bool
}

// Error implements error.
func (e *Error) Error() string { return e.Msg }

// None is the fetcher of surroundings without a network.
type None struct{}

// Fetch implements Fetcher.
func (None) Fetch(context.Context, *Request) (*Response, error) {
	return nil, errors.New("nothing can be fetched from the web here")
}
