package output

// colors are Salt's colour codes by name; all "" when colour is off.
type colors map[string]string

func newColors(use bool, theme map[string]string) colors {
	c := colors{
		"BLACK": "0;30", "DARK_GRAY": "0;1;30", "RED": "0;31", "LIGHT_RED": "0;1;31",
		"GREEN": "0;32", "LIGHT_GREEN": "0;1;32", "YELLOW": "0;33", "LIGHT_YELLOW": "0;1;33",
		"BLUE": "0;34", "LIGHT_BLUE": "0;1;34", "MAGENTA": "0;35", "LIGHT_MAGENTA": "0;1;35",
		"CYAN": "0;36", "LIGHT_CYAN": "0;1;36", "LIGHT_GRAY": "0;37", "WHITE": "0;1;37",
		"DEFAULT_COLOR": "0;39", "ENDC": "0;0",
	}
	for name, code := range theme {
		c[name] = code
	}
	for name, code := range c {
		if use {
			c[name] = "\x1b[" + code + "m"
		} else {
			c[name] = ""
		}
	}
	return c
}

// paint puts text between a colour and the reset.
func (c colors) paint(color, text string) string { return c[color] + text + c["ENDC"] }
