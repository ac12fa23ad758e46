package fleet

import (
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
