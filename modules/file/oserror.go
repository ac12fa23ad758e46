package file

import "pinch/modules"

// osError is str() of the OSError that Python raises for err.
func osError(err error) string { return modules.OSErrorText(err) }
