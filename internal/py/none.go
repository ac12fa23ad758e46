package py

// OrNone is v, or None for a nil Value: an argument or entry that is missing.
func OrNone(v Value) Value {
	if v == nil {
		return None
	}
	return v
}

// IsNone says whether v is missing (nil) or None.
func IsNone(v Value) bool {
	_, none := v.(NoneType)
	return v == nil || none
}
