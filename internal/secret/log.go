//go:build !pinchshim

package secret

import "log/slog"

// LogValue implements slog.LogValuer. The shim, which has no slog, is built
// without it (shim.Build).
func (s String) LogValue() slog.Value { return slog.StringValue(s.String()) }
