# What a person needs: `make demo`, `make test`. Each target does the set-up that it needs, as root on
# a Debian 12 with Rust by rustup, Go 1.26 for the tests, and the package registries.

SHELL := /bin/bash
CARGO ?= cargo
# Else rustup refuses to run cargo at all where the toolchain lacks the target for WebAssembly and
# rustup's server cannot be reached. `wasm-target` fetches what rust-toolchain.toml names, or finds
# another way (docs/decisions/0009-target-in-the-toolchain-file.md).
export RUSTUP_AUTO_INSTALL := 0
# Given to `hotseat demo`, such as DEMO="--for 30s --output json".
DEMO ?=
# Given to the release build, such as BUILD=--no-default-features for a program without `demo` and `policy new`.
BUILD ?=
# Which tests `make node` runs, such as TESTS=seed; all of them by default.
TESTS ?=
# How long `make fuzz` takes for each target.
FUZZ_SECONDS ?= 60
# Which mutants `make mutants` makes, such as MUTANTS="--shard 0/8"; all of them, 1,333, take some hours.
MUTANTS ?=
# How many minutes `make exhaustive` takes.
MINUTES ?= 10
# What `make deny` checks; "licenses bans sources" does without the list of advisories on GitHub.
DENY ?= all

.PHONY: help build demo docs test test-oldest peers bench limits wit lint lint-workflows check-macos references deploy-references deny image image-test image-twice node node-up node-down release-dry-run fresh function-order proofs mutations mutants exhaustive fuzz cluster cluster-down setup wasm-target

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

# Has the linker put together what runs together (docs/decisions/0021-what-runs-lies-together.md). It is a
# script as LLD and GNU ld take it; FUNCTION_ORDER= builds without it, for a linker that does not.
IN_ORDER = -C "link-arg=-Wl,--script=$(CURDIR)/host/hotseat/layout/functions.ld"
FUNCTION_ORDER ?= $(if $(filter Linux,$(shell uname -s)),$(IN_ORDER))

build: wasm-target ## target/release/hotseat
	$(CARGO) rustc --release -p hotseat --bin hotseat $(BUILD) -- $(FUNCTION_ORDER)

demo: build ## an election on this machine, to look at; DEMO="--for 30s" ends by itself
	target/release/hotseat demo $(DEMO)

# The program that the tests start, which cargo builds together with them.
PROGRAM = HOTSEAT_BIN="$${CARGO_TARGET_DIR:-$(CURDIR)/target}/debug/hotseat"
# The suites that run against a real API server; `http` brings the program with it.
ON_A_SERVER = http cluster credentials election faults hostile migration people refusals signals swap

test: wasm-target ## every test, against a real API server too
	tests/setup/apiserver.sh newest >/dev/null
	tests/setup/etcd-tools.sh >/dev/null
	tests/setup/peers.sh >/dev/null
	tests/setup/sources.sh
	tests/setup/guests.sh >/dev/null
	tests/setup/deploy-tools.sh >/dev/null
	tests/setup/clients.sh >/dev/null
	tests/setup/schemathesis.sh >/dev/null
	tests/setup/operator-crds.sh >/dev/null
	tests/setup/browser.sh >/dev/null
	proofs/run.sh
	docs/book/build.sh
	$(PROGRAM) CARGO="$(CARGO)" tests/suites.sh
	clients/check.sh test
	clients/check.sh pack
	guest/setup/test.sh

test-oldest: wasm-target ## the suites on a real API server, with Kubernetes 1.20
	tests/setup/apiserver.sh oldest >/dev/null
	tests/setup/etcd-tools.sh >/dev/null
	tests/setup/peers.sh >/dev/null
	tests/setup/sources.sh
	tests/setup/guests.sh >/dev/null
	HOTSEAT_TEST_APISERVER=oldest $(PROGRAM) $(CARGO) test --workspace $(ON_A_SERVER:%=--test %)

# How many members of the fleets `make peers` kills or asks to end, in each of four tests.
KILLS ?= 55

peers: wasm-target ## fleets of the 0.4 image, client-go and Hotseats on the way between locks: 220 kills and releases, half an hour
	tests/setup/apiserver.sh newest >/dev/null
	tests/setup/peers.sh >/dev/null
	$(CARGO) build --workspace
	HOTSEAT_KILLS=$(KILLS) $(PROGRAM) $(CARGO) test --workspace --test migration -- --nocapture

bench: build ## the table of figures, in one run of about seven minutes; BENCH=--quick for less, BENCH="--only WORDS" for some
	tests/setup/apiserver.sh newest >/dev/null
	tests/setup/peers.sh nethttp >/dev/null
	tests/setup/guests.sh >/dev/null
	HOTSEAT_BIN="$(CURDIR)/target/release/hotseat" $(CARGO) run --release -p hotseat-tests --bin hotseat-bench -- $(BENCH)

wit: build ## target/wit/hotseat-policy.wasm, the contract as a package that wkg and registries take
	mkdir -p target/wit
	target/release/hotseat policy wit --package target/wit/hotseat-policy.wasm

limits: build ## the smallest limits of a container's memory, for the standard policy, rules and each language; as root
	tests/setup/guests.sh >/dev/null
	HOTSEAT_BIN="$(CURDIR)/target/release/hotseat" $(CARGO) run --release -p hotseat-tests --bin hotseat-limits
	HOTSEAT_BIN="$(CURDIR)/target/release/hotseat" $(CARGO) test --workspace --features hotseat-tests/limits --test swap -- container

