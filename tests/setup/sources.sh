#!/usr/bin/env bash
# Installs what tests need of Debian: an OCI registry and minisign for policies' sources, ip for
# networks of their own, and Prometheus for deploy/monitoring. Nothing is started.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/setup/lib.sh
source "$here/lib.sh"

# In this runlevel Debian's packages start no service of theirs.
export RUNLEVEL=1

need docker-registry docker-registry
need minisign minisign
need ip iproute2
need promtool prometheus
