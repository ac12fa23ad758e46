package cli

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"
)

func TestLog(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newLogHandler(&out, slog.LevelInfo))
	log.Debug("not shown")
	log.Warn("/srv/salt/a.sls:2:3: there is no function", "host", "web1")
	log.With("host", "db1").Error("closing", "error", errors.New("it is gone"), "after", 3)
	log.WithGroup("ssh").Info("dial", "host", "x")
	want := "pinch: warning: web1: /srv/salt/a.sls:2:3: there is no function\n" +
		"pinch: error: db1: closing error=\"it is gone\" after=3\n" +
		"pinch: info: dial ssh.host=x\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
