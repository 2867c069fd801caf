#!/bin/bash
# Fuzzes each target for so many seconds: run.sh [SECONDS] [TARGET...]. What was found is kept in
# the corpus folder for the next run; an input that breaks a target is left in fuzz/artifacts, and
# `TARGET_BINARY FILE` runs it alone.
#
# libFuzzer itself comes with a crate and the coverage counters with rustc, so that neither another
# toolchain nor cargo-fuzz is needed. `cargo fuzz run -s none TARGET` works, too.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
targets=("${@:2}")
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz/run.sh $seconds: give a whole number of seconds, at least 1" >&2; exit 2; }
[[ ${#targets[@]} -gt 0 ]] || targets=(journal lock publication rules component)

command -v c++ >/dev/null || { echo "a C++ compiler is missing: apt-get install g++" >&2; exit 1; }
host=$(rustc -vV | sed -n 's/^host: //p')
target_dir=${CARGO_TARGET_DIR:-$PWD/../target}/fuzz
flags=(
    -Cpasses=sancov-module
    -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table
    -Cllvm-args=-sanitizer-coverage-trace-compares
)
# With --target the flags do not reach build scripts, which have no libFuzzer to link.
for target in "${targets[@]}"; do
    RUSTFLAGS="${flags[*]}" CARGO_TARGET_DIR=$target_dir \
        cargo build --locked --release --target "$host" --no-default-features \
        --features "${target/journal/}" --bin "$target"
done

mkdir -p artifacts
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target"
    cp "seeds/$target"/* "corpus/$target/"
done
if [[ " ${targets[*]} " == *" component "* ]]; then
    find "$target_dir/$host/release/build" -name standard.wasm -exec cp {} corpus/component/ \;
    [[ -s corpus/component/standard.wasm ]] || { echo "no standard policy to begin with in $target_dir" >&2; exit 1; }
fi

for target in "${targets[@]}"; do
    echo "fuzzing $target for $seconds s"
    limits=(-max_len=16384 -timeout=10)
    # A compiler that thinks for as long as it may is no hang.
    [[ $target != component ]] || limits=(-max_len=65536 -timeout=60)
    "$target_dir/$host/release/$target" "corpus/$target" \
        -max_total_time="$seconds" -artifact_prefix=artifacts/ -print_final_stats=1 \
        -rss_limit_mb=2048 "${limits[@]}" 2>&1 | sed -n -e '/^INFO: seed corpus/p' -e '/DONE/p' \
        -e '/^stat::/p' -e '/ERROR\|panicked\|SUMMARY\|Test unit written/,$p'
done
