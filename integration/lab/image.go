package lab

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Suites are the Debian releases the lab has images of.
var Suites = []string{"bookworm", "trixie"}

// imagePackages is what an image holds besides the essential packages. The
// recorded state runs were made on exactly this set.
var imagePackages = []string{
	"systemd", "systemd-sysv", "dbus", "openssh-server", "sudo", "iproute2", "ca-certificates", "curl", "cron",
	"rsync", "procps", "python3",
}

// imageRecipe changes when the way an image is made changes, so that cached images are made anew.
const imageRecipe = "1"

// Images builds the images of the suites that are missing, all at once, and
// returns when all are there. No suites means all of Suites. An image takes
// about a minute; one that exists costs nothing.
func (l *Lab) Images(ctx context.Context, suites ...string) error {
	if len(suites) == 0 {
		suites = Suites
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, suite := range suites {
		group.Go(func() error { return l.image(ctx, suite) })
	}
	return group.Wait()
}

func (l *Lab) imageDir(suite string) string { return l.path("images", suite) }

func (l *Lab) image(ctx context.Context, suite string) error {
	if !has(Suites, suite) {
		return fmt.Errorf("lab: image %s: unknown suite; there are %s", suite, strings.Join(Suites, ", "))
	}
	unlock, err := l.lock(ctx, "image-"+suite)
	if err != nil {
		return err
	}
	defer unlock()
	root, marker := l.imageDir(suite), l.path("images", suite+".recipe")
	want := imageRecipe + " " + strings.Join(imagePackages, ",")
	if have, err := os.ReadFile(marker); err == nil && string(have) == want {
		return nil
	}
	if err := l.buildImage(ctx, suite, root); err != nil {
		return err
	}
	if err := os.WriteFile(marker, []byte(want), 0o644); err != nil {
		return fmt.Errorf("lab: image %s: %w", suite, err)
	}
	return nil
}

func (l *Lab) buildImage(ctx context.Context, suite, root string) error {
	from, err := mirror()
	if err != nil {
		return err
	}
	options, err := aptFetchOptions(ctx)
	if err != nil {
		return err
	}
	l.logf("image %s: debootstrap from %s", suite, from)
	if err := os.RemoveAll(root); err != nil {
		return fmt.Errorf("lab: image %s: %w", suite, err)
	}
	args := []string{"--variant=minbase", "--include=" + strings.Join(imagePackages, ","), suite, root, from}
	if !present("/usr/share/debootstrap/scripts/" + suite) {
		args = append(args, "sid") // an older debootstrap does not know the suite; all suites share this script
	}
	if err := run(ctx, proxyEnvironment(options), "debootstrap", args...); err != nil {
		return fmt.Errorf("lab: image %s: %w", suite, err)
	}
	if options != "" {
		if err := os.WriteFile(filepath.Join(root, "etc/apt/apt.conf.d/99lab-fetch"), []byte(options), 0o644); err != nil {
			return fmt.Errorf("lab: image %s: %w", suite, err)
		}
	}
	// An empty machine-id is filled at boot, so that hosts of one image differ.
	if err := os.WriteFile(filepath.Join(root, "etc/machine-id"), nil, 0o444); err != nil {
		return fmt.Errorf("lab: image %s: %w", suite, err)
	}
	if err := os.RemoveAll(filepath.Join(root, "var/cache/apt/archives")); err != nil {
		return fmt.Errorf("lab: image %s: %w", suite, err)
	}
	if err := os.MkdirAll(filepath.Join(root, "var/cache/apt/archives/partial"), 0o755); err != nil {
		return fmt.Errorf("lab: image %s: %w", suite, err)
	}
	return nil
}

// Layer makes sure that the layer with the packages over the suite's image
// exists and returns the folders to stack, uppermost first. No packages means
// just the image.
func (l *Lab) Layer(ctx context.Context, suite string, packages []string) ([]string, error) {
	if err := l.image(ctx, suite); err != nil {
		return nil, err
	}
	if len(packages) == 0 {
		return []string{l.imageDir(suite)}, nil
	}
	packages = append([]string(nil), packages...)
	sort.Strings(packages)
	sum := sha256.Sum256([]byte(imageRecipe + " " + strings.Join(packages, " ")))
	name := fmt.Sprintf("%s-%x", suite, sum[:6])
	unlock, err := l.lock(ctx, "layer-"+name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	dir := l.path("layers", name)
	stack := []string{dir, l.imageDir(suite)}
	newer, err := newerThan(dir, l.path("images", suite+".recipe"))
	if err != nil {
		return nil, fmt.Errorf("lab: layer %s: %w", name, err)
	}
	if newer {
		return stack, nil
	}
	l.logf("layer %s: %s", suite, strings.Join(packages, " "))
	if err := l.buildLayer(ctx, name, suite, packages); err != nil {
		return nil, fmt.Errorf("lab: layer %s of %s: %w", strings.Join(packages, " "), suite, err)
	}
	return stack, nil
}

// newerThan tells whether a exists and was made after b; a layer over an older image is stale.
func newerThan(a, b string) (bool, error) {
	sa, err := os.Stat(a)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	sb, err := os.Stat(b)
	if err != nil {
		return false, err
	}
	return sa.ModTime().After(sb.ModTime()), nil
}

// installScript installs packages without starting their services, which the
// container of a layer has no init for.
const installScript = `set -eu
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@"
apt-get clean
rm -f /usr/sbin/policy-rc.d
`

func (l *Lab) buildLayer(ctx context.Context, name, suite string, packages []string) (err error) {
	work := l.path("layers", name+".new")
	m := &machine{name: "layer-" + name, dir: work, lower: []string{l.imageDir(suite)}}
	if err := m.destroy(); err != nil {
		return err
	}
	if err := m.mount(); err != nil {
		return err
	}
	defer func() {
		if derr := m.destroy(); err == nil {
			err = derr
		}
	}()
	if err := m.start(ctx, startOptions{hostname: "layer", network: true}); err != nil {
		return err
	}
	res, err := m.exec(ctx, Command{Argv: append([]string{"/bin/bash", "-c", installScript, "install"}, packages...)})
	if err != nil {
		return err
	}
	if res.Code != 0 {
		return fmt.Errorf("apt-get: exit status %d: %s", res.Code, tail([]byte(res.Stdout+res.Stderr), 2000))
	}
	if err := m.stop(); err != nil {
		return err
	}
	final := l.path("layers", name)
	if err := os.RemoveAll(final); err != nil {
		return err
	}
	// What the container's start left is not the packages' doing.
	for _, p := range []string{"etc/resolv.conf", "etc/hostname", "etc/hosts", "etc/machine-id"} {
		if err := os.RemoveAll(filepath.Join(m.upper(), p)); err != nil {
			return err
		}
	}
	if err := os.Rename(m.upper(), final); err != nil {
		return err
	}
	now := time.Now()
	return os.Chtimes(final, now, now)
}
