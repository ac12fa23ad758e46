package ssh_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	xssh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"pinch/internal/secret"
	"pinch/ssh"
	"pinch/ssh/sshtest"
)

// writeKey stores a private key, encrypted when there is a passphrase, and
// returns its path and its authorized_keys line.
func writeKey(t *testing.T, path string, key any, passphrase string) []byte {
	t.Helper()
	var block *pem.Block
	var err error
	if passphrase == "" {
		block, err = xssh.MarshalPrivateKey(key, "")
	} else {
		block, err = xssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	signer, err := xssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return xssh.MarshalAuthorizedKey(signer.PublicKey())
}

func newEd25519(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// startAgent serves keys on a socket and counts the signatures.
func startAgent(t *testing.T, keys ...any) (socket string, signatures *atomic.Int64) {
	t.Helper()
	ring := &countingAgent{Agent: agent.NewKeyring()}
	for _, k := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: k}); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "agent") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(dir, "s")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				_ = agent.ServeAgent(ring, c)
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
		os.RemoveAll(dir)
	})
	return socket, &ring.signatures
}

type countingAgent struct {
	agent.Agent
	signatures atomic.Int64
}

func (a *countingAgent) Sign(key xssh.PublicKey, data []byte) (*xssh.Signature, error) {
	a.signatures.Add(1)
	return a.Agent.Sign(key, data)
}

func (a *countingAgent) SignWithFlags(key xssh.PublicKey, data []byte, flags agent.SignatureFlags) (*xssh.Signature, error) {
	a.signatures.Add(1)
	return a.Agent.(agent.ExtendedAgent).SignWithFlags(key, data, flags)
}

func (a *countingAgent) Extension(string, []byte) ([]byte, error) {
	return nil, agent.ErrExtensionUnsupported
}

// authHost starts an embedded host that accepts these authorized_keys lines.
func authHost(t *testing.T, authorized ...[]byte) *sshtest.Server {
	t.Helper()
	s := sshtest.New(t, sshtest.Config{Authorized: authorized, RefuseKeys: true})
	return s
}

// dial connects and closes again.
func dial(t *testing.T, e ssh.Endpoint, o ssh.Options) error {
	t.Helper()
	c, err := ssh.Dial(context.Background(), e, o)
	if err != nil {
		return err
	}
	if out, _, err := run(t, c, "echo in", ""); err != nil || out != "in\n" {
		t.Errorf("command: %q, %v", out, err)
	}
	return c.Close()
}

