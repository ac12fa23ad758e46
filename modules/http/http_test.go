package http

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pinch/internal/fetch"
	"pinch/internal/host"
	"pinch/internal/py"
	"pinch/modules"
	"pinch/states/low"
)

// server answers from memory and notes what it was asked.
type server struct {
	asked   []*fetch.Request
	answers []fetch.Response
	bodies  []string
	err     error
}

func (s *server) Fetch(_ context.Context, r *fetch.Request) (*fetch.Response, error) {
	s.asked = append(s.asked, r)
	if s.err != nil {
		return nil, s.err
	}
	n := min(len(s.asked), len(s.answers)) - 1
	resp := s.answers[n]
	resp.Body, resp.URL = io.NopCloser(strings.NewReader(s.bodies[n])), r.URL
	return &resp, nil
}

func one(status int, reason, kind, body string) *server {
	return &server{answers: []fetch.Response{{Status: status, Reason: reason, Header: [][2]string{{"Content-Type", kind}}}}, bodies: []string{body}}
}

func call(s *server, test bool) (*modules.Call, *host.Fake) {
	h := host.NewFake(map[string]string{"/data": "body", "/headers": "A: 1\nodd\nB: x:y\n"})
	return &modules.Call{Reader: h, Fetch: s, Test: test, Memo: modules.NewMemo(), Opts: py.NewDict()}, h
}

func run(t *testing.T, s *server, kw *py.Dict) (string, error) {
	t.Helper()
	c, _ := call(s, false)
	a, err := bind("http://h/x", kw)
	if err != nil {
		return "", err
	}
	d, err := query(t.Context(), c, a)
	if err != nil {
		return "", err
	}
	return py.Repr(d), nil
}

