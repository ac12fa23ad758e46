// Package git has Salt's git module: clones, repositories and git's
// configuration, by the git program.
package git

import (
	"context"

	"pinch/modules"
)

func virtual(c *modules.Call) (bool, string) {
	if c.LookPath("git") == "" {
		return false, "The git execution module cannot be loaded: git unavailable."
	}
	return true, ""
}

func virtualState(c *modules.Call) (bool, string) {
	if ok, _ := virtual(c); !ok {
		return false, "git module could not be loaded"
	}
	return true, ""
}

func state[A any](name, doc string, check func(context.Context, *modules.Call, *A) (modules.Plan, error)) *modules.Func {
	return modules.State[A]{Name: "git." + name, Doc: doc, Virtual: virtualState, Check: check}.Func()
}

// Funcs are the functions of this package.
func Funcs() []*modules.Func {
	return append([]*modules.Func{
		state("latest", "Keeps a clone at the newest commit of a branch, or at a revision.\n\n"+
			"```yaml\nhttps://git.example.org/app.git:\n  git.latest:\n    - target: /opt/app\n    - rev: main\n    - branch: main\n```", checkLatest),
		state("present", "Makes sure that there is a repository.\n\n```yaml\n/srv/git/app.git:\n  git.present:\n    - bare: True\n```", checkPresent),
		state("detached", "Keeps a clone at a commit, tag or branch, with no branch checked out.\n\n"+
			"```yaml\nhttps://git.example.org/app.git:\n  git.detached:\n    - target: /opt/app\n    - rev: v1.2\n```", checkDetached),
		state("cloned", "Makes sure that there is a clone, and does not update it.\n\n"+
			"```yaml\nhttps://git.example.org/app.git:\n  git.cloned:\n    - target: /opt/app\n```", checkCloned),
		state("config_set", "Sets a key of git's configuration.\n\n```yaml\nuser.name:\n  git.config_set:\n    - value: Alice\n    - global: True\n```", checkConfigSet),
		state("config_unset", "Removes keys of git's configuration.\n\n```yaml\nold.key:\n  git.config_unset:\n    - global: True\n```", checkConfigUnset),
	}, execFuncs()...)
}