func TestKeyTypes(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edKey := newEd25519(t)
	for name, backend := range sshtest.Backends() {
		for kind, key := range map[string]any{"rsa": rsaKey, "ecdsa": ecKey, "ed25519": &edKey} {
			for _, how := range []string{"file", "default file", "agent", "passphrase"} {
				t.Run(name+"/"+kind+"/"+how, func(t *testing.T) {
					t.Parallel()
					home := t.TempDir()
					path := filepath.Join(home, ".ssh", "id_"+kind)
					passphrase := ""
					if how == "passphrase" {
						passphrase = "open sesame"
					}
					line := writeKey(t, path, key, passphrase)
					s := sshtest.New(t, sshtest.Config{Backend: backend, Authorized: [][]byte{line}, RefuseKeys: true})
					e, o := s.Endpoint(), s.Options()
					e.KeyFiles, o.Home = nil, home
					switch how {
					case "file":
						e.KeyFiles, o.Home = []string{path}, t.TempDir()
					case "passphrase":
						e.KeyFiles, e.KeyPassphrase = []string{path}, secret.New(passphrase)
					case "agent":
						o.Home = t.TempDir()
						o.AgentSocket, _ = startAgent(t, key)
					}
					if err := dial(t, e, o); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

func TestUserCertificate(t *testing.T) {
	t.Parallel()
	ca := sshtest.NewKey(t)
	s := sshtest.New(t, sshtest.Config{Backend: sshtest.OpenSSH, RefuseKeys: true, UserCA: sshtest.PublicLine(t, ca)})
	e := s.Endpoint()
	key, err := os.ReadFile(s.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	if err := dial(t, e, s.Options()); err == nil {
		t.Error("without certificate: no error")
	}
	cert := sshtest.NewCert(t, key, ca, sshtest.CertConfig{Principals: []string{e.User}})
	t.Run("beside the key", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "k")
		os.WriteFile(path, key, 0o600)
		os.WriteFile(path+"-cert.pub", cert, 0o600)
		e := e
		e.KeyFiles = []string{path}
		if err := dial(t, e, s.Options()); err != nil {
			t.Error(err)
		}
	})
	t.Run("CertificateFile", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "c")
		os.WriteFile(path, cert, 0o600)
		e := e
		e.SSHOptions = []string{"CertificateFile=" + path}
		if err := dial(t, e, s.Options()); err != nil {
			t.Error(err)
		}
	})
}

// prompter answers questions from a list and notes them.
type prompter struct {
	mu      sync.Mutex
	answers []string
	asked   []string
}

func (p *prompter) ask(_ context.Context, _ ssh.PromptKind, text string) (secret.String, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, text)
	if len(p.answers) == 0 {
		return secret.String{}, errors.New("no terminal")
	}
	a := p.answers[0]
	p.answers = p.answers[1:]
	return secret.New(a), nil
}

func TestPassphrasePrompt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "k")
	line := writeKey(t, path, newEd25519(t), "right")
	other := filepath.Join(t.TempDir(), "other")
	writeKey(t, other, newEd25519(t), "other")
	cases := map[string]struct {
		files     []string
		given     string
		answers   []string
		noPrompt  bool
		wantAsked int
		wantErr   string
	}{
		"asked":                       {files: []string{path}, answers: []string{"right"}, wantAsked: 1},
		"wrong once":                  {files: []string{path}, answers: []string{"wrong", "right"}, wantAsked: 2},
		"wrong three times":           {files: []string{path}, answers: []string{"a", "b", "c", "right"}, wantAsked: 3, wantErr: "the passphrase is wrong"},
		"declined":                    {files: []string{path}, wantAsked: 1, wantErr: "no passphrase was given"},
		"nobody to ask":               {files: []string{path}, noPrompt: true, wantErr: "nobody to ask"},
		"given in the roster":         {files: []string{path}, given: "right", noPrompt: true},
		"given wrong":                 {files: []string{path}, given: "wrong", noPrompt: true, wantErr: "the passphrase is wrong"},
		"key the host does not want":  {files: []string{other}, wantAsked: 0, wantErr: "refused by the host"},
		"only the key the host wants": {files: []string{other, path}, answers: []string{"right"}, wantAsked: 1},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := authHost(t, line)
			e, o := s.Endpoint(), s.Options()
			e.KeyFiles, e.KeyPassphrase = tc.files, secret.New(tc.given)
			p := &prompter{answers: tc.answers}
			if !tc.noPrompt {
				o.Prompt = p.ask
			}
			checkAuth(t, dial(t, e, o), tc.wantErr)
			if len(p.asked) != tc.wantAsked {
				t.Errorf("asked %q, want %d questions", p.asked, tc.wantAsked)
			}
		})
	}
}

// checkAuth checks that err is nil, or an AuthError that says text.
func checkAuth(t *testing.T, err error, text string) {
	t.Helper()
	if text == "" {
		if err != nil {
			t.Error(err)
		}
		return
	}
	var auth *ssh.AuthError
	if !errors.As(err, &auth) {
		t.Fatalf("got %v, want an AuthError", err)
	}
	if auth.Host != "web1" || auth.User == "" {
		t.Errorf("host %q, user %q", auth.Host, auth.User)
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("%v\ndoes not say %q", err, text)
	}
}

