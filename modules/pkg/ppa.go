package pkg

import (
	"context"
	"fmt"
	"io"
	"strings"

	"pinch/internal/fetch"
	"pinch/internal/py"
	"pinch/modules"
)

// addPPA prepares a "ppa:owner/name" repository. With apt-add-repository it is
// done by that (done is set); otherwise line is the sources line to write, and
// kw gets file, keyid and keyserver.
func (a *apt) addPPA(ctx context.Context, repo string, kw *py.Dict, refresh bool) (done *py.Dict, line string, err error) {
	if !a.ubuntuLike() {
		return nil, "", modules.CommandExecutionError(`cannot parse "ppa:" style repo definitions: ` + repo)
	}
	auth := str(kw.Lookup("ppa_auth"))
	if a.w.LookPath("apt-add-repository") != "" && !kw.Has("ppa_auth") {
		have, err := a.getRepo(repo, "")
		if err != nil {
			return nil, "", err
		}
		ret := py.NewDict()
		if have.Len() > 0 {
			ret.SetStr(repo, have)
			return ret, "", nil
		}
		out, err := a.change(ctx, "", nil, "apt-add-repository", "-y", repo)
		if err != nil {
			return nil, "", err
		}
		if out.code != 0 {
			return nil, "", modules.CommandExecutionError(fmt.Sprintf("Unable to add PPA '%s'. '['apt-add-repository', '-y', '%s']' exited with status %d: '%s'", repo[4:], repo, out.code, out.stderr))
		}
		if refresh {
			if _, err := a.refresh(ctx, py.NewDict()); err != nil {
				return nil, "", err
			}
		}
		ret.SetStr(repo, py.DictOf("pid", py.Int(out.pid), "retcode", py.Int(out.code), "stdout", py.Str(out.stdout), "stderr", py.Str(out.stderr)))
		return ret, "", nil
	}
	owner, name, ok := strings.Cut(repo[4:], "/")
	if !ok {
		return nil, "", modules.CommandExecutionError(fmt.Sprintf("Unable to get PPA info from argument. Expected format \"<PPA_OWNER>/<PPA_NAME>\" (e.g. saltstack/salt) not found.  Received '%s' instead.", repo[4:]))
	}
	dist := grain(a.c, "oscodename")
	kw.SetStr("dist", py.Str(dist))
	if !kw.Has("file") {
		kw.SetStr("file", py.Str(ppaFile(repo[4:], dist)))
	}
	fingerprint, private, err := ppaInfo(ctx, a.c, owner, name)
	if err != nil {
		return nil, "", modules.CommandExecutionError(fmt.Sprintf("Launchpad does not know about %s/%s: %v", owner, name, err))
	}
	switch {
	case auth == "":
		kw.SetStr("keyid", py.Str(fingerprint))
	case !kw.Has("keyid"):
		return nil, "", modules.CommandExecutionError(fmt.Sprintf("Private PPAs require a keyid to be specified: %s/%s", owner, name))
	case !private:
		return nil, "", modules.CommandExecutionError("PPA is not private but auth credentials passed: " + repo)
	}
	if !kw.Has("keyserver") {
		kw.SetStr("keyserver", py.Str("keyserver.ubuntu.com"))
	}
	line, err = a.expandPPA(repo, auth)
	return nil, line, err
}

// ppaInfo asks Launchpad for the key of a PPA.
func ppaInfo(ctx context.Context, c *modules.Call, owner, name string) (fingerprint string, private bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	resp, err := c.Fetch.Fetch(ctx, &fetch.Request{
		URL: "https://launchpad.net/api/1.0/~" + owner + "/+archive/" + name, Header: [][2]string{{"Accept", "application/json"}},
	})
	if err != nil {
		return "", false, err
	}
	defer func() { _ = resp.Body.Close() }() // reading tells
	if resp.Status != 200 {
		return "", false, fmt.Errorf("HTTP Error %d %s", resp.Status, resp.Reason)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", false, err
	}
	v, err := py.DecodeJSON(string(b))
	if err != nil {
		return "", false, err
	}
	info, ok := v.(*py.Dict)
	if !ok {
		return "", false, fmt.Errorf("a %s where a mapping belongs", v.Type())
	}
	return info.String("signing_key_fingerprint"), info.Lookup("private") == py.Value(py.True), nil
}
