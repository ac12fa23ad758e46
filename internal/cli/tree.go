package cli

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"pinch/internal/gitfs"
	"pinch/internal/py"
	"pinch/states"
)

// cacheDir is pinch's part of the person's cache, "" when there is none.
func (a *app) cacheDir() string {
	if d := a.env.Getenv("XDG_CACHE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "pinch")
	}
	if a.env.Home == "" {
		return ""
	}
	return filepath.Join(a.env.Home, ".cache", "pinch")
}

// treeConfig is what all trees of the command line are made with, but for
// their options. With -v the commits are told that files come from. log may be
// nil.
func (a *app) treeConfig(c *cli.Context, log *slog.Logger) states.Config {
	cfg := states.Config{CacheDir: a.cacheDir(), NoFetch: c.Bool("no-fetch"), Ref: c.String("ref")}
	if log != nil {
		cfg.Log = a.treeLog(log)
	}
	if c.Bool("verbose") {
		cfg.Used = func(u gitfs.Use) { fmt.Fprintf(a.env.Stderr, "pinch: %s\n", u) }
	}
	return cfg
}

// tree makes the tree of the options.
func (a *app) tree(ctx context.Context, c *cli.Context, opts *py.Dict, log *slog.Logger) (*states.Tree, error) {
	cfg := a.treeConfig(c, log)
	cfg.Opts = opts
	return states.NewTree(ctx, cfg)
}

func (a *app) closeTree(tree *states.Tree, log *slog.Logger) {
	if err := tree.Close(); err != nil {
		log.Warn("the git repositories of the tree were not closed in order", "error", err)
	}
}