func TestPassphraseIsAskedOncePerRun(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "k")
	line := writeKey(t, path, newEd25519(t), "right")
	s := authHost(t, line)
	p := &prompter{answers: []string{"right"}}
	o := s.Options()
	o.Prompt = p.ask
	pool := ssh.NewPool(o)
	defer pool.Close()
	e := s.Endpoint()
	e.KeyFiles = []string{path}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			c, err := pool.Dial(context.Background(), e)
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		})
	}
	wg.Wait()
	if want := "Enter passphrase for key '" + path + "': "; len(p.asked) != 1 || p.asked[0] != want {
		t.Errorf("asked %q, want %q", p.asked, want)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		host    sshtest.Config
		given   string
		answers []string
		options []string
		wantErr string
		asked   int
	}{
		"password":               {host: sshtest.Config{Password: "pw"}, given: "pw"},
		"wrong password":         {host: sshtest.Config{Password: "pw"}, given: "no", wantErr: "password of the roster: refused by the host"},
		"no password":            {host: sshtest.Config{Password: "pw"}, wantErr: "none is given (roster: passwd)"},
		"typed":                  {host: sshtest.Config{Password: "pw"}, answers: []string{"pw"}, asked: 1},
		"typed at second try":    {host: sshtest.Config{Password: "pw"}, answers: []string{"no", "pw"}, asked: 2},
		"wrong in roster, typed": {host: sshtest.Config{Password: "pw"}, given: "no", answers: []string{"pw"}, asked: 1},
		"keyboard":               {host: sshtest.Config{Keyboard: "pw"}, given: "pw"},
		"keyboard, wrong":        {host: sshtest.Config{Keyboard: "pw"}, given: "no", wantErr: "keyboard-interactive: refused by the host"},
		"code, nobody to ask":    {host: sshtest.Config{Keyboard: "123", Question: "Verification code: "}, given: "pw", wantErr: `the host asks "Verification code:" and there is nobody to ask`},
		"code, typed":            {host: sshtest.Config{Keyboard: "123", Question: "Verification code: "}, given: "pw", answers: []string{"123"}, asked: 1},
		"expired password":       {host: sshtest.Config{Keyboard: "x", Question: "New password: "}, given: "pw", wantErr: "asks for a new password"},
		"second factor":          {host: sshtest.Config{Keyboard: "123", Question: "OTP: ", Second: true}, answers: []string{"123"}, asked: 1},
		"second factor, nobody":  {host: sshtest.Config{Keyboard: "123", Question: "OTP: ", Second: true}, wantErr: "accepted, but the host wants another method as well"},
		"password forbidden":     {host: sshtest.Config{Password: "pw"}, given: "pw", options: []string{"PasswordAuthentication=no"}, wantErr: "permission denied"},
		"keys only":              {host: sshtest.Config{Password: "pw"}, given: "pw", options: []string{"PreferredAuthentications=publickey"}, wantErr: "permission denied"},
		"batch mode":             {host: sshtest.Config{Password: "pw"}, answers: []string{"pw"}, options: []string{"BatchMode=yes"}, wantErr: "permission denied"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sshtest.New(t, tc.host)
			e, o := s.Endpoint(), s.Options()
			e.Password, e.SSHOptions = secret.New(tc.given), tc.options
			if !tc.host.Second {
				e.KeyFiles = nil
			}
			p := &prompter{answers: tc.answers}
			if tc.answers != nil {
				o.Prompt = p.ask
			}
			err := dial(t, e, o)
			checkAuth(t, err, tc.wantErr)
			if len(p.asked) != tc.asked {
				t.Errorf("asked %q, want %d questions", p.asked, tc.asked)
			}
			if err != nil && tc.given != "" && strings.Contains(err.Error(), tc.given+" ") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestKeysOffered(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good := filepath.Join(dir, "good")
	goodKey := newEd25519(t)
	line := writeKey(t, good, goodKey, "")
	var many []any
	for range 8 {
		k := newEd25519(t)
		many = append(many, &k)
	}
	crowded, _ := startAgent(t, many...)
	full, signatures := startAgent(t, append(many, &goodKey)...)
	locked := filepath.Join(dir, "locked")
	writeKey(t, locked, goodKey, "secret")
	onlyPublic := filepath.Join(dir, "public.pub")
	os.WriteFile(onlyPublic, line, 0o644)
	open := filepath.Join(dir, "open")
	writeKey(t, open, goodKey, "")
	os.Chmod(open, 0o644)
	broken := filepath.Join(dir, "broken")
	os.WriteFile(broken, []byte("not a key"), 0o600)

	cases := map[string]struct {
		agent   string
		files   []string
		use     bool
		only    bool
		options []string
		wantErr string
	}{
		"file before a crowded agent":     {agent: crowded, files: []string{good}},
		"crowded agent only":              {agent: crowded, wantErr: "2 further keys not offered"},
		"agent opens a locked file":       {agent: full, files: []string{locked}},
		"public key picks from the agent": {agent: full, files: []string{onlyPublic}},
		"identities only":                 {agent: full, only: true, wantErr: "permission denied"},
		"IdentitiesOnly option":           {agent: full, options: []string{"IdentitiesOnly=yes"}, wantErr: "permission denied"},
		"IdentityFile option":             {agent: crowded, options: []string{"IdentityFile=" + good}},
		"no agent but wanted":             {agent: "none", use: true, wantErr: "none is running here"},
		"agent gone":                      {agent: dir + "/nothing", wantErr: "cannot be reached"},
		"missing file":                    {agent: "none", files: []string{dir + "/none"}, wantErr: "no such file"},
		"mode too open":                   {agent: "none", files: []string{open}, wantErr: "chmod 600"},
		"not a key":                       {agent: "none", files: []string{broken}, wantErr: "not a private key"},
		"public key without agent":        {agent: "none", files: []string{onlyPublic}, wantErr: "no agent has the private one"},
		"key type switched off":           {agent: "none", files: []string{good}, options: []string{"PubkeyAcceptedAlgorithms=-ssh-ed25519"}, wantErr: "keys of type ssh-ed25519 are not used"},
		"public keys switched off":        {agent: "none", files: []string{good}, options: []string{"PubkeyAuthentication=no"}, wantErr: "it allows only publickey"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := authHost(t, line)
			e, o := s.Endpoint(), s.Options()
			o.AgentSocket, e.KeyFiles, e.UseAgent, e.IdentitiesOnly, e.SSHOptions = tc.agent, tc.files, tc.use, tc.only, tc.options
			checkAuth(t, dial(t, e, o), tc.wantErr)
		})
	}
	if signatures.Load() == 0 {
		t.Error("the agent signed nothing")
	}
}

func TestRealServerClosesAfterSixKeys(t *testing.T) {
	t.Parallel()
	var many []any
	for range 8 {
		k := newEd25519(t)
		many = append(many, &k)
	}
	socket, _ := startAgent(t, many...)
	s := sshtest.New(t, sshtest.Config{Backend: sshtest.OpenSSH})
	e, o := s.Endpoint(), s.Options()
	e.KeyFiles, o.AgentSocket = nil, socket
	err := dial(t, e, o)
	checkAuth(t, err, "Too many authentication failures")
	var auth *ssh.AuthError
	if errors.As(err, &auth) && len(auth.Tried) != 7 { // and a word on the other two
		t.Errorf("tried %d: %v", len(auth.Tried), err)
	}
	// With the right key named it works, however many the agent has.
	e.KeyFiles = []string{s.KeyFile}
	if err := dial(t, e, o); err != nil {
		t.Error(err)
	}
}

func TestRefusedKeyText(t *testing.T) {
	t.Parallel()
	eachBackend(t, sshtest.Config{RefuseKeys: true}, func(t *testing.T, s *sshtest.Server) {
		key, err := os.ReadFile(s.KeyFile)
		if err != nil {
			t.Fatal(err)
		}
		e := s.Endpoint()
		e.User = "nobody1"
		err = dial(t, e, s.Options())
		checkAuth(t, err, "web1: log in as nobody1 at host.test:22: permission denied (tried publickey "+s.KeyFile+
			" (ed25519 "+sshtest.Fingerprint(t, key)+"): refused by the host); check user and priv")
	})
}

// rsaPEM returns a new RSA key in PEM form.
func rsaPEM(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, err := xssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}
