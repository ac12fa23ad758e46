package host

// hasGNUSu: su takes the shell with -s.
const hasGNUSu = true
