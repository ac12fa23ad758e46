#!/usr/bin/env bash
# Everything of the integration tests, on a bare Debian machine, as root: see integration/README.md.
# PINCH_BINARY names the binary to test; without it pinch is built with all its shims.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${PINCH_BINARY:-}" ]; then
  make all
  PINCH_BINARY=$PWD/pinch
fi
exec go run ./integration/run -pinch "$PINCH_BINARY"
