package file

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"pinch/internal/fetch"
	"pinch/internal/py"
	"pinch/modules"
)

// maxInMemory bounds what test mode, which may not write, keeps of a download.
const maxInMemory = 64 << 20

// remoteSchemes are the URL schemes of sources that lie on other machines.
func isRemote(scheme string) bool {
	switch scheme {
	case "http", "https", "ftp", "swift", "s3":
		return true
	}
	return false
}

// schemeOf returns the URL scheme of a source in lower case, "" for a path.
func schemeOf(source string) string {
	u, err := url.Parse(source)
	if err != nil {
		scheme, _, ok := strings.Cut(source, "://")
		if ok {
			return strings.ToLower(scheme)
		}
		return ""
	}
	return strings.ToLower(u.Scheme)
}

// fetchOptions say how a source is fetched.
type fetchOptions struct{ verifyTLS bool }

// fetch opens a source of another machine. The caller closes it.
func (o *op) fetch(ctx context.Context, source string, opt fetchOptions) (io.ReadCloser, error) {
	u, err := url.Parse(source)
	if err != nil {
		return nil, fmt.Errorf("%s is no URL: %w", redact(source), err)
	}
	scheme := strings.ToLower(u.Scheme)
	switch scheme {
	case "http", "https", "ftp":
	default:
		return nil, fmt.Errorf("%s: sources of the scheme %q are not supported; use http, https, ftp or salt", redact(source), u.Scheme)
	}
	resp, err := o.Fetch.Fetch(ctx, &fetch.Request{URL: source, Insecure: !opt.verifyTLS})
	if err != nil && scheme == "ftp" {
		clean := *u
		clean.User = nil
		return nil, &fetchError{"Could not retrieve " + clean.String() + " from FTP server. Exception: " + err.Error(), err}
	}
	if err != nil {
		return nil, &fetchError{"Error: " + err.Error() + " reading " + u.Path, err}
	}
	if !resp.OK() {
		_ = resp.Body.Close() // the status says it all
		return nil, &fetchError{fmt.Sprintf("Error: HTTP %d: %s reading %s", resp.Status, resp.Reason, u.Path), nil}
	}
	return resp.Body, nil
}

// fetchError is a failed download in Salt's words.
type fetchError struct {
	msg string
	err error
}

// Error implements error.
func (e *fetchError) Error() string { return e.msg }

// Unwrap returns the cause.
func (e *fetchError) Unwrap() error { return e.err }

// download fetches a source once a run into a temporary file and returns its
// path. In test mode, which may not write, it returns the content instead.
func (o *op) download(ctx context.Context, source string, opt fetchOptions) (path string, data []byte, err error) {
	key := fmt.Sprintf("file/download/%t/%s", opt.verifyTLS, source) // what was not verified counts for those only who want no more
	type fetched struct {
		path string
		data []byte
	}
	if v, ok := o.Memo.Get(key); ok {
		f := v.(fetched)
		if f.path != "" || o.test {
			return f.path, f.data, nil
		}
	}
	body, err := o.fetch(ctx, source, opt)
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = body.Close() }() // reading tells
	if o.test {
		data, err := io.ReadAll(io.LimitReader(body, maxInMemory+1))
		if err != nil {
			return "", nil, err
		}
		if len(data) > maxInMemory {
			return "", nil, fmt.Errorf("more than %d MiB, which test mode does not keep", maxInMemory>>20)
		}
		o.Memo.Put(key, fetched{data: data})
		return "", data, nil
	}
	tmp, err := o.w.TempFile("", "pinch-download-*")
	if err != nil {
		return "", nil, err
	}
	if err := o.w.WriteFile(tmp, body, hostWrite()); err != nil {
		return "", nil, err
	}
	o.Memo.Put(key, fetched{path: tmp})
	return tmp, nil, nil
}

// exists says whether a source of another machine can be fetched.
func (o *op) remoteExists(ctx context.Context, source string) bool {
	ok, err := modules.Remember(o.Memo, "file/remote/"+source, func() (bool, error) {
		body, err := o.fetch(ctx, source, fetchOptions{verifyTLS: true})
		if err != nil {
			return false, nil //nolint:nilerr // what cannot be fetched is not there
		}
		return true, body.Close()
	})
	return ok && err == nil
}

// pillarGet asks the controller for a pillar value; ok is false when there is
// none.
func (o *op) pillarGet(ctx context.Context, key py.Value, delimiter string) (v py.Value, ok bool, err error) {
	const none = "\x00pinch: no such pillar\x00"
	args := py.NewArgs(key, py.Str(none))
	if delimiter != "" && delimiter != ":" {
		args.Kw = append(args.Kw, py.KwArg{Name: "delimiter", Value: py.Str(delimiter)})
	}
	if o.Remote == nil {
		return nil, false, fmt.Errorf("pillar.get %s: no controller to ask", py.ToStr(key))
	}
	v, err = o.Remote.Call(ctx, "pillar.get", args)
	if err != nil {
		return nil, false, err
	}
	if s, is := v.(py.Str); is && string(s) == none {
		return nil, false, nil
	}
	return v, true, nil
}

// grainsGet is grains.get.
func (o *op) grainsGet(key, delimiter string) (py.Value, bool) {
	var v py.Value = o.Grains
	if o.Grains == nil {
		return nil, false
	}
	if d, ok := o.Grains.GetStr(key); ok {
		return d, true
	}
	if delimiter == "" {
		delimiter = ":"
	}
	for _, part := range strings.Split(key, delimiter) {
		d, ok := v.(*py.Dict)
		if !ok {
			return nil, false
		}
		if v, ok = d.GetStr(part); !ok {
			return nil, false
		}
	}
	return v, true
}
