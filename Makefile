# Everything that CI does is a target here. Only Go, make and git are needed;
# `make integration` wants root and installs its packages itself.

GO      ?= go
FLAGS   := -trimpath -buildvcs=false
LDFLAGS := -s -w -buildid=
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

.PHONY: all build shims demo test vet lint integration bench fuzz clean

# pinch with the shims of all platforms embedded
all: shims build

build:
	CGO_ENABLED=0 $(GO) build $(FLAGS) -ldflags '$(LDFLAGS) -X pinch/internal/cli.Version=$(VERSION)' -o pinch .

shims:
	$(GO) generate ./shim

# three SSH servers on this machine, a real tree, two runs
demo: build
	./pinch demo

# everything that needs no root
test: vet
	$(GO) test ./...

vet:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'not gofmt-ed'; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags integration ./integration/...

# golangci-lint when it is installed
lint: vet
	golangci-lint run

# real Debian hosts in systemd-nspawn: scenarios and the recorded state runs
integration:
	bash integration/run.sh

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./internal/... ./states/... ./shim/... ./modules/...

# each fuzz target for some thousand executions
fuzz:
	bash .ci/fuzz

clean:
	rm -f pinch shim/blob/*.gz shim/blob/index.json
