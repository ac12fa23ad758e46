// Package ssh makes one authenticated SSH connection to a host and gives the
// few things the rest of pinch needs of it: commands with separate streams,
// atomic file uploads, and errors that say which host, what was tried, why it
// failed and what to do.
//
// It is the only package, with its subpackages and the demo server, that
// imports golang.org/x/crypto/ssh and github.com/pkg/sftp. It knows nothing of
// rosters, states or the program that runs on the host: internal/fleet turns a
// roster entry into an [Endpoint] and the command line into [Options].
//
// Rules it keeps:
//
//   - A host key is checked before any authentication data is sent. There is
//     no mode that accepts a revoked key, and the only mode that accepts a
//     changed one (IgnoreKeys) warns and then offers no password.
//   - Nothing that comes from a roster, a pillar or a host becomes a shell
//     command: the commands this package sends on its own are constants, and
//     their arguments travel on standard input.
//   - No terminal is ever requested, and the agent is never forwarded.
//   - Text of the far side is bounded, made valid UTF-8 and stripped of control
//     characters before it enters an error.
//   - Every goroutine ends when its [Conn] or [Pool] is closed, and Close waits
//     for it.
//
// The behaviour is that of OpenSSH's ssh(1) with salt-ssh's options; where it
// differs the difference is named at the function that makes it.
package ssh
