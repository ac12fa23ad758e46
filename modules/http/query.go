// Package http has Salt's http states and functions, by the run's fetcher.
package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"pinch/internal/fetch"
	"pinch/internal/py"
	"pinch/internal/saltyaml"
	"pinch/internal/secret"
	"pinch/modules"
)

type queryArgs struct {
	URL               string         `arg:"url,required" doc:"The URL."`
	Method            string         `arg:"method" default:"GET" doc:"The method."`
	Params            py.Value       `arg:"params" doc:"A mapping that is added to the URL."`
	Data              py.Value       `arg:"data" doc:"The body: a text, or a mapping for a form."`
	DataFile          string         `arg:"data_file" doc:"A file of the host with the body."`
	HeaderDict        *py.Dict       `arg:"header_dict" doc:"Headers."`
	HeaderList        []string       `arg:"header_list" doc:"Headers, as texts with a colon."`
	HeaderFile        string         `arg:"header_file" doc:"A file of the host with headers."`
	Username          string         `arg:"username" doc:"Who logs in."`
	Password          *secret.String `arg:"password" doc:"The password."`
	Auth              *py.List       `arg:"auth" doc:"User and password, for the backend requests."`
	Decode            bool           `arg:"decode" default:"False" doc:"Decodes the answer."`
	DecodeType        string         `arg:"decode_type" default:"auto" doc:"json, yaml or plain; by the answer's type when auto."`
	Status            bool           `arg:"status" default:"False" doc:"Gives the status."`
	Headers           bool           `arg:"headers" default:"False" doc:"Gives the headers."`
	Text              bool           `arg:"text" default:"False" doc:"Gives the text."`
	Cookies           py.Value       `arg:"cookies" doc:"Not supported."`
	CookieJar         py.Value       `arg:"cookie_jar" doc:"Not supported."`
	CookieFormat      string         `arg:"cookie_format" default:"lwp" doc:"Not supported."`
	PersistSession    bool           `arg:"persist_session" default:"False" doc:"Not supported."`
	SessionCookieJar  py.Value       `arg:"session_cookie_jar" doc:"Not supported."`
	DataRender        bool           `arg:"data_render" default:"False" doc:"Not supported."`
	DataRenderer      py.Value       `arg:"data_renderer" doc:"Not supported."`
	HeaderRender      bool           `arg:"header_render" default:"False" doc:"Not supported."`
	HeaderRenderer    py.Value       `arg:"header_renderer" doc:"Not supported."`
	TemplateDict      py.Value       `arg:"template_dict" doc:"Not supported."`
	Test              bool           `arg:"test" default:"False" doc:"Asks nothing but test_url."`
	TestURL           string         `arg:"test_url" doc:"The URL that is asked in test mode."`
	Node              string         `arg:"node" default:"minion" doc:"Has no effect."`
	Port              py.Value       `arg:"port" default:"80" doc:"Has no effect."`
	Opts              *py.Dict       `arg:"opts" doc:"Options in the place of the configuration's."`
	Backend           string         `arg:"backend" doc:"tornado or requests: how failures are told."`
	CABundle          string         `arg:"ca_bundle" doc:"A file of the host with the authorities."`
	VerifySSL         *bool          `arg:"verify_ssl" doc:"False accepts any certificate."`
	Cert              py.Value       `arg:"cert" doc:"The client's certificate: a file, or a list of certificate and key."`
	TextOut           string         `arg:"text_out" doc:"Not supported."`
	HeadersOut        py.Value       `arg:"headers_out" doc:"Not supported."`
	DecodeOut         string         `arg:"decode_out" doc:"Not supported."`
	Stream            bool           `arg:"stream" default:"False" doc:"Not supported."`
	StreamingCallback py.Value       `arg:"streaming_callback" doc:"Not supported."`
	HeaderCallback    py.Value       `arg:"header_callback" doc:"Not supported."`
	Handle            bool           `arg:"handle" default:"False" doc:"Not supported."`
	Agent             string         `arg:"agent" default:"'Salt/3008.3'" doc:"Who asks."`
	HideFields        py.Value       `arg:"hide_fields" doc:"Has no effect: nothing is logged."`
	RaiseError        bool           `arg:"raise_error" default:"True" doc:"False takes an answer of failure for an answer."`
	Formdata          bool           `arg:"formdata" default:"False" doc:"Not supported."`
	FormdataFieldname py.Value       `arg:"formdata_fieldname" doc:"Not supported."`
	FormdataFilename  py.Value       `arg:"formdata_filename" doc:"Not supported."`
	DecodeBody        bool           `arg:"decode_body" default:"True" doc:"False gives bytes."`
	Extra             *py.Dict       `arg:"**"`
}

