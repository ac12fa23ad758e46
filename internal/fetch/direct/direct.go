// Package direct fetches from the web with Go's own HTTP client and a small FTP
// client. Pinch itself and the helper program use it; the shim must not
// (internal/fetch).
package direct

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinch/internal/fetch"
	"pinch/internal/host"
)

// Times that a server may take.
const (
	dialTimeout  = 30 * time.Second
	replyTimeout = 60 * time.Second
)

// Fetcher fetches from this process.
type Fetcher struct{}

// Fetch implements fetch.Fetcher.
func (Fetcher) Fetch(ctx context.Context, r *fetch.Request) (*fetch.Response, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) { // the URL may hold a password
			err = ue.Err
		}
		return nil, fmt.Errorf("no URL: %w", err)
	}
	timeout := r.Timeout
	if timeout <= 0 {
		timeout = math.MaxInt64
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	var resp *fetch.Response
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		resp, err = fetchHTTP(ctx, u, r)
	case "ftp":
		resp, err = fetchFTP(ctx, u)
	default:
		err = fmt.Errorf("the scheme %q is not supported; use http, https or ftp", u.Scheme)
	}
	if err != nil {
		cancel()
		return nil, explain(err)
	}
	resp.Body = &body{resp.Body, cancel}
	return resp, nil
}

// body ends the request's context when it is closed.
type body struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = explain(err)
	}
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

func fetchHTTP(ctx context.Context, u *url.URL, r *fetch.Request) (*fetch.Response, error) {
	config, err := tlsConfig(r)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext, TLSClientConfig: config,
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: replyTimeout, DisableKeepAlives: true, // one request
		ForceAttemptHTTP2: true,
	}}
	if r.NoRedirect {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	clean := *u
	clean.User = nil
	req, err := http.NewRequestWithContext(ctx, r.Method, clean.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, err
	}
	if len(r.Body) == 0 {
		req.Body, req.GetBody, req.ContentLength = nil, nil, 0
	}
	req.Header.Set("User-Agent", "pinch")
	named := map[string]bool{}
	for _, h := range r.Header {
		name := textproto.CanonicalMIMEHeaderKey(h[0])
		if !named[name] {
			req.Header.Del(name) // ours
		}
		named[name] = true
		req.Header.Add(name, h[1])
		if name == "Host" {
			req.Host = h[1]
		}
	}
	if u.User != nil {
		password, _ := u.User.Password()
		req.SetBasicAuth(u.User.Username(), password)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	at := *resp.Request.URL
	at.User = nil
	return &fetch.Response{Status: resp.StatusCode, Reason: strings.TrimPrefix(resp.Status, strconv.Itoa(resp.StatusCode)+" "),
		Header: headers(resp.Header), URL: at.String(), Body: resp.Body}, nil
}

func headers(h http.Header) [][2]string {
	var out [][2]string
	for name, values := range h {
		for _, v := range values {
			out = append(out, [2]string{name, v})
		}
	}
	slices.SortStableFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}

func tlsConfig(r *fetch.Request) (*tls.Config, error) {
	config := &tls.Config{InsecureSkipVerify: r.Insecure} //nolint:gosec // the tree says verify_ssl: False
	if r.CAFile != "" {
		pem, err := os.ReadFile(r.CAFile)
		if err != nil {
			return nil, fmt.Errorf("authorities: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("authorities: %s has no certificate", r.CAFile)
		}
	}
	if r.CertFile != "" {
		key := r.KeyFile
		if key == "" {
			key = r.CertFile
		}
		cert, err := tls.LoadX509KeyPair(r.CertFile, key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		config.Certificates = []tls.Certificate{cert}
	}
	return config, nil
}

// explain words an error as Python does.
func explain(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) { // it repeats the URL
		err = ue.Err
	}
	e := &fetch.Error{Msg: err.Error()}
	var dns *net.DNSError
	var reply *textproto.Error
	var netErr net.Error
	switch no, ok := host.Errno(err); {
	case errors.As(err, &dns):
		e.Msg = "[Errno -2] Name or service not known"
	case errors.As(err, &reply):
		e.Msg = fmt.Sprintf("%03d %s", reply.Code, reply.Msg)
	case ok:
		e.Msg, e.Errno = fmt.Sprintf("[Errno %d] %s", int(no), host.Strerror(no)), int(no)
	}
	e.Timeout = errors.As(err, &netErr) && netErr.Timeout()
	return e
}

// Serve is the helper program: one request from in, its response to out.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	b, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	r, err := fetch.DecodeRequest(b)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	resp, err := Fetcher{}.Fetch(ctx, r)
	if err == nil {
		defer func() { _ = resp.Body.Close() }() // reading tells
	}
	return fetch.WriteResponse(out, resp, err)
}
