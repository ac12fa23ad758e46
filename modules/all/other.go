//go:build !linux && pinchshim

package all

import "pinch/modules"

func linuxOnly() [][]*modules.Func { return nil }
