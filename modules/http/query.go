// Package http has Salt's http module.
package http

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"pinch/internal/fetch"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/internal/secret"
	"pinch/modules"
)

type queryArgs struct {
	URL        string        `arg:"url,required" doc:"What to get: http:// or https://."`
	Method     string        `arg:"method" default:"GET" doc:"The HTTP method."`
	Params     py.Value      `arg:"params" doc:"A mapping that becomes the query of the URL."`
	Data       py.Value      `arg:"data" doc:"The body: text, or a mapping that is sent as a form."`
	HeaderDict *py.Dict      `arg:"header_dict" doc:"Headers by name."`
	HeaderList []string      `arg:"header_list" doc:"Headers as Name: value."`
	Username   string        `arg:"username" doc:"The user for basic authentication."`
	Password   secret.String `arg:"password" doc:"The user's password."`
	Decode     bool          `arg:"decode" default:"False" doc:"Adds the decoded body as dict."`
	DecodeType string        `arg:"decode_type" default:"auto" doc:"auto, json, yaml or plain; xml is not supported."`
	Status     bool          `arg:"status" default:"False" doc:"Adds the status."`
	Headers    bool          `arg:"headers" default:"False" doc:"Adds the headers."`
	Text       bool          `arg:"text" default:"False" doc:"Adds the text."`
	VerifySSL  *bool         `arg:"verify_ssl" doc:"False accepts any certificate."`
	CABundle   string        `arg:"ca_bundle" doc:"A file of authorities."`
	Cert       py.Value      `arg:"cert" doc:"A client certificate, or a list of it and its key."`
	RaiseError bool          `arg:"raise_error" default:"True" doc:"A status other than 2xx is an error."`
	DecodeBody bool          `arg:"decode_body" default:"True" doc:"The body is text."`
	Agent      string        `arg:"agent" default:"Salt/3008.3 http.query()" doc:"The User-Agent header."`
	Backend    py.Value      `arg:"backend" doc:"Has no meaning here."`
	Extra      *py.Dict      `arg:"**"`
}

// refused are arguments of Salt's function that would read or write files, keep
// sessions or hand over objects.
var refused = []string{
	"data_file", "data_render", "data_renderer", "header_file", "header_render", "header_renderer", "template_dict", "auth", "cookies", "cookie_jar",
	"cookie_format", "persist_session", "session_cookie_jar", "test", "test_url", "text_out", "headers_out", "decode_out", "stream",
	"streaming_callback", "header_callback", "handle", "formdata", "formdata_fieldname", "formdata_filename",
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return []*modules.Func{
		modules.Query[queryArgs]{Name: "http.query", Doc: "Gets something from the web and gives its body, and what else is asked for.", Run: query}.Func(),
	}
}

// maxBody bounds what is read (Salt's http_max_body is 100 GB).
const maxBody = 64 << 20

