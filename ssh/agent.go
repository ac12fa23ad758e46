package ssh

import (
	"context"
	"fmt"
	"net"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// agentConn is a conversation with the agent for one authentication.
type agentConn struct {
	conn    net.Conn
	signers []xssh.Signer
	stop    func() bool
}

// openAgent lists the agent's keys. Ending ctx ends the conversation, even in
// the middle of a signature the agent's owner is asked to confirm.
func openAgent(ctx context.Context, socket string) (*agentConn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, fmt.Errorf("cannot be reached: %w", err)
	}
	a := &agentConn{conn: conn, stop: context.AfterFunc(ctx, func() { conn.Close() })}
	if a.signers, err = agent.NewClient(conn).Signers(); err != nil {
		a.close()
		return nil, fmt.Errorf("does not list its keys: %w", err)
	}
	return a, nil
}

func (a *agentConn) close() {
	if a == nil {
		return
	}
	a.stop()
	a.conn.Close()
}
