// Package integration holds the tests of the whole product on real machines:
// scenarios that run the pinch binary against hosts of the lab (scenarios_test.go,
// with the build tag integration, which needs root), and the programs beside it:
// lab, stateruns and bench.
package integration
