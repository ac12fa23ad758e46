package ssh

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	xssh "golang.org/x/crypto/ssh"

	"pinch/internal/secret"
)

// authenticator picks one way of logging in after the other and notes why each
// failed. The library calls next before each attempt.
//
// Order: the methods in ssh's order (publickey, keyboard-interactive,
// password); among keys those named for the host or on the command line, then
// the agent's, then the default files. ssh itself puts the agent's keys first;
// with many keys in the agent its sixth refused one ends the connection before
// the right file is tried.
type authenticator struct {
	ctx   context.Context
	s     *settings
	pool  *Pool
	limit *limit
	net   *countConn

	verified bool // the host key was looked at
	trusted  bool // and it is one to send secrets to
	keyErr   error

	prepared  bool
	agent     *agentConn
	keys      []*keyCandidate
	maxKeys   int
	offered   int
	passwords int // attempts by method password
	kbdTries  int
	lastKbd   error // why the dialogue ended on our side

	pending *pendingAttempt
	partial int
	tried   []Attempt
	banner  string
}

// pendingAttempt is the attempt under way; its result is seen at the next call.
type pendingAttempt struct {
	Attempt
	key *keyCandidate
}

// keyCandidate is a key that can be offered: a signer of the agent, or a file.
type keyCandidate struct {
	a      *authenticator
	what   string
	pub    xssh.PublicKey // as offered: may be a certificate
	algos  []string
	signer xssh.Signer // nil: unlock id
	id     *identity
	pass   secret.String

	signed  bool
	signErr error
}

// PublicKey implements xssh.Signer.
func (k *keyCandidate) PublicKey() xssh.PublicKey { return k.pub }

// Algorithms implements xssh.MultiAlgorithmSigner.
func (k *keyCandidate) Algorithms() []string { return k.algos }

// Sign implements xssh.Signer.
func (k *keyCandidate) Sign(rand io.Reader, data []byte) (*xssh.Signature, error) {
	return k.SignWithAlgorithm(rand, data, k.algos[0])
}

// SignWithAlgorithm implements xssh.AlgorithmSigner. It is called only when the
// host would take the key, so a passphrase is asked for only when it helps.
func (k *keyCandidate) SignWithAlgorithm(rand io.Reader, data []byte, algo string) (*xssh.Signature, error) {
	sig, err := k.sign(rand, data, algo)
	if err != nil {
		k.signErr = err
		return nil, err
	}
	k.signed = true
	return sig, nil
}

func (k *keyCandidate) sign(rand io.Reader, data []byte, algo string) (*xssh.Signature, error) {
	signer := k.signer
	if signer == nil {
		var err error
		if signer, err = k.id.unlock(k.a.ctx, k.pass, k.a.s.prompts, k.a.asker()); err != nil {
			return nil, err
		}
	}
	if as, ok := signer.(xssh.AlgorithmSigner); ok {
		return as.SignWithAlgorithm(rand, data, algo)
	}
	return signer.Sign(rand, data)
}

// asker returns the function that asks a person, or nil.
func (a *authenticator) asker() func(context.Context, PromptKind, string) (secret.String, error) {
	if a.s.prompt == nil {
		return nil
	}
	return func(ctx context.Context, kind PromptKind, text string) (secret.String, error) {
		a.limit.pause()
		defer a.limit.resume()
		a.pool.promptMu.Lock()
		defer a.pool.promptMu.Unlock()
		if err := ctx.Err(); err != nil {
			return secret.String{}, err
		}
		return a.s.prompt(ctx, kind, text)
	}
}

// next implements xssh.ClientAuthCallback.
func (a *authenticator) next(c *xssh.ClientAuthContext) (xssh.AuthMethod, error) {
	a.settle(c)
	if err := context.Cause(a.ctx); err != nil {
		return nil, err
	}
	if err := a.net.broken(); err != nil {
		return nil, err
	}
	if !a.prepared {
		a.prepared = true
		a.prepare()
	}
	for _, method := range a.s.methods {
		if !slices.Contains(c.AllowedMethods, method) {
			continue
		}
		if m := a.method(method); m != nil {
			return m, nil
		}
	}
	a.explain(c.AllowedMethods)
	return nil, errDenied
}

