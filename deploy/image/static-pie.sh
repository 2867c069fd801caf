#!/bin/bash
# The linker for arm64: $HOTSEAT_LINKER, asked for a static program that may be loaded at any address.
# rustc asks for one at a fixed address there, although its standard library and glibc allow the other.
set -euo pipefail
arguments=()
for argument; do
    case $argument in
    -static) arguments+=(-static-pie) ;;
    -no-pie) ;;
    *) arguments+=("$argument") ;;
    esac
done
exec "$HOTSEAT_LINKER" "${arguments[@]}"
