package saltfun

import "pinch/internal/py"

func logFuncs() []*function {
	var out []*function
	for _, level := range []string{"debug", "info", "warning", "error", "critical", "exception"} {
		out = append(out, parse("log."+level, "message", func(c *call) (py.Value, error) {
			text, err := py.StrErr(c.arg("message"))
			if err != nil {
				text = err.Error() // Python's logging raises nothing
			}
			if level == "exception" {
				c.h.log("error", text)
			} else {
				c.h.log(level, text)
			}
			return py.True, nil
		}))
	}
	return out
}