// settle notes how the attempt before ended.
func (a *authenticator) settle(c *xssh.ClientAuthContext) {
	p := a.pending
	a.pending = nil
	if p == nil {
		return
	}
	if len(c.PartialSuccessMethods) > a.partial {
		a.partial = len(c.PartialSuccessMethods)
		p.Why = "accepted, but the host wants another method as well"
	} else {
		a.refused(p)
	}
	a.tried = append(a.tried, p.Attempt)
}

// refused finds the reason of a failed attempt.
func (a *authenticator) refused(p *pendingAttempt) {
	switch {
	case p.Why != "":
	case p.key != nil && p.key.signErr != nil:
		p.Why = "the host would take it, but " + p.key.signErr.Error()
	case p.key != nil && p.key.signed:
		p.Why = "signature refused by the host"
	case p.Method == "keyboard-interactive" && a.lastKbd != nil:
		p.Why = a.lastKbd.Error()
	default:
		p.Why = "refused by the host"
	}
}

// method returns the next attempt by one method, or nil.
func (a *authenticator) method(name string) xssh.AuthMethod {
	if name == "publickey" {
		if a.offered >= a.maxKeys || a.offered >= len(a.keys) {
			return nil
		}
		k := a.keys[a.offered]
		a.offered++
		a.pending = &pendingAttempt{Attempt: Attempt{Method: name, What: k.what}, key: k}
		return xssh.PublicKeys(k)
	}
	if !a.trusted {
		return nil
	}
	if name == "password" {
		return a.passwordMethod()
	}
	return a.keyboardMethod()
}

// explain notes what was not tried, and why.
func (a *authenticator) explain(allowed []string) {
	secrets := slices.Contains(allowed, "password") || slices.Contains(allowed, "keyboard-interactive")
	usable := slices.Contains(a.s.methods, "password") || slices.Contains(a.s.methods, "keyboard-interactive")
	if secrets && usable && !a.trusted {
		a.note("password", "", "not sent, because the host key changed")
	} else if secrets && usable && a.passwords+a.kbdTries == 0 && !a.s.password.IsSet() {
		a.note("password", "", "none is given (roster: passwd)")
	}
	if len(a.tried) == 0 || !slices.ContainsFunc(a.s.methods, func(m string) bool { return slices.Contains(allowed, m) }) {
		a.note("host", "", "it allows only "+orText(cleanText(strings.Join(allowed, ", "), 200), "methods it does not name"))
	}
}

func (a *authenticator) note(method, what, why string) {
	a.tried = append(a.tried, Attempt{Method: method, What: what, Why: why})
}

// fail makes the error of an authentication that did not succeed.
func (a *authenticator) fail(cause error) error {
	if a.pending != nil { // the connection ended during it
		a.pending.Why = "the connection ended"
		a.tried = append(a.tried, a.pending.Attempt)
		a.pending = nil
	}
	if left := len(a.keys) - a.offered; left > 0 && a.offered >= a.maxKeys {
		a.note("publickey", "", fmt.Sprintf("%d further keys not offered, since hosts close the connection after 6 attempts; name the right one (priv, or IdentitiesOnly)", left))
	}
	f := a.s.fault("log in as "+a.s.user+" at", cause, a.advice())
	if a.banner != "" {
		f.Advice += "; the host says: " + cleanText(a.banner, 300)
	}
	return &AuthError{Fault: f, User: a.s.user, Tried: a.tried}
}

func (a *authenticator) advice() string {
	if a.offered > 0 {
		return "check user and priv of the host in the roster, and that the key stands in the host's authorized_keys"
	}
	return "give the host a key (priv) or a password (passwd) in the roster, or load a key into the agent"
}

