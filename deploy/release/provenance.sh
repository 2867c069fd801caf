#!/usr/bin/env bash
# provenance.sh: prints where the files of a release come from, as the predicate SLSA provenance 1. In
# the environment: SOURCE, where the repository is, and BUILDER, who builds, a URL.
set -euo pipefail

# shellcheck source=deploy/release/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

python3 - "${SOURCE:-unknown}" "$(revision)" "${BUILDER:-unknown}" "${platforms[@]}" <<'PYTHON'
import json, sys

source, commit, builder, *platforms = sys.argv[1:]
print(json.dumps({
    "buildDefinition": {
        "buildType": f"{source}/blob/{commit}/RELEASE.md",
        "externalParameters": {"source": source, "revision": commit, "platforms": platforms},
        "resolvedDependencies": [
            {"uri": f"git+{source}@{commit}", "digest": {"gitCommit": commit}}
        ],
    },
    "runDetails": {"builder": {"id": builder}},
}, indent=2))
PYTHON
