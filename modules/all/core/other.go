//go:build !linux && pinchshim

package core

import "pinch/modules"

func linuxOnly() [][]*modules.Func { return nil }