// prepare lists the keys to offer.
func (a *authenticator) prepare() {
	// Every refused offer counts towards the host's MaxAuthTries (6); two are
	// kept for a password sent in two ways.
	a.maxKeys = 6
	if a.trusted && (a.s.password.IsSet() || a.s.prompt != nil) {
		a.maxKeys = 4
	}
	if !slices.Contains(a.s.methods, "publickey") {
		return
	}
	a.openAgent()
	explicit := !slices.Equal(a.s.identities, a.defaultFiles())
	for _, path := range a.s.keyFiles {
		a.addFile(path, true)
	}
	if explicit {
		for _, path := range a.s.identities {
			a.addFile(path, true)
		}
	}
	if a.agent != nil && !a.s.identitiesOnly {
		for _, signer := range a.agent.signers {
			a.addKey(&keyCandidate{what: a.name("agent key", signer.PublicKey()), pub: signer.PublicKey(), signer: signer})
		}
	}
	if !explicit {
		for _, path := range a.s.identities {
			a.addFile(path, false)
		}
	}
}

func (a *authenticator) defaultFiles() []string {
	var out []string
	for _, name := range defaultIdentities() {
		out = append(out, a.s.home+name[1:])
	}
	return out
}

func (a *authenticator) openAgent() {
	if a.s.agentSocket == "" {
		if a.s.agentFirst {
			a.note("agent", "", "none is running here (SSH_AUTH_SOCK is not set)")
		}
		return
	}
	var err error
	if a.agent, err = openAgent(a.ctx, a.s.agentSocket); err != nil {
		a.note("agent", a.s.agentSocket, err.Error())
	} else if len(a.agent.signers) == 0 && a.s.agentFirst {
		a.note("agent", a.s.agentSocket, "has no keys; load one with ssh-add")
	}
}

// addFile adds the key of a file, by way of the agent when that has it too.
// wanted says that its absence is worth a word.
func (a *authenticator) addFile(path string, wanted bool) {
	id := a.pool.ids.get(path)
	if id.err != nil {
		if wanted || !errors.Is(id.err, fs.ErrNotExist) {
			a.note("publickey", path, id.err.Error())
		}
		return
	}
	id.mu.Lock()
	pub, cert, signer, locked := id.pub, id.cert, id.signer, id.pem != nil
	id.mu.Unlock()
	pass := secret.String{}
	if slices.Contains(a.s.keyFiles, path) {
		pass = a.s.keyPassphrase
	}
	if pub == nil { // an old format that hides even the public key
		var err error
		if signer, err = id.unlock(a.ctx, pass, a.s.prompts, a.asker()); err != nil {
			a.note("publickey", path, err.Error())
			return
		}
		pub = signer.PublicKey()
	}
	if signer == nil && a.agent != nil {
		for _, s := range a.agent.signers {
			if sameKey(s.PublicKey(), pub) {
				signer = s
			}
		}
	}
	if signer == nil && !locked {
		a.note("publickey", path, "only the public key is here and no agent has the private one")
		return
	}
	for _, c := range a.certificates(pub, cert) {
		a.addKey(&keyCandidate{what: a.name(path+" with certificate", c), pub: c, signer: signer, id: id, pass: pass})
	}
	a.addKey(&keyCandidate{what: a.name(path, pub), pub: pub, signer: signer, id: id, pass: pass})
}

// certificates returns the certificates for a key: the one beside its file and
// those of CertificateFile.
func (a *authenticator) certificates(pub xssh.PublicKey, beside *xssh.Certificate) []*xssh.Certificate {
	var out []*xssh.Certificate
	if beside != nil {
		out = append(out, beside)
	}
	for _, path := range a.s.certificates {
		cert, ok := readPublicKey(path).(*xssh.Certificate)
		if ok && sameKey(cert.Key, plainKey(pub)) && (beside == nil || !sameKey(cert, beside)) {
			out = append(out, cert)
		}
	}
	return out
}

func (a *authenticator) addKey(k *keyCandidate) {
	for _, have := range a.keys {
		if sameKey(have.pub, k.pub) {
			return
		}
	}
	if k.algos = signerAlgorithms(k.pub, a.s.pubkeyAlgs); len(k.algos) == 0 {
		a.note("publickey", k.what, "keys of type "+plainKey(k.pub).Type()+" are not used; see the ssh option PubkeyAcceptedAlgorithms")
		return
	}
	k.a = a
	a.keys = append(a.keys, k)
}

func (a *authenticator) name(what string, pub xssh.PublicKey) string {
	return what + " (" + strings.TrimPrefix(plainKey(pub).Type(), "ssh-") + " " + xssh.FingerprintSHA256(plainKey(pub)) + ")"
}
