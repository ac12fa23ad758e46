package postgres

import "pinch/modules"

func initdbStates() []*modules.Func     { return nil }
func queryFuncs() []*modules.Func       { return nil }
func databaseFuncs() []*modules.Func    { return nil }
func tablespaceFuncs() []*modules.Func  { return nil }
func roleFuncs() []*modules.Func        { return nil }
func extensionFuncs() []*modules.Func   { return nil }
func schemaFuncs() []*modules.Func      { return nil }
func languageFuncs() []*modules.Func    { return nil }
func privilegeFuncs() []*modules.Func   { return nil }
func datadirFuncs() []*modules.Func     { return nil }
