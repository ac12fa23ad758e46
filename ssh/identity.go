package ssh

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	xssh "golang.org/x/crypto/ssh"

	"pinch/internal/secret"
)

// identityStore keeps the private keys of a run, so that a key is read, and a
// person asked for its passphrase, once and not once per host.
type identityStore struct {
	mu    sync.Mutex
	files map[string]*identity
}

// identity is one key file.
type identity struct {
	path string

	mu     sync.Mutex     // held while a passphrase is asked for
	loaded bool           // the fields below are set
	pem    []byte         // of an encrypted key not opened yet
	pub    xssh.PublicKey // nil for an encrypted key in an old format without .pub
	signer xssh.Signer    // nil for an encrypted key, or a public key alone
	cert   *xssh.Certificate
	err    error
	gaveUp error // the person declined, or was wrong three times
}

func newIdentityStore() *identityStore { return &identityStore{files: map[string]*identity{}} }

// get returns the key of a file, read at most once.
func (st *identityStore) get(path string) *identity {
	st.mu.Lock()
	id := st.files[path]
	if id == nil {
		id = &identity{path: path}
		st.files[path] = id
	}
	st.mu.Unlock()
	id.mu.Lock()
	defer id.mu.Unlock()
	if !id.loaded {
		id.loaded = true
		id.err = id.read()
	}
	return id
}

// maxKeyFile bounds a key file: the largest real ones have a few kilobytes.
const maxKeyFile = 1 << 20

func readKeyFile(path string) ([]byte, fs.FileInfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(data) > maxKeyFile {
		err = errors.New("is too large for a key file")
	}
	return data, info, err
}

// read loads the key, its public half and a certificate beside it.
func (id *identity) read() error {
	data, info, err := readKeyFile(id.path)
	if err != nil {
		return err
	}
	if pub, _, _, _, err := xssh.ParseAuthorizedKey(data); err == nil {
		id.pub = pub // a public key: the private one must be in the agent
	} else {
		if err := checkKeyMode(info); err != nil {
			return err
		}
		signer, err := xssh.ParsePrivateKey(data)
		var locked *xssh.PassphraseMissingError
		switch {
		case err == nil:
			id.signer, id.pub = signer, signer.PublicKey()
		case errors.As(err, &locked):
			id.pem, id.pub = data, locked.PublicKey
			if id.pub == nil {
				id.pub = readPublicKey(id.path + ".pub")
			}
		default:
			return errors.New("not a private key that can be read: " + strings.TrimPrefix(err.Error(), "ssh: "))
		}
	}
	if cert, ok := readPublicKey(id.path + "-cert.pub").(*xssh.Certificate); ok && id.pub != nil && sameKey(cert.Key, id.pub) {
		id.cert = cert
	}
	return nil
}

// readPublicKey returns the public key or certificate of a file, or nil.
func readPublicKey(path string) xssh.PublicKey {
	data, _, err := readKeyFile(path)
	if err != nil {
		return nil
	}
	pub, _, _, _, err := xssh.ParseAuthorizedKey(data)
	if err != nil {
		return nil
	}
	return pub
}

// unlock returns the signer of the key, decrypting it with passphrase or by
// asking. ask is nil when there is nobody to ask.
func (id *identity) unlock(ctx context.Context, passphrase secret.String, tries int, ask func(context.Context, PromptKind, string) (secret.String, error)) (xssh.Signer, error) {
	id.mu.Lock()
	defer id.mu.Unlock()
	switch {
	case id.signer != nil:
		return id.signer, nil
	case id.pem == nil:
		return nil, errors.New("only the public key is here and no agent has the private one")
	}
	wrong := false
	if passphrase.IsSet() {
		if err := id.decrypt(passphrase); err == nil {
			return id.signer, nil
		} else if !errors.Is(err, x509.IncorrectPasswordError) {
			return nil, err
		}
		wrong = true
	}
	if id.gaveUp != nil {
		return nil, id.gaveUp
	}
	for try := 0; try < tries && ask != nil; try++ {
		text := "Enter passphrase for key '" + id.path + "': "
		if try > 0 {
			text = "Wrong passphrase. " + text
		}
		given, err := ask(ctx, PromptPassphrase, text)
		if err != nil {
			if ctx.Err() == nil {
				id.gaveUp = fmt.Errorf("no passphrase was given: %w", err)
			}
			return nil, fmt.Errorf("no passphrase was given: %w", err)
		}
		if err := id.decrypt(given); err == nil {
			return id.signer, nil
		} else if !errors.Is(err, x509.IncorrectPasswordError) {
			return nil, err
		}
		wrong = true
	}
	if wrong {
		err := errors.New("the passphrase is wrong")
		if ask != nil {
			id.gaveUp = err
		}
		return nil, err
	}
	return nil, errors.New("it needs a passphrase and there is nobody to ask; use the agent (ssh-add) or priv_passwd")
}

func (id *identity) decrypt(passphrase secret.String) error {
	signer, err := xssh.ParsePrivateKeyWithPassphrase(id.pem, []byte(passphrase.Reveal()))
	if err != nil {
		if errors.Is(err, x509.IncorrectPasswordError) {
			return err
		}
		return errors.New(strings.TrimPrefix(err.Error(), "ssh: "))
	}
	id.signer, id.pem = signer, nil
	if id.pub == nil {
		id.pub = signer.PublicKey()
	}
	return nil
}

// checkKeyMode refuses a private key others can read, as ssh does.
func checkKeyMode(info fs.FileInfo) error {
	if mode := info.Mode(); mode.IsRegular() && mode.Perm()&0o077 != 0 && ownedByUs(info) {
		return fmt.Errorf("its mode %04o lets others read it; chmod 600", mode.Perm())
	}
	return nil
}

// signerAlgorithms returns the signature algorithms of a key type that are
// wanted, best first; none means the key is not to be used.
func signerAlgorithms(pub xssh.PublicKey, wanted []string) []string {
	t := plainKey(pub).Type()
	if t != xssh.KeyAlgoRSA {
		if slices.Contains(wanted, t) {
			return []string{t}
		}
		return nil
	}
	var out []string
	for _, a := range []string{xssh.KeyAlgoRSASHA512, xssh.KeyAlgoRSASHA256, xssh.KeyAlgoRSA} {
		if slices.Contains(wanted, a) {
			out = append(out, a)
		}
	}
	return out
}
