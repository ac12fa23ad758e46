package modules

// Logger is where functions and the engine tell what no result says; a
// *slog.Logger is one. It is an interface so that the shim links no slog,
// which brings JSON by reflection with it. args are keys and values in turn.
type Logger interface {
	Debug(msg string, args ...any)
	Info(msg string, args ...any)
	Warn(msg string, args ...any)
	Error(msg string, args ...any)
}

// NoLog is the Logger that keeps nothing.
type NoLog struct{}

// Debug implements Logger.
func (NoLog) Debug(string, ...any) {}

// Info implements Logger.
func (NoLog) Info(string, ...any) {}

// Warn implements Logger.
func (NoLog) Warn(string, ...any) {}

// Error implements Logger.
func (NoLog) Error(string, ...any) {}