func TestQuery(t *testing.T) {
	yes := py.True
	for name, x := range map[string]struct {
		s    *server
		kw   *py.Dict
		want string
		err  string
	}{
		"plain":        {one(200, "OK", "text/plain", "hi"), py.NewDict(), "{'body': 'hi'}", ""},
		"all":          {one(201, "OK", "text/plain; charset=latin-1", "h\xe9"), py.DictOf("status", yes, "headers", yes, "text", yes), "{'body': 'hé', 'status': 201, 'headers': {'Content-Type': 'text/plain; charset=latin-1'}, 'text': 'hé'}", ""},
		"json":         {one(200, "OK", "application/json", `{"a": [1]}`), py.DictOf("decode", yes), `{'body': '{"a": [1]}', 'dict': {'a': [1]}}`, ""},
		"yaml":         {one(200, "OK", "text/yaml", "a: 1"), py.DictOf("decode", yes), "{'body': 'a: 1', 'dict': {'a': 1}}", ""},
		"xml":          {one(200, "OK", "text/xml", "<a/>"), py.DictOf("decode", yes), "", "is not decoded"},
		"plain type":   {one(200, "OK", "text/html", "x"), py.DictOf("decode", yes), "{'body': 'x', 'text': 'x'}", ""},
		"bad type":     {one(200, "OK", "text/html", "x"), py.DictOf("decode", yes, "decode_type", py.Str("q")), "{'body': 'x', 'error': \"Invalid decode_type specified. Valid decode types are: ('json', 'xml', 'yaml', 'plain')\"}", ""},
		"missing":      {one(404, "Not Found", "text/plain", "no"), py.NewDict(), "{'status': 404, 'error': 'HTTP 404: Not Found', 'body': 'no'}", ""},
		"not raised":   {one(404, "Not Found", "text/plain", "no"), py.DictOf("raise_error", py.False, "status", yes), "{'body': 'no', 'status': 404}", ""},
		"requests":     {one(404, "Not Found", "text/plain", "no"), py.DictOf("backend", py.Str("requests")), "", "404 Client Error: Not Found for url: http://h/x"},
		"refused":      {&server{err: &fetch.Error{Msg: "[Errno 111] Connection refused", Errno: 111}}, py.DictOf("status", yes), "{'status': 0, 'error': '[Errno 111] Connection refused'}", ""},
		"timeout":      {&server{err: &fetch.Error{Msg: "timed out", Timeout: true}}, py.NewDict(), "{'status': 599, 'error': 'HTTP 599: Timeout during request'}", ""},
		"binary":       {one(200, "OK", "application/octet-stream", "\xff"), py.NewDict(), "", "can't decode byte 0xff"},
		"bytes":        {one(200, "OK", "application/octet-stream", "\xff"), py.DictOf("decode_body", py.False), `{'body': b'\xff'}`, ""},
		"test":         {one(200, "OK", "text/plain", "hi"), py.DictOf("test", yes), "{}", ""},
		"cookies":      {one(200, "OK", "text/plain", "hi"), py.DictOf("cookies", yes), "", "cookies is not supported"},
		"header":       {one(200, "OK", "text/plain", "hi"), py.DictOf("header_dict", py.DictOf("A", py.Str("x\r\nB: y"))), "", "has a line end"},
		"unknown file": {one(200, "OK", "text/plain", "hi"), py.DictOf("data_file", py.Str("/none")), "", "/none"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := run(t, x.s, x.kw)
			if (err != nil) != (x.err != "") || err != nil && !strings.Contains(err.Error(), x.err) {
				t.Fatalf("error %v, want %q", err, x.err)
			}
			if diff := cmp.Diff(x.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	s := one(200, "OK", "text/plain", "")
	kw := py.DictOf("method", py.Str("POST"), "params", py.DictOf("a b", py.Int(1)), "data", py.DictOf("x", py.Str("y&z")), "header_file", py.Str("/headers"),
		"header_dict", py.DictOf("C", py.Int(3), "User-Agent", py.Str("no")), "username", py.Str("u"), "password", py.Str("p@"), "verify_ssl", py.False,
		"cert", py.NewList(py.Str("/c"), py.Str("/k")), "ca_bundle", py.Str("/ca"), "opts", py.DictOf("http_request_timeout", py.Int(5)))
	if _, err := run(t, s, kw); err != nil {
		t.Fatal(err)
	}
	want := &fetch.Request{URL: "http://u:p%40@h/x?a+b=1", Method: "POST", Header: [][2]string{{"User-Agent", "Salt/3008.3 http.query()"}, {"C", "3"}, {"A", "1"}, {"B", "x"}},
		Body: []byte("x=y%26z"), Insecure: true, CAFile: "/ca", CertFile: "/c", KeyFile: "/k", Timeout: 5 * time.Second}
	if diff := cmp.Diff(want, s.asked[0]); diff != "" {
		t.Error(diff)
	}
}

func TestState(t *testing.T) {
	for name, x := range map[string]struct {
		data    string
		test    bool
		status  int
		result  low.Tri
		comment string
	}{
		"match":        {"match=h.llo match_type=pcre", false, 200, low.True, `Match pattern "h.llo" was found.`},
		"list":         {"status=200,404 status_type=list", false, 200, low.True, "Status 200 was found."},
		"list none":    {"status=1,404 status_type=list", false, 200, low.False, "Statuses ['1', '404'] were not found."},
		"status":       {"status=2.. status_type=pcre", false, 200, low.True, `Status pattern "2.." was found.`},
		"match and no": {"match=hello status=201", false, 200, low.False, `Match text "hello" was found. Status 201 was not found.`},
		"test":         {"match=hello test_url=http://t", true, 200, low.None, `Match text "hello" was found. (TEST MODE, TEST URL WAS: http://t)`},
		"nothing":      {"", false, 200, low.False, wantsSomething},
	} {
		t.Run(name, func(t *testing.T) {
			data := py.DictOf("name", py.Str("http://h/x"))
			for _, kv := range strings.Fields(x.data) {
				k, v, _ := strings.Cut(kv, "=")
				if strings.Contains(v, ",") {
					data.SetStr(k, py.Strings(strings.Split(v, ",")...))
				} else {
					data.SetStr(k, py.Str(v))
				}
			}
			s := one(x.status, "OK", "text/plain", "hello")
			c, h := call(s, x.test)
			p, err := modules.New(Funcs()).State("http.query").Check(t.Context(), c, data)
			if err != nil {
				t.Fatal(err)
			}
			d := p.Would
			if p.TestApply != nil && x.test {
				d, err = p.TestApply(t.Context(), h)
			} else if p.Apply != nil {
				d, err = p.Apply(t.Context(), h)
			}
			if err != nil || d.Result != x.result || d.Comment != x.comment {
				t.Errorf("%v %q, %v", d.Result, d.Comment, err)
			}
		})
	}
}

// TestWait asks until the answer is the wanted one.
func TestWait(t *testing.T) {
	s := one(503, "Busy", "text/plain", "no")
	s.answers, s.bodies = append(s.answers, fetch.Response{Status: 200, Reason: "OK"}), append(s.bodies, "yes")
	c, h := call(s, false)
	p, err := modules.New(Funcs()).State("http.wait_for_successful_query").Check(t.Context(), c, py.DictOf("name", py.Str("http://h"), "status", py.Int(200), "wait_for", py.Int(30)))
	if err != nil {
		t.Fatal(err)
	}
	d, err := p.Apply(t.Context(), h)
	if err != nil || d.Result != low.True || len(s.asked) != 2 {
		t.Errorf("%v %q after %d questions, %v", d.Result, d.Comment, len(s.asked), err)
	}
}
