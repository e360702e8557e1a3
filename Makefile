# Ailleurs. `make help` lists what you can ask for.
#
# `make demo` and `make build` need Go, git and make. `make test` also uses a PostgreSQL server, Chromium, a C compiler
# (for the race detector) and axe-core, and gets them from Debian when it may. GNU make, any POSIX shell.

SHELL := /bin/sh
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
GOROOT_WASM := $(shell go env GOROOT)/lib/wasm
STATIC := internal/web/static
STATIC_BUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false
LINT := go tool -modfile=tools/go.mod golangci-lint
VULN := go tool -modfile=tools/go.mod govulncheck

# Modules of their own, so that a release never carries browser tools, test-only drivers or yardsticks.
TEST_MODULES := $(patsubst %/go.mod,%,$(wildcard tests/*/go.mod))
BENCH_MODULES := $(patsubst %/go.mod,%,$(wildcard bench/*/go.mod))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: build ## build, then run a fictitious alliance on http://localhost:8080 (DEMO_ADDR, DEMO_DATA)
	bin/ailleurs demo --addr $(or $(DEMO_ADDR),127.0.0.1:8080) --data $(or $(DEMO_DATA),demo-data)

.PHONY: build
build: wasm ## build the one static binary, bin/ailleurs
	$(STATIC_BUILD) -ldflags="-s -w -X main.version=$(VERSION)" -o bin/ailleurs ./cmd/ailleurs

# The browser's half. It is embedded into the binary, packed, so it comes first; it is never committed.
.PHONY: wasm
wasm:
	mkdir -p $(STATIC)
	GOOS=js GOARCH=wasm $(STATIC_BUILD) -ldflags="-s -w" -o $(STATIC)/coffre.wasm ./cmd/coffre
	go run internal/web/gz.go $(STATIC)/coffre.wasm
	cp $(GOROOT_WASM)/wasm_exec.js $(STATIC)/wasm_exec.js

.PHONY: test
test: wasm ## run every test, both engines and a real browser, with the race detector
	@.ci/prepare
	@.ci/test . $(TEST_MODULES)

.PHONY: fmt
fmt: ## format the code
	$(LINT) fmt

.PHONY: lint
lint: ## run golangci-lint, pinned in tools/go.mod, on every module
	@.ci/lint . $(TEST_MODULES) $(BENCH_MODULES)

.PHONY: credits
credits: ## write the list of Go modules in CREDITS.md
	go test -run '^TestCreditsNameEveryModule$$' -update .

.PHONY: vuln
vuln: ## ask the Go vulnerability database about what we import
	@.ci/vuln $(VULN)

.PHONY: reproducible
reproducible: ## build in two directories with two caches and compare the SHA-256
	@.ci/reproducible $(VERSION)

.PHONY: check
check: ## everything a change must pass: format, lint, vulnerabilities, reproducible build, tests
	$(LINT) fmt --diff
	$(MAKE) lint vuln reproducible test

.PHONY: bench
bench: build ## measure the hub and its two yardsticks in one run, into docs/performance.md
	cd bench/bare && $(STATIC_BUILD) -o $(CURDIR)/bin/bench-bare .
	cd bench/pocketbase && $(STATIC_BUILD) -o $(CURDIR)/bin/bench-pocketbase .
	$(STATIC_BUILD) -o bin/bench-load ./bench/load
	bin/bench-load $(BENCH_FLAGS) --report docs/performance.md

.PHONY: bench-match
bench-match: build ## measure the matching engine beside CBC, GLPK and HiGHS (BENCH_MATCH_FLAGS)
	cd bench/match && npm install --no-package-lock --silent
	go run ./bench/match $(BENCH_MATCH_FLAGS)

.PHONY: golden
golden: wasm ## keep what this version writes, for every later one to open (before a release)
	go test -count=1 -run '^TestWhatEarlierVersionsWroteStillOpens$$' ./internal/demo -golden

.PHONY: fuzz
fuzz: ## fuzz each parser for FUZZTIME (10s)
	@.ci/fuzz $(or $(FUZZTIME),10s)

.PHONY: clean
clean: ## remove what was built
	rm -rf bin $(STATIC)/coffre.wasm* $(STATIC)/wasm_exec.js
