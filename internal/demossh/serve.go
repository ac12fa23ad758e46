package demossh

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	xssh "golang.org/x/crypto/ssh"
)

// ServeConn serves one connection and returns when it and all its commands
// have ended.
func (s *Server) ServeConn(nc net.Conn) {
	defer nc.Close()
	if !s.track(nc) {
		return
	}
	defer s.untrack(nc)
	grace := time.AfterFunc(loginGrace, func() { nc.Close() })
	conn, chans, reqs, err := xssh.NewServerConn(nc, s.ssh)
	grace.Stop()
	if err != nil {
		return // the client learns why from the protocol, and nobody else is here
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer conn.Close()
	wg.Go(func() { xssh.DiscardRequests(reqs) }) // answers keepalives with a no, as sshd does
	var open atomic.Int32
	for nch := range chans {
		switch nch.ChannelType() {
		case "session":
			if int(open.Load()) >= s.cfg.MaxSessions {
				_ = nch.Reject(xssh.ConnectionFailed, "open failed") // sshd's words
				continue
			}
			open.Add(1)
			ch, reqs, err := nch.Accept()
			if err != nil {
				open.Add(-1)
				continue
			}
			wg.Go(func() {
				defer open.Add(-1)
				s.session(nc, ch, reqs)
			})
		case "direct-tcpip":
			wg.Go(func() { s.forward(nch) })
		default:
			_ = nch.Reject(xssh.UnknownChannelType, "unknown channel type")
		}
	}
}

// session serves one channel: one command, shell or subsystem.
func (s *Server) session(nc net.Conn, ch xssh.Channel, reqs <-chan *xssh.Request) {
	var running *command
	var wg sync.WaitGroup
	for req := range reqs {
		ok := false
		var start func()
		switch {
		case req.Type == "signal":
			var msg struct{ Signal string }
			if running != nil && xssh.Unmarshal(req.Payload, &msg) == nil {
				ok = running.signalName(msg.Signal)
			}
		case running != nil:
		case req.Type == "exec" || req.Type == "shell":
			var msg struct{ Command string }
			if req.Type == "shell" || xssh.Unmarshal(req.Payload, &msg) == nil {
				if cmd, err := s.newCommand(nc, msg.Command); err == nil {
					ok, running = true, cmd
					start = func() { cmd.run(ch, s.cfg.Prelude) }
				}
			}
		case req.Type == "subsystem":
			var msg struct{ Name string }
			if xssh.Unmarshal(req.Payload, &msg) == nil && msg.Name == "sftp" && !s.cfg.NoSFTP {
				ok, running = true, &command{}
				start = func() { s.sftp(ch) }
			}
		}
		if req.WantReply {
			_ = req.Reply(ok, nil) // fails only when the connection has ended
		}
		if start != nil {
			wg.Go(func() {
				defer ch.Close()
				start()
			})
		}
	}
	// The channel is closed: what still runs has nobody to run for.
	if running != nil {
		running.hangup(s.graceful)
	} else {
		ch.Close()
	}
	wg.Wait()
}

// sftp serves the file transfer subsystem.
func (s *Server) sftp(ch xssh.Channel) {
	server, err := sftp.NewServer(ch, sftp.WithServerWorkingDirectory(s.cfg.Home), sftp.WithAllocator())
	code := uint32(1)
	if err == nil {
		if err = server.Serve(); err == nil || err == io.EOF {
			code = 0
		}
	}
	sendStatus(ch, code)
}

func sendStatus(ch xssh.Channel, code uint32) {
	// The client may be gone; then nobody wants the status.
	_, _ = ch.SendRequest("exit-status", false, xssh.Marshal(struct{ Code uint32 }{code}))
}

// forward connects a direct-tcpip channel, so that the server can be a jump
// host. Only loopback addresses can be reached through it.
func (s *Server) forward(nch xssh.NewChannel) {
	var msg struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	if err := xssh.Unmarshal(nch.ExtraData(), &msg); err != nil || msg.Port > 65535 {
		_ = nch.Reject(xssh.ConnectionFailed, "malformed request")
		return
	}
	ip := net.ParseIP(msg.Host)
	if msg.Host == "localhost" {
		ip = net.IPv4(127, 0, 0, 1)
	}
	if ip == nil || !ip.IsLoopback() {
		_ = nch.Reject(xssh.Prohibited, "open failed")
		return
	}
	target, err := net.DialTCP("tcp", nil, &net.TCPAddr{IP: ip, Port: int(msg.Port)})
	if err != nil {
		_ = nch.Reject(xssh.ConnectionFailed, err.Error())
		return
	}
	defer target.Close()
	ch, reqs, err := nch.Accept()
	if err != nil {
		return
	}
	var wg sync.WaitGroup
	wg.Go(func() { xssh.DiscardRequests(reqs) })
	wg.Go(func() {
		_, _ = io.Copy(ch, target) // either end may go away
		ch.Close()
	})
	_, _ = io.Copy(target, ch)
	_ = target.CloseWrite()
	wg.Wait()
}