# IMAGE and VERSION name the image, PLATFORMS="amd64 arm64" says for what, SOURCE where its source is.
image: wasm-target ## the image as an OCI layout in target/image, without a container engine; IMAGE=NAME
	deploy/image/image.sh

image-test: image ## the image, pushed to a registry and pulled back: content, both platforms, names
	deploy/image/test.sh

image-twice: image ## build the image once more in another folder, and compare
	deploy/image/twice.sh

function-order: wasm-target ## record anew which functions run, for the order in which they are linked
	host/hotseat/layout/record.sh

# Compiled before, since nothing outside is reached from the node.
NODE_TEST = $(CARGO) test --workspace --features hotseat-tests/node --test node

node: image ## the tests in pods, on a whole Kubernetes of one node that it brings up and ends; as root
	tests/setup/guests.sh >/dev/null
	$(CARGO) build --workspace --bin hotseat
	$(NODE_TEST) --no-run
	$(PROGRAM) tests/setup/node.sh run $(NODE_TEST) --offline -- --test-threads=1 $(TESTS)

node-up: image ## leave such a node running, and say how to use it
	tests/setup/node.sh up

node-down: ## end it
	tests/setup/node.sh down

release-dry-run: wasm-target ## what a release does, with a registry on loopback and a key that is thrown away
	deploy/release/dry-run.sh

lint: wasm-target ## formatting, clippy, and what the languages of the clients have
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --features hotseat-tests/image,hotseat-tests/limits,hotseat-tests/node -- -D warnings
	clients/check.sh lint
	tests/mutations/run.py --fits

check-macos: wasm-target ## compile for macOS what a policy's author runs there, on any machine
	tests/setup/macos.sh

# Kept beside what cargo builds, under its version, so that another version is installed anew.
ACTIONLINT = $(CURDIR)/target/tools/actionlint-1.7.12/actionlint

lint-workflows: $(ACTIONLINT) ## check .github/workflows by actionlint, which Go 1.26 installs
	@command -v shellcheck >/dev/null || { apt-get update -qq && apt-get install -y --no-install-recommends shellcheck; }
	$(ACTIONLINT) -shellcheck=shellcheck -pyflakes=

$(ACTIONLINT):
	GOBIN=$(@D) go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

references: wasm-target ## rewrite what is generated: docs/flags.md, docs/metrics.md, docs/openapi.json, deploy/monitoring, the template's Cargo.lock
	HOTSEAT_BLESS=1 $(CARGO) test --workspace --test references

deploy-references: wasm-target ## rewrite what the charts render in deploy/chart/tests, and their README
	tests/setup/deploy-tools.sh >/dev/null
	HOTSEAT_BLESS=1 $(PROGRAM) $(CARGO) test --workspace --test references --test deploy chart::

docs: ## make a book of docs/ in target/book, and look at its links
	docs/book/build.sh

deny: setup ## licences, advisories and sources of dependencies, by cargo-deny, built once in minutes
	@command -v cargo-deny >/dev/null || $(CARGO) install cargo-deny --version ^0.20 --locked
	$(CARGO) deny check $(DENY)

fresh: ## what README says on a new Debian 12 with nothing else, in a folder: an hour, 25 GB
	tests/setup/fresh.sh

proofs: ## prove by z3 that two candidates never believe at a time, in seconds
	proofs/run.sh

mutations: setup ## break each invariant on purpose and see a test fail
	tests/mutations/run.py

# The worlds are few, since each mutant is looked at in them; what they miss counts as missed. cargo-mutants' own
# baseline would run the tests of the core alone, so all are run before.
mutants: setup ## change each piece of the core by cargo-mutants, and see a test fail; MUTANTS="--shard 0/8" for some
	@command -v cargo-mutants >/dev/null || $(CARGO) install cargo-mutants --version ^27 --locked
	$(CARGO) test -p hotseat-core -p hotseat-simulator
	HOTSEAT_WORLDS=$${HOTSEAT_WORLDS:-30} CARGO_PROFILE_DEV_DEBUG=0 $(CARGO) mutants -p hotseat-core --output target \
		--baseline skip --timeout 120 -j 2 $(MUTANTS)

exhaustive: setup ## go through the states that an election can reach, for MINUTES; two gibibytes a thread
	$(CARGO) run --release -q -p hotseat-explorer -- --minutes $(MINUTES)

fuzz: wasm-target ## fuzz what others write: journals, policies, locks, settings and rules, FUZZ_SECONDS each
	fuzz/run.sh $(FUZZ_SECONDS)

cluster: setup ## leave a real API server running, and say how to use it
	@$(CARGO) run -q -p hotseat-tests --bin hotseat-cluster -- up

cluster-down: setup ## end it
	@$(CARGO) run -q -p hotseat-tests --bin hotseat-cluster -- down

wasm-target: setup ## a toolchain for WebAssembly: rustup's, or Debian's beside it
	@guest/setup/wasm-target.sh

setup:
	@command -v cc >/dev/null || { apt-get update -qq && apt-get install -y --no-install-recommends build-essential; }
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.95 by rustup" >&2; exit 1; }
	@rustc --version >/dev/null 2>&1 || rustup toolchain install --no-self-update
