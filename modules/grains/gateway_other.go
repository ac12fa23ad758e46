//go:build !linux

package grains

import (
	"pinch/internal/host"
	"pinch/internal/py"
)

// gateways are not read here: there is no file that has them.
func gateways(host.Reader, *py.Dict) {}
