//go:build !linux && pinchshim

package more

import "pinch/modules"

func linuxOnly() [][]*modules.Func { return nil }
