package direct

import (
	"bufio"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pinch/internal/fetch"
	"pinch/internal/host"
)

// The test program can be the helper program.
func TestMain(m *testing.M) {
	if os.Getenv("PINCH_TEST_HELPER") != "" {
		if err := Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// helper fetches with this program as the helper.
func helper(t *testing.T, env ...string) fetch.Fetcher {
	h := host.NewLocal(append(append(os.Environ(), "PINCH_TEST_HELPER=1"), env...))
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return &fetch.Helper{Host: h, Path: func(context.Context) (string, error) { return os.Executable() }}
}

// get returns what a fetch gave as one line: status, reason and body, or the
// error.
func get(f fetch.Fetcher, r fetch.Request) string {
	resp, err := f.Fetch(context.Background(), &r)
	if err != nil {
		return "error: " + err.Error()
	}
	b, err := io.ReadAll(resp.Body)
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	s := fmt.Sprintf("%d %s: %s", resp.Status, resp.Reason, b)
	if err != nil {
		s += " then " + err.Error()
	}
	return s
}

// both runs a test with the client in this process and in the helper.
func both(t *testing.T, test func(t *testing.T, f fetch.Fetcher)) {
	t.Run("direct", func(t *testing.T) { test(t, Fetcher{}) })
	t.Run("helper", func(t *testing.T) { test(t, helper(t)) })
}

func TestHTTP(t *testing.T) {
	var other *httptest.Server
	mux := http.NewServeMux()
	echo := func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		b, _ := io.ReadAll(r.Body) // what is missing shows in the answer
		w.Header().Set("X-Answer", "yes")
		fmt.Fprintf(w, "%s %s [%s:%s] %s %s", r.Method, r.URL, user, password, r.Header.Get("X-Ask"), b)
	}
	mux.HandleFunc("/echo", echo)
	mux.HandleFunc("/gone", http.NotFound)
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+"/echo", http.StatusFound)
	})
	mux.HandleFunc("/near", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/echo", http.StatusFound) })
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "short") //nolint:errcheck // a test's answer
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(20 * time.Second):
		}
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		for range 300 {
			fmt.Fprint(w, strings.Repeat("x", 10000)) //nolint:errcheck // a test's answer
		}
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	other = httptest.NewServer(http.HandlerFunc(echo))
	defer other.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	login := strings.Replace(srv.URL, "://", "://u:p@", 1)
	both(t, func(t *testing.T, f fetch.Fetcher) {
		for _, c := range []struct {
			name string
			r    fetch.Request
			want string
		}{
			{"get", fetch.Request{URL: srv.URL + "/echo?a=b"}, "200 OK: GET /echo?a=b [:]  "},
			{"post", fetch.Request{URL: srv.URL + "/echo", Method: "POST", Body: []byte("data\x00"), Header: [][2]string{{"x-ask", "q"}}}, "200 OK: POST /echo [:] q data\x00"},
			{"login", fetch.Request{URL: login + "/echo"}, "200 OK: GET /echo [u:p]  "},
			{"status", fetch.Request{URL: srv.URL + "/gone"}, "404 Not Found: 404 page not found\n"},
			{"redirection", fetch.Request{URL: login + "/near"}, "200 OK: GET /echo [u:p]  "},
			{"login goes to no other host", fetch.Request{URL: login + "/away"}, "200 OK: GET /echo [:]  "},
			{"loop", fetch.Request{URL: srv.URL + "/loop"}, "error: stopped after 10 redirects"},
			{"cut", fetch.Request{URL: srv.URL + "/cut"}, "200 OK: short then unexpected EOF"},
			{"refused", fetch.Request{URL: "http://" + closed.Addr().String()}, "error: [Errno 111] Connection refused"},
			{"scheme", fetch.Request{URL: "gopher://h/"}, `error: the scheme "gopher" is not supported; use http, https or ftp`},
			{"large", fetch.Request{URL: srv.URL + "/large"}, "200 OK: " + strings.Repeat("x", 3000000)},
		} {
			if got := get(f, c.r); got != c.want {
				t.Errorf("%s: %.200s, not %.200s", c.name, got, c.want)
			}
		}
		r := fetch.Request{URL: "http://u:secret@h:x/"}
		if got := get(f, r); !strings.HasPrefix(got, "error: ") || strings.Contains(got, "secret") {
			t.Error(got)
		}
		_, err := f.Fetch(context.Background(), &fetch.Request{URL: srv.URL + "/slow", Timeout: 200 * time.Millisecond})
		e, ok := err.(*fetch.Error)
		if !ok || !e.Timeout {
			t.Errorf("timeout: %v", err)
		}
		resp, err := f.Fetch(context.Background(), &fetch.Request{URL: login + "/near", NoRedirect: true})
		if err != nil || resp.Status != 302 || resp.Get("location") != "/echo" || strings.Contains(resp.URL, "p@") {
			t.Errorf("not followed: %+v, %v", resp, err)
		} else if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(100*time.Millisecond, cancel)
		if _, err := f.Fetch(ctx, &fetch.Request{URL: srv.URL + "/slow"}); err == nil {
			t.Error("a cancelled fetch has an answer")
		}
		// a body of which not all is read
		resp, err = f.Fetch(context.Background(), &fetch.Request{URL: srv.URL + "/large"})
		if err != nil {
			t.Fatal(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, len(r.TLS.PeerCertificates)) //nolint:errcheck // a test's answer
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	both(t, func(t *testing.T, f fetch.Fetcher) {
		if got := get(f, fetch.Request{URL: srv.URL}); !strings.Contains(got, "error: ") || !strings.Contains(got, "certificate") {
			t.Errorf("an unknown authority is accepted: %s", got)
		}
		if got := get(f, fetch.Request{URL: srv.URL, Insecure: true}); got != "200 OK: 0" {
			t.Error(got)
		}
		if got := get(f, fetch.Request{URL: srv.URL, CAFile: ca}); got != "200 OK: 0" {
			t.Error(got)
		}
		if got := get(f, fetch.Request{URL: srv.URL, CAFile: ca + "x"}); !strings.HasPrefix(got, "error: ") {
			t.Error(got)
		}
	})
	// the host's own bundle
	if got := get(helper(t, "SSL_CERT_FILE="+ca), fetch.Request{URL: srv.URL}); got != "200 OK: 0" {
		t.Error(got)
	}
}

// TestProxy: the helper takes the proxies of the host's environment.
func TestProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "proxied ", r.URL) //nolint:errcheck // a test's answer
	}))
	defer proxy.Close()
	if got := get(helper(t, "http_proxy="+proxy.URL), fetch.Request{URL: "http://web.example/x"}); got != "200 OK: proxied http://web.example/x" {
		t.Error(got)
	}
}

