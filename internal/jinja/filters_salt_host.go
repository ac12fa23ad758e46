package jinja

import (
	"pinch/internal/py"
)

// saltHostFilters are Salt's filters that look at the machine which renders.
// Templates are rendered on the controller, which is not the machine that the
// template is about. Two of them are execution functions by another name and
// ask the target; the others are refused.
func saltHostFilters() map[string]Filter {
	t := map[string]Filter{
		"which": fn("which(exe=None)", func(c *Context, a []py.Value) (py.Value, error) {
			some, err := py.Truth(a[0])
			if err != nil {
				return nil, err
			}
			if !some {
				return py.None, nil
			}
			return c.onHost("which", py.NewArgs(plainStr(a[0])))
		}),
		"file_hashsum": fn("get_hash(path, form='sha256', chunk_size=65536)", func(c *Context, a []py.Value) (py.Value, error) {
			if err := strictFail(a[0]); err != nil {
				return nil, err
			}
			return c.onHost("file_hashsum", py.NewArgs(plainStr(a[0]), a[1], a[2]))
		}),
	}
	for name, why := range refusedFilters {
		t[name] = func(*Context, py.Value, *py.Args) (py.Value, error) {
			return nil, py.Errorf("NotImplementedError", "the filter %s is not supported: it %s", name, why)
		}
	}
	return t
}

// hostFilters are the filters that ask the target, with the function that
// answers.
var hostFilters = map[string]string{"which": "cmd.which", "file_hashsum": "file.get_hash"}

// refusedFilters are the filters that would tell about the controller, with
// the reason and what to write instead.
var refusedFilters = map[string]string{
	"http_query":   "would send a request from the controller; use salt['cmd.run']('curl -sf ' ~ url)",
	"dns_check":    "would resolve the name and connect from the controller; use salt['cmd.run']('getent hosts ' ~ name)",
	"get_uid":      "would look at the users of the controller; use salt['file.user_to_uid'](user)",
	"is_empty":     "would look at a file of the controller; use salt['file.stats'](path)['size']",
	"is_text_file": "would look at a file of the controller; use salt['cmd.run']('file -b ' ~ path)",
	"is_bin_file":  "would look at a file of the controller; use salt['cmd.run']('file -b ' ~ path)",
	"list_files":   "would list a directory of the controller; use salt['file.find'](path)",
}

// RefusedFilter says why a filter is refused and what to write instead, ""
// for one that is not.
func RefusedFilter(name string) string { return refusedFilters[name] }

// onHost answers a filter with an execution function on the target.
func (c *Context) onHost(filter string, args *py.Args) (py.Value, error) {
	fun := hostFilters[filter]
	host := c.rt.r.Host
	if host == nil {
		return nil, py.Errorf("NotImplementedError", "the filter %s is not supported here: it looks at the target (%s), and this template is not rendered for one", filter, fun)
	}
	return host(c.Ctx(), fun, args)
}
