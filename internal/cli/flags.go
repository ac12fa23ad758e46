package cli

import "github.com/urfave/cli/v2"

// runFlags are the flags of a run. Names are salt-ssh's and salt's.
func runFlags() []cli.Flag {
	return append(commonFlags(),
		&cli.BoolFlag{Name: "pcre", Aliases: []string{"E"}, Category: "target", Usage: "the target is a Python regular expression"},
		&cli.BoolFlag{Name: "list", Aliases: []string{"L"}, Category: "target", Usage: "the target is a comma-separated list of hosts"},
		&cli.BoolFlag{Name: "grain", Aliases: []string{"G"}, Category: "target", Usage: "the target is GRAIN:GLOB"},
		&cli.BoolFlag{Name: "grain-pcre", Aliases: []string{"P"}, Category: "target", Usage: "the target is GRAIN:REGEX"},
		&cli.BoolFlag{Name: "nodegroup", Aliases: []string{"N"}, Category: "target", Usage: "the target is the name of a nodegroup"},
		&cli.BoolFlag{Name: "compound", Aliases: []string{"C"}, Category: "target", Usage: "the target is a compound expression"},
		&cli.StringFlag{Name: "delimiter", Value: ":", Category: "target", Usage: "between the levels of a grain"},
		&cli.BoolFlag{Name: "local", Category: "target", Usage: "run on this machine, without SSH and without a target"},
		&cli.StringFlag{Name: "id", Category: "target", Usage: "with --local: the minion id"},
		&cli.BoolFlag{Name: "raw", Aliases: []string{"r", "raw-shell"}, Category: "action", Usage: "run a shell command, without the shim"},
		&cli.IntFlag{Name: "max-procs", Category: "action", Usage: "how many hosts are worked on at once (default 50, or ssh_max_procs)"},
		&cli.BoolFlag{Name: "read-only", Category: "action", Usage: "refuse functions that may change a host"},
		&cli.BoolFlag{Name: "wipe", Aliases: []string{"w"}, Category: "action", Usage: "leave nothing on the host, not even the cached shim"},
		&cli.StringFlag{Name: "out", Aliases: []string{"output"}, Category: "output", Usage: "outputter: highstate, nested, json, yaml, ..."},
		&cli.IntFlag{Name: "out-indent", Aliases: []string{"output-indent"}, Category: "output", Usage: "indentation; negative for none"},
		&cli.StringFlag{Name: "out-file", Aliases: []string{"output-file"}, Category: "output", Usage: "write the result to a file"},
		&cli.BoolFlag{Name: "out-file-append", Aliases: []string{"output-file-append"}, Category: "output", Usage: "append to --out-file"},
		&cli.StringFlag{Name: "state-output", Aliases: []string{"state_output"}, Category: "output", Usage: "full, terse, mixed, changes or filter"},
		&cli.StringFlag{Name: "state-verbose", Aliases: []string{"state_verbose"}, Category: "output", Usage: "False hides states that are as they should be"},
		&cli.BoolFlag{Name: "static", Aliases: []string{"s"}, Category: "output", Usage: "one result for all hosts, at the end"},
		&cli.BoolFlag{Name: "no-color", Aliases: []string{"no-colour"}, Category: "output", Usage: "no colours"},
		&cli.BoolFlag{Name: "force-color", Aliases: []string{"force-colour"}, Category: "output", Usage: "colours even where no terminal is"},
		&cli.BoolFlag{Name: "no-progress", Category: "output", Usage: "no live lines on the terminal"},
		&cli.BoolFlag{Name: "stats", Category: "output", Usage: "tell what each host cost: bytes, sessions, time"},
		&cli.BoolFlag{Name: "retcode-passthrough", Category: "output", Usage: "end with Salt's exit status"},
		&cli.BoolFlag{Name: "ignore-host-keys", Aliases: []string{"i"}, Category: "ssh", Usage: "accept unknown and changed host keys (salt-ssh's -i)"},
		&cli.BoolFlag{Name: "accept-new", Category: "ssh", Usage: "accept and keep the keys of unknown hosts, refuse changed ones"},
		&cli.StringFlag{Name: "user", Category: "ssh", Usage: "login name"},
		&cli.StringFlag{Name: "priv", Category: "ssh", Usage: "private key file"},
		&cli.BoolFlag{Name: "askpass", Category: "ssh", Usage: "ask for the login password"},
		&cli.BoolFlag{Name: "sudo", Category: "ssh", Usage: "become root by sudo"},
		&cli.BoolFlag{Name: "identities-only", Category: "ssh", Usage: "offer only the configured keys"},
		&cli.StringSliceFlag{Name: "ssh-option", Category: "ssh", Usage: "an option as after ssh's -o; may be repeated"},
		&cli.DurationFlag{Name: "connect-timeout", Category: "ssh", Usage: "bound of connecting and logging in"},
		&cli.DurationFlag{Name: "silence-timeout", Category: "ssh", Usage: "give a host up that says nothing for so long"},
		&cli.StringSliceFlag{Name: "no-parse", Category: "action", Usage: "arguments that stay text: NAME,..."},
	)
}

// commonFlags tell where the tree, the pillar and the hosts are.
func commonFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config-dir", Aliases: []string{"c"}, Category: "configuration", Usage: "directory of Salt's master file"},
		&cli.StringFlag{Name: "saltfile", Category: "configuration", Usage: "a Saltfile"},
		&cli.StringFlag{Name: "roster", Category: "configuration", Usage: "roster back ends: flat, dir, sshconfig, ansible, scan"},
		&cli.StringFlag{Name: "roster-file", Category: "configuration", Usage: "the roster"},
		&cli.StringSliceFlag{Name: "file-root", Category: "configuration", Usage: "[ENV=]DIR, before those of the configuration; may be repeated"},
		&cli.StringSliceFlag{Name: "pillar-root", Category: "configuration", Usage: "[ENV=]DIR, before those of the configuration; may be repeated"},
		refFlag(), noFetchFlag(),
		&cli.StringFlag{Name: "log-level", Aliases: []string{"l"}, Value: "warning", Category: "configuration", Usage: "error, warning, info or debug"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Category: "configuration", Usage: "tell the job id, and the commits that files of git come from"},
		&cli.BoolFlag{Name: "version", Aliases: []string{"V"}, Category: "configuration", Usage: "print the version"},
	}
}

func refFlag() cli.Flag {
	return &cli.StringFlag{Name: "ref", Category: "configuration", Usage: "read file_roots and pillar_roots from this commit, branch or tag of their git work tree, without a checkout"}
}

func noFetchFlag() cli.Flag {
	return &cli.BoolFlag{Name: "no-fetch", Category: "configuration", Usage: "take the cached copies of git remotes as they are"}
}
