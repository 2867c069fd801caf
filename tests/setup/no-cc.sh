#!/bin/bash
# In the place of a C compiler where nothing is linked: leaves an empty file for each that it is to make.
set -euo pipefail

while (($#)); do
    case $1 in
    # Which compiler is this? One that takes clang's options, and not Microsoft's.
    -E) echo '"clang"' ;;
    '-?') exit 1 ;;
    -o) : >"$2" ;;
    esac
    shift
done
