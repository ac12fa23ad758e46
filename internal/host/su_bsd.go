//go:build freebsd || darwin

package host

// hasGNUSu: su has no option for the shell.
const hasGNUSu = false