func TestFTP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	go serveFTP(ln)
	both(t, func(t *testing.T, f fetch.Fetcher) {
		for path, want := range map[string]string{
			"/pub/f": "200 OK: from ftp",
			"/cut":   "200 OK: from ftp then transfer not completed: 426 \"broken\"",
			"/none":  "error: 550 no such file",
		} {
			if got := get(f, fetch.Request{URL: "ftp://" + ln.Addr().String() + path}); got != want {
				t.Errorf("%s: %s, not %s", path, got, want)
			}
		}
	})
}

// serveFTP speaks as much FTP as a retrieval needs.
func serveFTP(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = conn.Close() }()
			say := func(s string) { _, _ = fmt.Fprint(conn, s+"\r\n") }
			data, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return
			}
			defer func() { _ = data.Close() }()
			say("220 ready")
			for in := bufio.NewScanner(conn); in.Scan(); {
				verb, arg, _ := strings.Cut(in.Text(), " ")
				switch {
				case verb == "USER":
					say("331 password")
				case verb == "PASS":
					say("230 welcome")
				case verb == "TYPE":
					say("200 ok")
				case verb == "EPSV":
					say(fmt.Sprintf("229 ok (|||%d|)", data.Addr().(*net.TCPAddr).Port))
				case verb == "RETR" && arg == "none":
					say("550 no such file")
				case verb == "RETR":
					say("150 coming")
					if c, err := data.Accept(); err == nil {
						_, _ = fmt.Fprint(c, "from ftp")
						_ = c.Close()
					}
					if arg == "cut" {
						say("426 broken")
					} else {
						say("226 done")
					}
				default:
					say("502 what")
				}
			}
		}()
	}
}
