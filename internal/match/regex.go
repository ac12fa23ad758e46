package match

// regexMatch is re.match(pattern, text): a match at the start of text.
func (m *Matcher) regexMatch(pattern, text string) (bool, error) {
	re, err := m.regexes.Compile(pattern, 0)
	if err != nil {
		return false, err
	}
	found, err := re.Match(text)
	return found != nil, err
}
