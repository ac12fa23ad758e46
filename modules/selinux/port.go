package selinux

import (
	"fmt"
	"regexp"
	"strings"

	"pinch/internal/py"
	"pinch/modules"
)

// port is a port of the policy as it is asked for.
type port struct {
	name           string
	selType, level string
	protocol, port py.Value
}

var portName = regexp.MustCompile(`^(tcp|udp)/([0-9]+-?[0-9]+)\n?$`)

// parse is the protocol and the port or range: those of the name, where it has
// that form, else the arguments.
func (p *port) parse() (protocol, number string, err error) {
	for _, s := range []string{p.name, py.ToStr(py.OrNone(p.protocol)) + "/" + py.ToStr(py.OrNone(p.port))} {
		if m := portName.FindStringSubmatch(s); m != nil {
			return m[1], m[2], nil
		}
	}
	return "", "", modules.SaltInvocationError(fmt.Sprintf("Invalid name \"%s\" format and protocol and port not provided or invalid: \"%s\" \"%s\".",
		p.name, py.ToStr(py.OrNone(p.protocol)), py.ToStr(py.OrNone(p.port))))
}

var portLine = regexp.MustCompile(`^(\w+)[ ]+(\w+)[ ]+([\d\-, ]+)`)

// port is the entry of the policy for a port; nil is none.
func (p *policy) port(q port) (py.Value, error) {
	protocol, number, err := q.parse()
	if err != nil {
		return nil, err
	}
	lines, err := p.list(keyPorts, "semanage", "port", "--list")
	if err != nil {
		return nil, err
	}
	selType := q.selType
	if selType == "" {
		selType = `\w+`
	}
	found := matching(lines, fmt.Sprintf("^%s[ ]+%s[ ]+((.*)*)[ ]%s($|,)", selType, protocol, number))
	if len(found) == 0 {
		return py.None, nil
	}
	m := portLine.FindStringSubmatch(found[0])
	if m == nil {
		return nil, modules.CommandExecutionError(fmt.Sprintf("Port policy %s did not match expected format", strings.Join(found, "\n")))
	}
	return py.DictOf("sel_type", py.Str(m[1]), "protocol", py.Str(m[2]), "port", py.Str(strings.TrimSpace(m[3]))), nil
}

// changePort adds, modifies or deletes the entry of a port.
func (p *policy) changePort(action string, q port) (*py.Dict, error) {
	if action == "add" && q.selType == "" {
		return nil, modules.SaltInvocationError("SELinux Type is required to add a policy")
	}
	protocol, number, err := q.parse()
	if err != nil {
		return nil, err
	}
	argv := []string{"semanage", "port", "--" + action, "--proto", protocol}
	if q.selType != "" {
		argv = append(argv, "--type", q.selType)
	}
	if q.level != "" {
		argv = append(argv, "--range", q.level)
	}
	r, err := p.do(keyPorts, append(argv, number)...)
	return result(r), err
}
