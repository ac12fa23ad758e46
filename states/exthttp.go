package states

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"pinch/internal/py"
	"pinch/internal/saltfun"
	"pinch/internal/saltyaml"
)

// The external pillars http_json and http_yaml were part of Salt up to 3007
// and are an extension of 3008. They ask a web server for each host.

func httpJSON(p *pillar, ctx context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	return p.query(ctx, args, py.LoadsJSON[string])
}

func httpYAML(p *pillar, ctx context.Context, _ *py.Dict, args *py.Args) (py.Value, error) {
	return p.query(ctx, args, saltyaml.Load)
}

// httpParams are the parameters that pinch has of Salt's http.query.
var httpParams = []string{"url", "with_grains", "header_dict", "auth", "username", "password", "verify_ssl", "ca_bundle"}

// query fetches the pillar of a host. A server that does not answer or says no
// gives nothing, which Salt only logs.
func (p *pillar) query(ctx context.Context, args *py.Args, load func(string) (py.Value, error)) (py.Value, error) {
	a, err := bindArgs(args, httpParams, 1)
	if err != nil {
		return nil, err
	}
	target, ok, err := p.httpURL(ctx, str(a.Lookup("url")), py.IsTrue(lookup(a, "with_grains")))
	if err != nil || !ok {
		return py.NewDict(), err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, hideURL(err)
	}
	if err := httpHeaders(req, a); err != nil {
		return nil, err
	}
	client, err := p.httpClient(a)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	text, err := httpGet(client, req, p.httpMax())
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		p.c.tree.log("error", "Error on minion '%s' http query: %s: %s", p.c.req.Host, req.URL.Redacted(), hideURL(err))
		return py.NewDict(), nil
	}
	v, err := load(text)
	if err != nil {
		return nil, err
	}
	return v, nil
}

var grainInURL = regexp.MustCompile(`<(.*?)>`)

// httpURL puts the host's id and grains into a URL. ok is false when a grain
// is missing, which Salt only logs.
func (p *pillar) httpURL(ctx context.Context, text string, grains bool) (out string, ok bool, err error) {
	text = strings.ReplaceAll(text, "%s", quoteURL(p.c.req.Host))
	if !grains {
		return text, true, nil
	}
	for _, m := range grainInURL.FindAllStringSubmatch(text, -1) {
		v, err := p.c.fun.Call(ctx, "grains.get", py.NewArgs(py.Str(m[1]), py.None))
		if err != nil {
			return "", false, err
		}
		if !py.IsTrue(v) {
			p.c.tree.log("error", "Unable to get minion '%s' grain: %s", p.c.req.Host, m[1])
			return "", false, nil
		}
		text = strings.ReplaceAll(text, m[0], quoteURL(py.ToStr(v)))
	}
	return text, true, nil
}

// quoteURL is urllib.parse.quote: all but letters, digits and "_.-~/" becomes
// bytes in hexadecimal.
func quoteURL(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_.-~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func httpHeaders(req *http.Request, a *py.Dict) error {
	req.Header.Set("User-Agent", "Salt/"+saltfun.Version)
	switch h := lookup(a, "header_dict").(type) {
	case py.NoneType:
	case *py.Dict:
		for k, v := range h.All() {
			req.Header.Set(str(k), str(v))
		}
	default:
		return py.TypeErrorf("header_dict must be a mapping, not %s", h.Type())
	}
	user, password := lookup(a, "username"), lookup(a, "password")
	if l, ok := lookup(a, "auth").(*py.List); ok && l.Len() == 2 {
		user, password = l.Items[0], l.Items[1]
	} else if py.IsTrue(lookup(a, "auth")) {
		return fmt.Errorf("auth: only [user, password] is supported")
	}
	if py.IsTrue(user) {
		pw := ""
		if py.IsTrue(password) {
			pw = str(password)
		}
		req.SetBasicAuth(str(user), pw)
	}
	return nil
}

func (p *pillar) httpClient(a *py.Dict) (*http.Client, error) {
	conf := &tls.Config{}
	if v, ok := a.GetStr("verify_ssl"); ok && v == py.Value(py.False) {
		conf.InsecureSkipVerify = true
	}
	if f := lookup(a, "ca_bundle"); py.IsTrue(f) {
		pem, err := os.ReadFile(str(f))
		if err != nil {
			return nil, fmt.Errorf("ca_bundle: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_bundle: %s holds no certificate", str(f))
		}
	}
	return &http.Client{
		Transport: &http.Transport{TLSClientConfig: conf, Proxy: http.ProxyFromEnvironment},
		Timeout:   p.seconds("http_request_timeout", time.Hour),
	}, nil
}

// seconds reads an option that is a duration.
func (p *pillar) seconds(key string, def time.Duration) time.Duration {
	switch v := p.c.opts.Lookup(key).(type) {
	case py.Int:
		return time.Duration(v) * time.Second
	case py.Float:
		return time.Duration(float64(v) * float64(time.Second))
	}
	return def
}

// maxHTTPBody bounds an answer; Salt's own bound is 100 GB.
const maxHTTPBody = 64 << 20

func (p *pillar) httpMax() int64 {
	if n, ok := p.c.opts.Lookup("http_max_body").(py.Int); ok {
		return min(int64(n), maxHTTPBody)
	}
	return maxHTTPBody
}

func httpGet(client *http.Client, req *http.Request, bound int64) (text string, err error) {
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() {
		if cerr := resp.Body.Close(); err == nil {
			err = cerr
		}
	}()
	if resp.StatusCode >= 300 {
		return "", fmt.Errorf("HTTP %d: %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, bound+1))
	if err == nil && int64(len(b)) > bound {
		err = fmt.Errorf("the answer is longer than %d bytes", bound)
	}
	return string(b), err
}

// hideURL takes the URL out of an error: it may hold a password.
func hideURL(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		return ue.Err
	}
	return err
}
