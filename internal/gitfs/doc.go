// Package gitfs reads state and pillar trees out of git, without a checkout:
// Salt's file server back end gitfs, the repositories of the external pillar
// git, and roots as a commit of the local repository has them.
//
// All of it goes through the system's git. A remote is mirrored in a bare
// repository of pinch's cache, fetched once a run; files are read from its
// objects. Authentication and host keys are git's own business: its words are
// passed on, with passwords masked.
//
// The reference is Salt 3008's utils/gitfs.py, fileserver/gitfs.py and
// pillar/git_pillar.py, with the provider gitpython.
package gitfs
