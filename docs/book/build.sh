#!/usr/bin/env bash
# Makes the book of docs/SUMMARY.md in target/book, and looks at each of its links.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
# shellcheck source=tests/setup/lib.sh
source "$root/tests/setup/lib.sh"

need python3 python3
MDBOOK=$("$root/tests/setup/mdbook.sh")
export MDBOOK PYTHONDONTWRITEBYTECODE=1
python3 "$here/test_build.py"
python3 "$here/build.py" "$MDBOOK" "${CARGO_TARGET_DIR:-$root/target}/book"
