package file

import "pinch/modules"

// stateFuncs returns the state functions.
func stateFuncs() []*modules.Func {
	return []*modules.Func{
		absent(), accumulated(), appendState(), blockreplaceState(), cached(), commentState(), copyState(), decodeState(),
		directory(), existsState(), hardlink(), keyvalue(), lineState(), managed(), missingState(), mknodState(), notCached(),
		patchState(), prependState(), prunedState(), recurse(), rename(), replaceState(), retentionSchedule(), serializeState(),
		shortcut(), symlink(), tidied(), touch(), uncommentState(),
	}
}
