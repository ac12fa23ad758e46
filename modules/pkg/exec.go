package pkg

import "pinch/modules"

func execFuncs() []*modules.Func { return nil }
