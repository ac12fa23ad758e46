package sshtest

import (
	"crypto/rand"
	"os/user"
	"testing"
	"time"

	xssh "golang.org/x/crypto/ssh"

	"pinch/internal/demossh"
)

// NewKey returns a new private Ed25519 key in PEM form.
func NewKey(t testing.TB) []byte {
	t.Helper()
	private, _, err := demossh.GenerateKey("sshtest")
	if err != nil {
		t.Fatal(err)
	}
	return private
}

// KnownHostsLine returns the known_hosts line of a private host key.
func KnownHostsLine(t testing.TB, names string, private []byte) []byte {
	t.Helper()
	return append([]byte(names+" "), PublicLine(t, private)...)
}

// PublicLine returns the public half of a private key as "type base64\n".
func PublicLine(t testing.TB, private []byte) []byte {
	t.Helper()
	return xssh.MarshalAuthorizedKey(signer(t, private).PublicKey())
}

// Fingerprint returns the SHA256 fingerprint of a private key.
func Fingerprint(t testing.TB, private []byte) string {
	t.Helper()
	return xssh.FingerprintSHA256(signer(t, private).PublicKey())
}

// CertConfig says what a certificate is for.
type CertConfig struct {
	Host       bool // a host certificate, else one for users
	Principals []string
	Expired    bool
}

// NewCert returns a certificate, as a line, of the private key's public half,
// signed by the authority.
func NewCert(t testing.TB, private, authority []byte, cfg CertConfig) []byte {
	t.Helper()
	cert := &xssh.Certificate{
		Key: signer(t, private).PublicKey(), CertType: xssh.UserCert, KeyId: "sshtest",
		ValidPrincipals: cfg.Principals,
		ValidAfter:      uint64(time.Now().Add(-2 * time.Hour).Unix()),
		ValidBefore:     uint64(time.Now().Add(time.Hour).Unix()),
		Permissions:     xssh.Permissions{Extensions: map[string]string{"permit-pty": ""}},
	}
	if cfg.Host {
		cert.CertType, cert.Permissions = xssh.HostCert, xssh.Permissions{}
	}
	if cfg.Expired {
		cert.ValidBefore = uint64(time.Now().Add(-time.Hour).Unix())
	}
	if err := cert.SignCert(rand.Reader, signer(t, authority)); err != nil {
		t.Fatal(err)
	}
	return xssh.MarshalAuthorizedKey(cert)
}

func signer(t testing.TB, private []byte) xssh.Signer {
	t.Helper()
	s, err := xssh.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func currentUser(t testing.TB) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}