func query(ctx context.Context, c *modules.Call, a *queryArgs) (py.Value, error) {
	for _, name := range refused {
		if v := a.Extra.Lookup(name); v != nil && py.IsTrue(v) {
			return nil, modules.SaltInvocationError("http.query: the argument " + name + " is not supported")
		}
	}
	r, err := request(c, a)
	if err != nil {
		return nil, err
	}
	ret := py.NewDict()
	resp, err := c.Fetch.Fetch(ctx, r)
	if err != nil {
		var failed *fetch.Error
		if !errors.As(err, &failed) {
			return nil, err
		}
		if a.Status {
			ret.SetStr("status", py.Int(0))
		}
		ret.SetStr("error", py.Str(failed.Msg))
		return ret, nil
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	switch {
	case err != nil:
		ret.SetStr("error", py.Str(err.Error()))
		return ret, nil
	case len(raw) > maxBody:
		return nil, modules.CommandExecutionError("http.query: the answer has more than 64 MiB")
	}
	body := py.Value(py.Bytes(raw))
	if a.DecodeBody && utf8.Valid(raw) {
		body = py.Str(raw)
	}
	if !resp.OK() && a.RaiseError {
		ret.SetStr("status", py.Int(resp.Status))
		ret.SetStr("error", py.Str("HTTP "+py.ToStr(py.Int(resp.Status))+": "+resp.Reason))
		ret.SetStr("body", body)
		return ret, nil
	}
	ret.SetStr("body", body)
	if a.Status {
		ret.SetStr("status", py.Int(resp.Status))
	}
	if a.Headers {
		h := py.NewDict()
		for _, kv := range resp.Header {
			if old, ok := h.GetStr(kv[0]); ok {
				h.SetStr(kv[0], py.Str(py.ToStr(old)+","+kv[1]))
			} else {
				h.SetStr(kv[0], py.Str(kv[1]))
			}
		}
		ret.SetStr("headers", h)
	}
	text := a.Text
	if a.Decode {
		plain, err := decode(ret, a.DecodeType, resp.Get("Content-Type"), body)
		if err != nil || ret.Has("error") {
			return ret, err
		}
		text = text || plain
	}
	if text {
		ret.SetStr("text", body)
	}
	return ret, nil
}

// decode adds the body's value; plain says that the text stands for it.
func decode(ret *py.Dict, kind, contentType string, body py.Value) (plain bool, err error) {
	if kind == "auto" {
		switch {
		case strings.Contains(contentType, "xml"):
			kind = "xml"
		case strings.Contains(contentType, "json"), contentType == "":
			kind = "json"
		case strings.Contains(contentType, "yaml"):
			kind = "yaml"
		default:
			kind = "plain"
		}
	}
	var v py.Value
	switch kind {
	case "json":
		v, err = py.LoadsJSON(py.ToStr(body))
	case "yaml":
		v, err = saltyaml.Load(py.ToStr(body))
	case "plain":
		return true, nil
	case "xml":
		return false, modules.SaltInvocationError("http.query: decode_type xml is not supported")
	default:
		ret.SetStr("error", py.Str("Invalid decode_type specified. Valid decode types are: ('json', 'xml', 'yaml', 'plain')"))
		return false, nil
	}
	if err == nil {
		ret.SetStr("dict", v)
	}
	return false, err
}

func request(c *modules.Call, a *queryArgs) (*fetch.Request, error) {
	r := &fetch.Request{URL: a.URL, Method: a.Method, CAFile: a.CABundle}
	if !strings.HasPrefix(a.URL, "http://") && !strings.HasPrefix(a.URL, "https://") {
		return nil, modules.SaltInvocationError("http.query: " + a.URL + ": only http:// and https:// are supported")
	}
	if d, ok := a.Params.(*py.Dict); ok && d.Len() > 0 {
		sep := "?"
		if strings.Contains(r.URL, "?") {
			sep = "&"
		}
		r.URL += sep + form(d)
	}
	if a.VerifySSL != nil {
		r.Insecure = !*a.VerifySSL
	} else if v := c.Opts.Lookup("verify_ssl"); v != nil {
		r.Insecure = !py.IsTrue(v)
	}
	switch cert := a.Cert.(type) {
	case py.Str:
		r.CertFile, r.KeyFile = string(cert), string(cert)
	case *py.List:
		if cert.Len() != 2 {
			return nil, modules.SaltInvocationError("http.query: cert is a file, or a list of a file and its key")
		}
		r.CertFile, r.KeyFile = py.ToStr(cert.Items[0]), py.ToStr(cert.Items[1])
	}
	if n, ok := py.AsInt(py.OrNone(c.Opts.Lookup("http_request_timeout"))); ok && n > 0 {
		r.Timeout = time.Duration(n) * time.Second
	}
	for k, v := range a.HeaderDict.All() {
		r.Header = append(r.Header, [2]string{py.ToStr(k), py.ToStr(v)})
	}
	for _, h := range a.HeaderList {
		if k, v, ok := strings.Cut(h, ":"); ok {
			r.Header = append(r.Header, [2]string{strings.TrimSpace(k), strings.TrimSpace(v)})
		}
	}
	r.Header = append(r.Header, [2]string{"User-Agent", a.Agent})
	switch d := a.Data.(type) {
	case *py.Dict:
		r.Body = []byte(form(d))
	case py.Str:
		r.Body = []byte(d)
	case py.Bytes:
		r.Body = []byte(d)
	case py.NoneType:
	default:
		return nil, modules.SaltInvocationError("http.query: data is a " + d.Type() + ": text or a mapping is needed")
	}
	if a.Username != "" {
		u, err := url.Parse(r.URL)
		if err != nil {
			return nil, modules.SaltInvocationError("http.query: the URL cannot be read")
		}
		u.User = url.UserPassword(a.Username, a.Password.Reveal())
		r.URL = u.String()
	}
	return r, nil
}

// form is urllib.parse.urlencode.
func form(d *py.Dict) string {
	var parts []string
	for k, v := range d.All() {
		parts = append(parts, url.QueryEscape(py.ToStr(k))+"="+url.QueryEscape(py.ToStr(v)))
	}
	return strings.Join(parts, "&")
}
