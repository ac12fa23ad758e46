package direct

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pinch/internal/fetch"
)

// fetchFTP retrieves a file from an FTP server (RFC 959) over a passive
// connection, as anonymous unless the URL names a user.
func fetchFTP(ctx context.Context, u *url.URL) (*fetch.Response, error) {
	f := &ftpFile{}
	if err := f.open(ctx, u); err != nil {
		_ = f.Close() // the first error counts
		return nil, err
	}
	clean := *u
	clean.User = nil
	return &fetch.Response{Status: 200, Reason: "OK", URL: clean.String(), Body: f}, nil
}

// ftpFile is a file that is being retrieved.
type ftpFile struct {
	control *textproto.Conn
	data    net.Conn
	stop    func() bool
	atEnd   bool
}

func (f *ftpFile) open(ctx context.Context, u *url.URL) error {
	for _, part := range []string{u.Path, u.User.Username()} {
		if strings.ContainsAny(part, "\r\n") {
			return errors.New("line ends in the URL")
		}
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "21")
	}
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	_ = conn.SetDeadline(time.Now().Add(replyTimeout)) // a closed connection fails below
	f.control = textproto.NewConn(conn)
	f.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	if _, _, err := f.control.ReadResponse(2); err != nil {
		return err
	}
	user, password := "anonymous", "anonymous@"
	if u.User != nil {
		user = u.User.Username()
		password, _ = u.User.Password()
		if strings.ContainsAny(password, "\r\n") {
			return errors.New("line ends in the password")
		}
	}
	code, text, err := f.command(0, "USER %s", user)
	if err == nil && code == 331 {
		code, text, err = f.command(0, "PASS %s", password)
	}
	if err != nil {
		return err
	}
	if code/100 != 2 {
		return fmt.Errorf("%d %s", code, text)
	}
	if _, _, err := f.command(2, "TYPE I"); err != nil {
		return err
	}
	if err := f.connectData(ctx, u.Hostname()); err != nil {
		return err
	}
	_, _, err = f.command(1, "RETR %s", strings.TrimLeft(u.Path, "/"))
	_ = conn.SetDeadline(time.Time{}) // the transfer may take its time
	return err
}

// connectData opens the connection for the content: EPSV, or PASV for servers
// that do not know it. The address in a PASV answer is not used: the server
// is the one that we talk to.
func (f *ftpFile) connectData(ctx context.Context, hostname string) error {
	var port int
	if _, text, err := f.command(2, "EPSV"); err == nil {
		_, rest, _ := strings.Cut(text, "(|||")
		digits, _, _ := strings.Cut(rest, "|")
		if port, err = strconv.Atoi(digits); err != nil {
			return fmt.Errorf("EPSV: %q: %w", text, err)
		}
	} else {
		_, text, err := f.command(2, "PASV")
		if err != nil {
			return err
		}
		i := strings.IndexAny(text, "0123456789")
		if i < 0 {
			return fmt.Errorf("PASV: %q has no address", text)
		}
		var a, b, c, d, hi, lo int
		if _, err := fmt.Sscanf(text[i:], "%d,%d,%d,%d,%d,%d", &a, &b, &c, &d, &hi, &lo); err != nil {
			return fmt.Errorf("PASV: %q: %w", text, err)
		}
		port = hi<<8 | lo&0xff
	}
	dialer := net.Dialer{Timeout: dialTimeout}
	var err error
	f.data, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort(hostname, strconv.Itoa(port)))
	return err
}

func (f *ftpFile) command(want int, format string, args ...any) (int, string, error) {
	if err := f.control.PrintfLine(format, args...); err != nil {
		return 0, "", err
	}
	return f.control.ReadResponse(want)
}

// Read implements io.Reader. The end is good only when the server says so.
func (f *ftpFile) Read(p []byte) (int, error) {
	n, err := f.data.Read(p)
	if errors.Is(err, io.EOF) && !f.atEnd {
		f.atEnd = true
		_ = f.data.Close() // all is read
		if _, _, rerr := f.control.ReadResponse(2); rerr != nil {
			return n, errors.New("transfer not completed: " + rerr.Error())
		}
	}
	return n, err
}

// Close implements io.Closer.
func (f *ftpFile) Close() error {
	if f.stop != nil {
		f.stop()
	}
	var errs []error
	if f.data != nil && !f.atEnd {
		errs = append(errs, f.data.Close())
	}
	if f.control != nil {
		errs = append(errs, f.control.Close())
	}
	return errors.Join(errs...)
}
