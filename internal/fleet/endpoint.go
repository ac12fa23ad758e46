package fleet

import (
	"context"
	"errors"
	"fmt"

	"pinch/roster"
	"pinch/ssh"
)

// endpoint is a roster host as package ssh takes it. Keys, hops and the
// password have fields; all else the roster worked out (timeouts, known_hosts
// files, certificates, ProxyCommand, ...) goes as ssh options.
func endpoint(h *roster.Host) ssh.Endpoint {
	e := ssh.Endpoint{
		ID: string(h.ID), Addr: h.Addr, Port: h.Port, User: h.User, Password: h.Auth.Password,
		KeyFiles: h.Auth.PrivateKeys, KeyPassphrase: h.Auth.KeyPassphrase,
		IdentitiesOnly: h.Auth.IdentitiesOnly, HostKeyAlias: h.HostKeys.Alias, SSHOptions: h.ConnectionOptions(),
	}
	for _, j := range h.Jump {
		e.Jump = append(e.Jump, ssh.Endpoint{
			ID: j.String(), Addr: j.Addr, Port: j.Port, User: j.User,
			KeyFiles: j.PrivateKeys, IdentitiesOnly: j.IdentitiesOnly, HostKeyAlias: j.HostKeyAlias,
		})
	}
	return e
}

// forward makes the host listen on the ports of remote_port_forwards. As with
// ssh a port the host refuses is a warning, not the end of the run.
func (w *worker) forward(ctx context.Context) error {
	for _, spec := range w.host.RemotePortForwards {
		f, err := ssh.ParseForward(spec)
		if err != nil {
			return fmt.Errorf("%s: %w", w.host.ID, err)
		}
		var refused *ssh.RefusedError
		switch err := w.conn.ForwardRemote(ctx, f); {
		case errors.As(err, &refused):
			w.f.Log.Warn("port is not forwarded", "host", w.host.ID, "error", err)
		case err != nil:
			return err
		}
	}
	return nil
}
