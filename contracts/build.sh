#!/bin/bash
# Builds the contracts and puts the stripped modules into wasm/.
#
# The modules in the tree were built with rustc 1.96.0, LLD 22 (Debian 12: rustc-web, rust-web-src, lld-22) and the locked dependencies; the
# same tools give the same bytes, wherever the folder is. `./build.sh --check` builds and compares only.
# RUSTC, WASM_LD: another compiler (with its library's sources in its sysroot), another linker.
set -euo pipefail
cd "$(dirname "$0")"

export RUSTC=${RUSTC:-/usr/bin/rustc}
linker=${WASM_LD:-$(command -v wasm-ld-22 || command -v wasm-ld || true)}
for tool in "$RUSTC" "$linker" cargo; do
  command -v "${tool:-wasm-ld}" >/dev/null || { echo "contracts: there is no ${tool:-wasm-ld}; README.md in this folder says what a build needs" >&2; exit 1; }
done
target=${CARGO_TARGET_DIR:-../build/contracts}
export CARGO_TARGET_DIR=$target
# The standard library is built for the target from its sources, which stable compilers allow under this name.
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker
sysroot=$("$RUSTC" --print sysroot)
# Paths of this machine do not enter the modules; the imports stay undefined; 64 KiB of stack as Dusk's contracts have. Reference types,
# on by default in newer compilers, are refused by the network.
export CARGO_ENCODED_RUSTFLAGS=$(printf '%s\x1f' \
  "-Clink-args=-zstack-size=65536" "-Clink-arg=--allow-undefined" "-Ctarget-feature=-reference-types" \
  "--remap-path-prefix=$sysroot=/rust" "--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo" "--remap-path-prefix=$PWD=/contracts" | sed 's/\x1f$//')

cargo build --release --locked --quiet --ignore-rust-version --target wasm32-unknown-unknown -Zbuild-std=core,alloc,panic_abort

built=$target/wasm32-unknown-unknown/release
compact=$(mktemp)
trap 'rm -f "$compact"' EXIT
changed=0
for module in "$built"/*.wasm; do
  name=$(basename "$module")
  python3 compact.py "$module" "$compact"
  if [ "${1:-}" = --check ]; then
    cmp "$compact" "wasm/$name" || changed=1
  else
    mkdir -p wasm
    install -m 644 "$compact" "wasm/$name"
  fi
done
[ "${1:-}" = --check ] || (cd wasm && sha256sum -- *.wasm >SHA256SUMS)
exit $changed