// maxBody bounds an answer, which is held in memory.
const maxBody = 64 << 20

func commandError(msg string) error { return modules.CommandExecutionError(msg) }

// refused names the arguments that cannot be supported.
func (a *queryArgs) refused() error {
	for _, x := range []struct {
		name string
		set  bool
	}{
		{"cookies", isSet(a.Cookies)}, {"persist_session", a.PersistSession}, {"data_render", a.DataRender}, {"header_render", a.HeaderRender},
		{"headers_out", isSet(a.HeadersOut)}, {"text_out", a.TextOut != ""}, {"decode_out", a.DecodeOut != ""}, {"stream", a.Stream}, {"handle", a.Handle}, {"formdata", a.Formdata},
		{"streaming_callback", isSet(a.StreamingCallback)}, {"header_callback", isSet(a.HeaderCallback)},
		{"decode_type xml", a.Decode && a.DecodeType == "xml"}, {"backend " + a.Backend, a.Backend != "" && a.Backend != "tornado" && a.Backend != "requests"},
	} {
		if x.set {
			return modules.SaltInvocationError("http.query: " + x.name + " is not supported: remove it")
		}
	}
	return nil
}

func isSet(v py.Value) bool { return v != nil && py.IsTrue(v) }

// query is http.query.
func query(ctx context.Context, c *modules.Call, a *queryArgs) (*py.Dict, error) {
	if err := a.refused(); err != nil {
		return nil, err
	}
	ret := py.NewDict()
	if a.Test {
		if a.TestURL == "" {
			return ret, nil
		}
		a.URL = a.TestURL
		ret.SetStr("test", py.True)
	}
	req, err := a.request(c)
	if err != nil {
		return nil, err
	}
	resp, err := c.Fetch.Fetch(ctx, req)
	if err != nil {
		return a.noAnswer(ctx, ret, err)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	err = errors.Join(err, resp.Body.Close())
	if err == nil && len(data) > maxBody {
		err = fmt.Errorf("the answer is larger than %d MiB", maxBody>>20)
	}
	if err != nil {
		return nil, commandError(err.Error())
	}
	body, err := a.text(resp, data)
	if err != nil {
		return nil, err
	}
	if !resp.OK() && a.Backend == "requests" {
		kind := "Server"
		if resp.Status < 500 {
			kind = "Client"
		}
		return nil, commandError(fmt.Sprintf("%d %s Error: %s for url: %s", resp.Status, kind, resp.Reason, resp.URL))
	}
	if !resp.OK() && a.RaiseError {
		ret.SetStr("status", py.Int(resp.Status))
		ret.SetStr("error", py.Str(fmt.Sprintf("HTTP %d: %s", resp.Status, resp.Reason)))
		ret.SetStr("body", body)
		return ret, nil
	}
	ret.SetStr("body", body)
	return ret, a.answer(ret, resp, body)
}

// noAnswer is the result when the server cannot be asked.
func (a *queryArgs) noAnswer(ctx context.Context, ret *py.Dict, err error) (*py.Dict, error) {
	var fe *fetch.Error
	if ctx.Err() != nil || !errors.As(err, &fe) {
		return nil, err
	}
	if a.Backend == "requests" {
		return nil, commandError(fe.Msg)
	}
	if fe.Timeout {
		ret.SetStr("status", py.Int(599))
		ret.SetStr("error", py.Str("HTTP 599: Timeout during request"))
		return ret, nil
	}
	if a.Status {
		ret.SetStr("status", py.Int(0))
	}
	ret.SetStr("error", py.Str(fe.Msg))
	return ret, nil
}

// request is what is asked.
func (a *queryArgs) request(c *modules.Call) (*fetch.Request, error) {
	full := a.URL
	if isSet(a.Params) {
		more, err := form(a.Params)
		if err != nil {
			return nil, err
		}
		sep := "?"
		if strings.Contains(full, "?") {
			sep = "&"
		}
		full += sep + more
	}
	u, err := url.Parse(full)
	if err != nil {
		return nil, commandError("http.query: the URL cannot be read")
	}
	user, password := a.Username, ""
	if a.Password != nil {
		password = a.Password.Reveal()
	}
	if a.Auth != nil && a.Auth.Len() == 2 && a.Backend == "requests" {
		user, password = py.ToStr(a.Auth.Items[0]), py.ToStr(a.Auth.Items[1])
	}
	if user != "" {
		u.User = url.UserPassword(user, password)
	}
	agent := a.Agent
	if agent == "Salt/3008.3" {
		agent += " http.query()"
	}
	r := &fetch.Request{URL: u.String(), Method: a.Method, Header: [][2]string{{"User-Agent", agent}}, CAFile: a.CABundle, Timeout: time.Hour}
	if v := option(c, a, "http_request_timeout"); v != nil {
		if n, ok := py.AsInt(v); ok && n > 0 {
			r.Timeout = time.Duration(n) * time.Second
		}
	}
	if r.CAFile == "" {
		if v := option(c, a, "ca_bundle"); v != nil && py.IsTrue(v) {
			r.CAFile = py.ToStr(v)
		}
	}
	switch v := option(c, a, "verify_ssl"); {
	case a.VerifySSL != nil:
		r.Insecure = !*a.VerifySSL
	case v != nil:
		r.Insecure = !py.IsTrue(v)
	}
	if r.CertFile, r.KeyFile, err = certificate(a.Cert); err != nil {
		return nil, err
	}
	if err := a.setHeaders(c, r); err != nil {
		return nil, err
	}
	if a.DataFile != "" {
		if r.Body, err = c.ReadFile(a.DataFile); err != nil {
			return nil, commandError(err.Error())
		}
		return r, nil
	}
	switch v := a.Data.(type) {
	case *py.Dict:
		text, err := form(v)
		if err != nil {
			return nil, err
		}
		r.Body = []byte(text)
	case nil, py.NoneType:
	default:
		r.Body = []byte(py.ToStr(v))
	}
	return r, nil
}

// option is an option of the argument opts, or of the configuration.
func option(c *modules.Call, a *queryArgs, name string) py.Value {
	for _, d := range []*py.Dict{a.Opts, c.Opts} {
		if d != nil {
			if v, ok := d.GetStr(name); ok {
				return v
			}
		}
	}
	return nil
}

// form is Python's urlencode.
func form(v py.Value) (string, error) {
	d, ok := v.(*py.Dict)
	if !ok {
		return "", modules.SaltInvocationError(fmt.Sprintf("http.query: a mapping is wanted, not a %s", v.Type()))
	}
	var parts []string
	for k, x := range d.All() {
		parts = append(parts, url.QueryEscape(py.ToStr(k))+"="+url.QueryEscape(py.ToStr(x)))
	}
	return strings.Join(parts, "&"), nil
}

// certificate are the files of the client's certificate and key.
func certificate(v py.Value) (cert, key string, err error) {
	switch v := v.(type) {
	case nil, py.NoneType:
		return "", "", nil
	case py.Str:
		return string(v), string(v), nil
	case *py.List:
		if v.Len() == 2 {
			return py.ToStr(v.Items[0]), py.ToStr(v.Items[1]), nil
		}
	}
	return "", "", modules.SaltInvocationError("http.query: cert must be a file, or a list of certificate and key")
}

// setHeaders adds the headers of the arguments; the user agent is always ours.
func (a *queryArgs) setHeaders(c *modules.Call, r *fetch.Request) error {
	lines := a.HeaderList
	if a.HeaderFile != "" {
		data, err := c.ReadFile(a.HeaderFile)
		if err != nil {
			return commandError(err.Error())
		}
		lines = py.SplitLines(string(data), false)
	}
	all := py.NewDict()
	if a.HeaderDict != nil {
		all.Update(a.HeaderDict)
	}
	for _, l := range lines {
		if parts := strings.Split(l, ":"); len(parts) > 1 { // Salt drops what follows a second colon
			all.SetStr(strings.TrimSpace(parts[0]), py.Str(strings.TrimSpace(parts[1])))
		}
	}
	for k, v := range all.All() {
		name, value := py.ToStr(k), py.ToStr(v)
		if strings.ContainsAny(name+value, "\r\n") {
			return modules.SaltInvocationError("http.query: a header has a line end: " + name)
		}
		if !strings.EqualFold(name, "user-agent") {
			r.Header = append(r.Header, [2]string{name, value})
		}
	}
	return nil
}

// text decodes an answer by the charset of its type.
func (a *queryArgs) text(resp *fetch.Response, data []byte) (py.Value, error) {
	kind, rest, _ := strings.Cut(strings.ToLower(resp.Get("Content-Type")), ";")
	charset := ""
	if _, cs, ok := strings.Cut(rest, "charset="); ok && strings.HasPrefix(strings.TrimSpace(kind), "text/") {
		cs, _, _ = strings.Cut(cs, ";")
		charset = strings.Trim(strings.TrimSpace(cs), `"`)
	}
	if charset == "" {
		if !a.DecodeBody {
			return py.Bytes(data), nil
		}
		charset = "utf-8"
	}
	s, err := py.Decode(string(data), charset, "strict")
	if err != nil {
		return nil, commandError(err.Error())
	}
	return py.Str(s), nil
}

// answer adds what is wanted of an answer.
func (a *queryArgs) answer(ret *py.Dict, resp *fetch.Response, body py.Value) error {
	if a.Status {
		ret.SetStr("status", py.Int(resp.Status))
	}
	if a.Headers {
		d := py.NewDict()
		for _, h := range resp.Header {
			d.SetStr(h[0], py.Str(h[1]))
		}
		ret.SetStr("headers", d)
	}
	text := a.Text
	if a.Decode {
		kind := a.DecodeType
		if kind == "auto" {
			kind = autoType(resp.Get("Content-Type"))
		}
		switch kind {
		case "json":
			v, err := py.DecodeJSON(py.ToStr(body))
			if err != nil {
				return commandError(err.Error())
			}
			ret.SetStr("dict", v)
		case "plain":
			text = true
		case "yaml":
			v, err := saltyaml.Load(py.ToStr(body))
			if err != nil {
				return commandError(err.Error())
			}
			ret.SetStr("dict", v)
		case "xml":
			return modules.SaltInvocationError("http.query: an answer of type " + kind + " is not decoded: set decode_type to plain")
		default:
			ret.SetStr("error", py.Str("Invalid decode_type specified. Valid decode types are: ('json', 'xml', 'yaml', 'plain')"))
			return nil
		}
	}
	if text {
		ret.SetStr("text", body)
	}
	return nil
}

func autoType(contentType string) string {
	if contentType == "" {
		return "json"
	}
	for _, kind := range []string{"xml", "json", "yaml"} {
		if strings.Contains(contentType, kind) {
			return kind
		}
	}
	return "plain"
}
