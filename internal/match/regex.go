package match

import (
	"github.com/dlclark/regexp2"

	"pinch/internal/py"
)

// regexMatch is re.match(pattern, text): a match at the start of text.
func regexMatch(pattern, text string) (bool, error) {
	re, err := regexp2.Compile(`\A(?:`+pattern+`)`, 0)
	if err != nil {
		return false, py.Errorf("error", "%v", err)
	}
	return re.MatchString(text)
}
