package ssh

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// optionSet is what a list of -o options says. As in ssh_config the first value
// of a keyword counts, but for IdentityFile and CertificateFile, which add up.
type optionSet struct {
	seen map[string]bool

	user, hostName, hostKeyAlias string
	port                         uint16

	strict      *HostKeyMode
	userKnown   []string
	globalKnown []string
	hashKnown   bool

	connectTimeout *time.Duration
	aliveInterval  *time.Duration
	aliveCountMax  int
	attempts       int

	identities, certificates []string
	identitiesOnly           *bool
	identityAgent            string

	methods                      []string
	pubkey, password, kbdInt     *bool
	batch                        bool
	passwordPrompts              int
	kex, ciphers, macs, hostAlgs string
	pubkeyAlgs                   string

	proxyJump    *[]Endpoint
	proxyCommand *string
	family       string
	bindAddress  string
}

// CheckSSHOptions reports the first of the options, written as after ssh's -o
// ("Keyword=value" or "Keyword value"), that is malformed or not supported.
func CheckSSHOptions(options []string) error {
	_, err := parseSSHOptions(options)
	return err
}

// parseSSHOptions reads the options in order of precedence.
func parseSSHOptions(options []string) (*optionSet, error) {
	set := &optionSet{seen: map[string]bool{}}
	for _, line := range options {
		if err := set.add(line); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// add reads one option.
func (s *optionSet) add(line string) error {
	name, value, err := splitOption(line)
	if err != nil {
		return err
	}
	key := strings.ToLower(name)
	if alias, ok := optionAliases[key]; ok {
		key = alias
	}
	if s.seen[key] && key != "identityfile" && key != "certificatefile" {
		return checkOnly(key, name, value)
	}
	s.seen[key] = true
	if err := s.apply(key, value); err != nil {
		return optionError(name, value, err)
	}
	return nil
}

// checkOnly parses a value that an earlier one shadows, so that a bad option is
// refused wherever it stands.
func checkOnly(key, name, value string) error {
	scratch := &optionSet{}
	if err := scratch.apply(key, value); err != nil {
		return optionError(name, value, err)
	}
	return nil
}

func optionError(name, value string, err error) error {
	if errors.Is(err, errUnsupported) {
		return fmt.Errorf("ssh option %s: %w", cleanText(name, 80), err)
	}
	return fmt.Errorf("ssh option %s=%s: %w", cleanText(name, 80), cleanText(value, 200), err)
}

var errUnsupported = errors.New("not supported; remove it, or put it into the configuration of the jump host or of a ProxyCommand")

// optionAliases are keywords with a newer name.
var optionAliases = map[string]string{
	"challengeresponseauthentication": "kbdinteractiveauthentication",
	"skeyauthentication":              "kbdinteractiveauthentication",
	"tisauthentication":               "kbdinteractiveauthentication",
	"dsaauthentication":               "pubkeyauthentication",
	"pubkeyacceptedkeytypes":          "pubkeyacceptedalgorithms",
	"hostbasedkeytypes":               "hostbasedacceptedalgorithms",
	"keepalive":                       "tcpkeepalive",
}

// ignoredOptions change nothing for a command without terminal, or tune
// something that has no counterpart here.
var ignoredOptions = map[string]bool{
	"loglevel": true, "logverbose": true, "syslogfacility": true,
	"controlmaster": true, "controlpath": true, "controlpersist": true,
	"addkeystoagent": true, "usekeychain": true, "ignoreunknown": true,
	"updatehostkeys": true, "visualhostkey": true, "checkhostip": true,
	"verifyhostkeydns": true, "nohostauthenticationforlocalhost": true,
	"tcpkeepalive": true, "ipqos": true, "rekeylimit": true, "escapechar": true,
	"fingerprinthash": true, "casignaturealgorithms": true,
	"exitonforwardfailure": true, "clearallforwardings": true,
	"enableescapecommandline": true, "obscurekeystroketiming": true,
	"forwardx11timeout": true, "xauthlocation": true, "sendenv": true,
	"hostbasedacceptedalgorithms": true, "requiredrsasize": true,
	"streamlocalbindmask": true, "streamlocalbindunlink": true, "tag": true,
	"gssapidelegatecredentials": true, "channeltimeout": true,
	"permitremoteopen": true, "proxyusefdpass": true, "warnweakcrypto": true,
}

// mustBeNo are features pinch does not have: switching them off is fine.
var mustBeNo = map[string]bool{
	"forwardagent": true, "forwardx11": true, "forwardx11trusted": true,
	"gssapiauthentication": true, "hostbasedauthentication": true,
	"permitlocalcommand": true, "tunnel": true, "requesttty": true,
	"compression": true, "canonicalizehostname": true, "stdinnull": true,
	"forkafterauthentication": true, "gatewayports": true, "useroaming": true,
	"enablesshkeysign": true, "useprivilegedport": true,
	"rhostsrsaauthentication": true, "rsaauthentication": true,
}

// apply sets one keyword (lower case).
func (s *optionSet) apply(key, value string) error {
	switch {
	case ignoredOptions[key]:
		return nil
	case mustBeNo[key]:
		if strings.EqualFold(value, "no") || strings.EqualFold(value, "none") || strings.EqualFold(value, "false") {
			return nil
		}
		return errors.New("pinch has only \"no\" for it")
	}
	if done, err := s.applyHost(key, value); done {
		return err
	}
	if done, err := s.applyAuth(key, value); done {
		return err
	}
	if done, err := s.applyWire(key, value); done {
		return err
	}
	return errUnsupported
}

// applyHost sets the keywords on where the host is and how it is known.
func (s *optionSet) applyHost(key, value string) (done bool, err error) {
	switch key {
	case "user":
		if !validUser(value) {
			return true, errors.New("not a login name")
		}
		s.user = value
	case "hostname":
		if strings.ContainsRune(value, '%') {
			return true, errors.New("% tokens are not supported here; write the address")
		}
		if err := checkAddr(value); err != nil {
			return true, err
		}
		s.hostName = value
	case "port":
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil || n == 0 {
			return true, errors.New("not a port number from 1 to 65535")
		}
		s.port = uint16(n)
	case "hostkeyalias":
		if err := checkAddr(value); err != nil {
			return true, err
		}
		s.hostKeyAlias = value
	case "stricthostkeychecking":
		mode, err := parseStrict(value)
		if err != nil {
			return true, err
		}
		s.strict = &mode
	case "userknownhostsfile":
		s.userKnown, err = splitWords(value)
	case "globalknownhostsfile":
		s.globalKnown, err = splitWords(value)
	case "hashknownhosts":
		s.hashKnown, err = parseBool(value)
	case "proxyjump":
		var hops []Endpoint
		if !strings.EqualFold(value, "none") {
			if hops, err = parseJump(value); err != nil {
				return true, err
			}
		}
		s.proxyJump = &hops
	case "proxycommand":
		value = unquote(value)
		if strings.EqualFold(value, "none") {
			value = ""
		}
		s.proxyCommand = &value
	case "addressfamily":
		switch strings.ToLower(value) {
		case "any", "inet", "inet6":
			s.family = strings.ToLower(value)
		default:
			return true, errors.New("not one of any, inet, inet6")
		}
	case "bindaddress":
		if err := checkAddr(value); err != nil {
			return true, err
		}
		s.bindAddress = value
	default:
		return false, nil
	}
	return true, err
}

// applyAuth sets the keywords on logging in.
func (s *optionSet) applyAuth(key, value string) (done bool, err error) {
	flag := func(to **bool) {
		var b bool
		if b, err = parseBool(value); err == nil {
			*to = &b
		}
	}
	switch key {
	case "identityfile":
		if value = unquote(value); !strings.EqualFold(value, "none") {
			s.identities = append(s.identities, value)
		}
	case "certificatefile":
		if value = unquote(value); !strings.EqualFold(value, "none") {
			s.certificates = append(s.certificates, value)
		}
	case "identityagent":
		s.identityAgent = unquote(value)
	case "identitiesonly":
		flag(&s.identitiesOnly)
	case "pubkeyauthentication":
		if strings.EqualFold(value, "unbound") || strings.EqualFold(value, "host-bound") {
			value = "yes"
		}
		flag(&s.pubkey)
	case "passwordauthentication":
		flag(&s.password)
	case "kbdinteractiveauthentication":
		flag(&s.kbdInt)
	case "kbdinteractivedevices":
	case "batchmode":
		s.batch, err = parseBool(value)
	case "numberofpasswordprompts":
		s.passwordPrompts, err = parseCount(value)
	case "preferredauthentications":
		s.methods, err = parseMethods(value)
	case "pubkeyacceptedalgorithms":
		s.pubkeyAlgs = value
		_, err = chooseAlgorithms(value, pubkeyAlgorithms())
	default:
		return false, nil
	}
	return true, err
}

// applyWire sets the keywords on the connection itself.
func (s *optionSet) applyWire(key, value string) (done bool, err error) {
	switch key {
	case "connecttimeout":
		var d time.Duration
		if d, err = parseInterval(value); err == nil {
			if d == 0 {
				d = -1 // ssh's 0 and none: no limit of its own
			}
			s.connectTimeout = &d
		}
	case "serveraliveinterval":
		var d time.Duration
		if d, err = parseInterval(value); err == nil {
			if d == 0 {
				d = -1
			}
			s.aliveInterval = &d
		}
	case "serveralivecountmax":
		s.aliveCountMax, err = parseCount(value)
	case "connectionattempts":
		s.attempts, err = parseCount(value)
	case "kexalgorithms":
		s.kex = value
		_, err = chooseAlgorithms(value, kexAlgorithms())
	case "ciphers":
		s.ciphers = value
		_, err = chooseAlgorithms(value, cipherAlgorithms())
	case "macs":
		s.macs = value
		_, err = chooseAlgorithms(value, macAlgorithms())
	case "hostkeyalgorithms":
		s.hostAlgs = value
		_, err = chooseAlgorithms(value, hostKeyAlgorithmNames())
	default:
		return false, nil
	}
	return true, err
}
