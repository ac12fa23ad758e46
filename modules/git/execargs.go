package git

import (
	"pinch/internal/py"
	"pinch/internal/secret"
)

// runnerArgs are the arguments of most functions that say how git is run. An
// embedded struct stands at its place among the positional arguments.
type runnerArgs struct {
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

// optionArgs are further options for a command of git and for git itself.
type optionArgs struct {
	Opts    py.Value `arg:"opts" default:"''" doc:"Further options: a text or a list."`
	GitOpts py.Value `arg:"git_opts" default:"''" doc:"Options for git itself, before the command."`
}

type cwdArgs struct {
	Cwd string `arg:"cwd,required" doc:"The clone."`
	runnerArgs
}

type optsArgs struct {
	Cwd string `arg:"cwd,required" doc:"The clone."`
	optionArgs
	runnerArgs
}

type identityArgs struct {
	Cwd string `arg:"cwd,required" doc:"The clone."`
	optionArgs
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value      `arg:"identity" doc:"One or more private keys: paths of the host."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type pullArgs struct {
	Cwd string `arg:"cwd,required" doc:"The clone."`
	optionArgs
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value      `arg:"identity" doc:"One or more private keys: paths of the host."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	Saltenv        string        `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type fileArgs struct {
	Cwd      string `arg:"cwd,required" doc:"The clone."`
	Filename string `arg:"filename,required" doc:"The file, relative to cwd."`
	optionArgs
	runnerArgs
}

type archiveArgs struct {
	Cwd     string   `arg:"cwd,required" doc:"The clone."`
	Output  string   `arg:"output,required" doc:"The archive to write."`
	Rev     string   `arg:"rev" default:"HEAD" doc:"The revision."`
	Prefix  *string  `arg:"prefix" doc:"Goes before every name; the directory's name and a slash by default."`
	GitOpts py.Value `arg:"git_opts" default:"''" doc:"Options for git itself, before the command."`
	runnerArgs
	Format string `arg:"format" doc:"tar, zip, tar.gz or tgz; guessed from the name when not given."`
}

type branchArgs struct {
	Cwd  string  `arg:"cwd,required" doc:"The clone."`
	Name *string `arg:"name" doc:"The branch."`
	optionArgs
	runnerArgs
}

type checkoutArgs struct {
	Cwd   string  `arg:"cwd,required" doc:"The clone."`
	Rev   *string `arg:"rev" doc:"A revision."`
	Force bool    `arg:"force" default:"False" doc:"Discards local changes."`
	optionArgs
	runnerArgs
}

type cloneArgs struct {
	Cwd  string  `arg:"cwd,required" doc:"The clone."`
	URL  string  `arg:"url" doc:"The repository."`
	Name *string `arg:"name" doc:"The directory of the clone below cwd; cwd itself when not given."`
	optionArgs
	User           string         `arg:"user" doc:"Who runs git."`
	Password       secret.String  `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value       `arg:"identity" doc:"One or more private keys: paths of the host."`
	HTTPSUser      *string        `arg:"https_user" doc:"A user of the server."`
	HTTPSPass      *secret.String `arg:"https_pass" doc:"The user's password or token. It is not kept in the clone."`
	IgnoreRetcode  bool           `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	Saltenv        string         `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	OutputEncoding string         `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type commitArgs struct {
	Cwd     string `arg:"cwd,required" doc:"The clone."`
	Message string `arg:"message,required" doc:"The message."`
	optionArgs
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	Filename       string        `arg:"filename" doc:"The file to commit."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type configGetArgs struct {
	Key string `arg:"key,required" doc:"The key."`
	Cwd string `arg:"cwd" doc:"The clone."`
	runnerArgs
	All    bool `arg:"all" default:"False" doc:"Gives all values of the key."`
	Global bool `arg:"global" default:"False" doc:"The user's own configuration is meant."`
}

type configRegexArgs struct {
	Key        string  `arg:"key,required" doc:"A regular expression for keys."`
	ValueRegex *string `arg:"value_regex" doc:"A regular expression for values."`
	Cwd        string  `arg:"cwd" doc:"The clone."`
	runnerArgs
	Global bool `arg:"global" default:"False" doc:"The user's own configuration is meant."`
}

type setKeyArgs struct {
	Key      string   `arg:"key,required" doc:"The key."`
	Value    *string  `arg:"value" doc:"Its value."`
	Multivar py.Value `arg:"multivar" doc:"Its values: a list, or a text with commas."`
	Cwd      string   `arg:"cwd" doc:"The clone."`
	runnerArgs
	Add    bool `arg:"add" default:"False" doc:"Adds the value to those that are there."`
	Global bool `arg:"global" default:"False" doc:"The user's own configuration is meant."`
}

type unsetKeyArgs struct {
	Key        string  `arg:"key,required" doc:"The key."`
	ValueRegex *string `arg:"value_regex" doc:"A regular expression for values."`
	Cwd        string  `arg:"cwd" doc:"The clone."`
	runnerArgs
	All    bool `arg:"all" default:"False" doc:"Removes all values."`
	Global bool `arg:"global" default:"False" doc:"The user's own configuration is meant."`
}

type revArgs struct {
	Cwd string `arg:"cwd,required" doc:"The clone."`
	Rev string `arg:"rev" default:"HEAD" doc:"The revision."`
	runnerArgs
}

type diffArgs struct {
	Cwd   string `arg:"cwd,required" doc:"The clone."`
	Item1 string `arg:"item1" doc:"A revision."`
	Item2 string `arg:"item2" doc:"Another one."`
	optionArgs
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	NoIndex        bool          `arg:"no_index" default:"False" doc:"Compares two paths outside of a clone."`
	Cached         bool          `arg:"cached" default:"False" doc:"Compares the index."`
	Paths          py.Value      `arg:"paths" doc:"The files: a list, or a text with commas."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type pathArgs struct {
	Cwd  string `arg:"cwd,required" doc:"The clone."`
	Path string `arg:"path" default:"." doc:"What to bring back."`
	runnerArgs
}

type fetchArgs struct {
	Cwd      string   `arg:"cwd,required" doc:"The clone."`
	Remote   string   `arg:"remote" doc:"The remote."`
	Force    bool     `arg:"force" default:"False" doc:"Fetches what is no fast-forward."`
	Refspecs py.Value `arg:"refspecs" doc:"What to fetch: a list, or a text with commas."`
	optionArgs
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value      `arg:"identity" doc:"One or more private keys: paths of the host."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	Saltenv        string        `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type initFuncArgs struct {
	Cwd            string   `arg:"cwd,required" doc:"The clone."`
	Bare           bool     `arg:"bare" default:"False" doc:"Makes a repository without files."`
	Template       *string  `arg:"template" doc:"A template directory."`
	SeparateGitDir *string  `arg:"separate_git_dir" doc:"Where the repository itself lies, if not below."`
	Shared         py.Value `arg:"shared" doc:"Who else may use it."`
	optionArgs
	runnerArgs
}

type worktreeArgs struct {
	Cwd            string        `arg:"cwd,required" doc:"The clone."`
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type branchesArgs struct {
	Cwd    string `arg:"cwd,required" doc:"The clone."`
	Remote bool   `arg:"remote" default:"False" doc:"The branches of remotes."`
	runnerArgs
}

type worktreesArgs struct {
	Cwd            string        `arg:"cwd,required" doc:"The clone."`
	Stale          bool          `arg:"stale" default:"False" doc:"Those whose directory is gone."`
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
	All            bool          `arg:"all" default:"False" doc:"Those, too."`
}

type lsRemoteArgs struct {
	Cwd    string `arg:"cwd" doc:"The clone."`
	Remote string `arg:"remote" default:"origin" doc:"The remote: a name or URL."`
	Ref    string `arg:"ref" doc:"A reference."`
	optionArgs
	User           string         `arg:"user" doc:"Who runs git."`
	Password       secret.String  `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value       `arg:"identity" doc:"One or more private keys: paths of the host."`
	HTTPSUser      *string        `arg:"https_user" doc:"A user of the server."`
	HTTPSPass      *secret.String `arg:"https_pass" doc:"The user's password or token. It is not kept in the clone."`
	IgnoreRetcode  bool           `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	OutputEncoding string         `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
	Saltenv        string         `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
}

type mergeArgs struct {
	Cwd string `arg:"cwd,required" doc:"The clone."`
	Rev string `arg:"rev" doc:"What to merge."`
	optionArgs
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value      `arg:"identity" doc:"One or more private keys: paths of the host."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type mergeBaseArgs struct {
	Cwd         string   `arg:"cwd,required" doc:"The clone."`
	Refs        py.Value `arg:"refs" doc:"The commits: a list, or a text with commas."`
	Octopus     bool     `arg:"octopus" default:"False" doc:"For a merge of all of them."`
	IsAncestor  bool     `arg:"is_ancestor" default:"False" doc:"Says whether the first is an ancestor of the second."`
	Independent bool     `arg:"independent" default:"False" doc:"Gives those that no other one reaches."`
	ForkPoint   string   `arg:"fork_point" doc:"A branch whose fork is wanted."`
	optionArgs
	runnerArgs
	All bool `arg:"all" default:"False" doc:"Gives all of them."`
}

type mergeTreeArgs struct {
	Cwd  string `arg:"cwd,required" doc:"The clone."`
	Ref1 string `arg:"ref1,required" doc:"A commit."`
	Ref2 string `arg:"ref2,required" doc:"Another one."`
	Base string `arg:"base" doc:"Their base; found when not given."`
	runnerArgs
}

type pushArgs struct {
	Cwd    string `arg:"cwd,required" doc:"The clone."`
	Remote string `arg:"remote" doc:"The remote."`
	Ref    string `arg:"ref" doc:"What to push."`
	optionArgs
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value      `arg:"identity" doc:"One or more private keys: paths of the host."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	Saltenv        string        `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type rebaseArgs struct {
	Cwd string `arg:"cwd,required" doc:"The clone."`
	Rev string `arg:"rev" default:"master" doc:"What to rebase onto."`
	optionArgs
	runnerArgs
}

type remoteGetArgs struct {
	Cwd            string        `arg:"cwd,required" doc:"The clone."`
	Remote         string        `arg:"remote" default:"origin" doc:"The remote."`
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	RedactAuth     bool          `arg:"redact_auth" default:"True" doc:"Masks who logs in."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type remotesArgs struct {
	Cwd            string        `arg:"cwd,required" doc:"The clone."`
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	RedactAuth     bool          `arg:"redact_auth" default:"True" doc:"Masks who logs in."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type remoteRefsArgs struct {
	URL            string         `arg:"url,required" doc:"The repository."`
	Heads          bool           `arg:"heads" default:"False" doc:"Branches only."`
	Tags           bool           `arg:"tags" default:"False" doc:"Tags only."`
	User           string         `arg:"user" doc:"Who runs git."`
	Password       secret.String  `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value       `arg:"identity" doc:"One or more private keys: paths of the host."`
	HTTPSUser      *string        `arg:"https_user" doc:"A user of the server."`
	HTTPSPass      *secret.String `arg:"https_pass" doc:"The user's password or token. It is not kept in the clone."`
	IgnoreRetcode  bool           `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	OutputEncoding string         `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
	Saltenv        string         `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	Filter         string         `arg:"filter" doc:"A pattern for references."`
}

type remoteSetArgs struct {
	Cwd            string         `arg:"cwd,required" doc:"The clone."`
	URL            string         `arg:"url,required" doc:"The URL."`
	Remote         string         `arg:"remote" default:"origin" doc:"The remote."`
	User           string         `arg:"user" doc:"Who runs git."`
	Password       secret.String  `arg:"password" doc:"Of the user, on Windows."`
	HTTPSUser      *string        `arg:"https_user" doc:"A user of the server."`
	HTTPSPass      *secret.String `arg:"https_pass" doc:"Not supported: git would keep it in the clone."`
	PushURL        string         `arg:"push_url" doc:"The URL to push to."`
	PushHTTPSUser  *string        `arg:"push_https_user" doc:"A user of that server."`
	PushHTTPSPass  *secret.String `arg:"push_https_pass" doc:"Not supported: git would keep it in the clone."`
	IgnoreRetcode  bool           `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	OutputEncoding string         `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}

type revParseArgs struct {
	Cwd string  `arg:"cwd,required" doc:"The clone."`
	Rev *string `arg:"rev" doc:"A revision."`
	optionArgs
	runnerArgs
}

type revisionArgs struct {
	Cwd   string `arg:"cwd,required" doc:"The clone."`
	Rev   string `arg:"rev" default:"HEAD" doc:"A revision."`
	Short bool   `arg:"short" default:"False" doc:"Abbreviates it."`
	runnerArgs
}

type stashArgs struct {
	Cwd    string `arg:"cwd,required" doc:"The clone."`
	Action string `arg:"action" default:"save" doc:"What to do: save, list, pop, ..."`
	optionArgs
	runnerArgs
}

type submoduleArgs struct {
	Cwd     string `arg:"cwd,required" doc:"The clone."`
	Command string `arg:"command,required" doc:"What to do: init, update, ..."`
	optionArgs
	User           string        `arg:"user" doc:"Who runs git."`
	Password       secret.String `arg:"password" doc:"Of the user, on Windows."`
	Identity       py.Value      `arg:"identity" doc:"One or more private keys: paths of the host."`
	IgnoreRetcode  bool          `arg:"ignore_retcode" default:"False" doc:"Does not take an exit status for an error."`
	Saltenv        string        `arg:"saltenv" default:"base" doc:"Environment of the tree; has no effect."`
	OutputEncoding string        `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
	Init           bool          `arg:"init" default:"False" doc:"Not supported any more."`
}

type symbolicRefArgs struct {
	Cwd   string `arg:"cwd,required" doc:"The clone."`
	Ref   string `arg:"ref,required" doc:"The symbolic reference."`
	Value string `arg:"value" doc:"What it is to point to."`
	optionArgs
	runnerArgs
}

type tagArgs struct {
	Cwd     string  `arg:"cwd,required" doc:"The clone."`
	Name    string  `arg:"name,required" doc:"The tag."`
	Ref     string  `arg:"ref" default:"HEAD" doc:"What to tag."`
	Message *string `arg:"message" doc:"Makes an annotated tag."`
	optionArgs
	runnerArgs
}

type versionArgs struct {
	Versioninfo bool `arg:"versioninfo" default:"False" doc:"Gives a list of numbers."`
}

type worktreeAddArgs struct {
	Cwd          string `arg:"cwd,required" doc:"The clone."`
	WorktreePath string `arg:"worktree_path,required" doc:"The directory of the new worktree."`
	Ref          string `arg:"ref" doc:"What to check out."`
	ResetBranch  bool   `arg:"reset_branch" doc:"Resets a branch that exists."`
	Force        bool   `arg:"force" doc:"Checks out what another worktree has."`
	Detach       bool   `arg:"detach" default:"False" doc:"Checks out no branch."`
	optionArgs
	runnerArgs
	Branch string `arg:"branch" doc:"The new branch."`
}

type worktreePruneArgs struct {
	Cwd     string `arg:"cwd,required" doc:"The clone."`
	DryRun  bool   `arg:"dry_run" default:"False" doc:"Only says what would be done."`
	Verbose bool   `arg:"verbose" default:"True" doc:"Says what is done."`
	Expire  string `arg:"expire" doc:"Prunes older ones only."`
	optionArgs
	runnerArgs
}

type worktreeRmArgs struct {
	Cwd            string `arg:"cwd,required" doc:"The clone."`
	User           string `arg:"user" doc:"Who runs git."`
	OutputEncoding string `arg:"output_encoding" doc:"The encoding of what git prints; UTF-8 by default."`
}
