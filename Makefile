# `make` lists the targets. Each does its own set-up; Go and make are all they need.
.DEFAULT_GOAL := help

GO ?= go
BIN := bin
TOOL := $(GO) tool -modfile=.ci/tools/go.mod

# The race detector needs a C compiler; Go itself says whether it has one.
RACE := $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race)
# More flags for `make test`, for example TEST_FLAGS=-v.
TEST_FLAGS ?=
# How long `make fuzz` works on each decoder, and how long `make long` does.
FUZZTIME ?= 30s
LONG_FUZZTIME ?= 2m
# How long `make soak` lives random histories.
SOAK ?= 10m
# Which of all kills `make kills` tries: 2/4 is the second, the sixth and so on.
KILLS ?= 1/1

PROGRAMS := gateway gateway-plugin-exchange-online gateway-plugin-exchange-onprem sandbox platform load
PACKAGE_gateway := ./gateway
PACKAGE_gateway-plugin-exchange-online := ./plugins/exchangeonline/cmd/gateway-plugin-exchange-online
PACKAGE_gateway-plugin-exchange-onprem := ./plugins/exchangeonprem/cmd/gateway-plugin-exchange-onprem
PACKAGE_sandbox := ./examples/sandbox
PACKAGE_platform := ./examples/platform
PACKAGE_load := ./examples/load

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: $(PROGRAMS:%=$(BIN)/%) ## build the gateway, its plugins and the examples into bin/

# Go knows best what is out of date.
.PHONY: $(PROGRAMS:%=$(BIN)/%)
$(PROGRAMS:%=$(BIN)/%): $(BIN)/%:
	$(GO) build -o $@ $(PACKAGE_$*)

.PHONY: run
run: build ## a guided tour: a sandbox with two Exchange worlds, synchronised both ways, then exit
	$(BIN)/sandbox --tour

.PHONY: demo
demo: build ## the sandbox and `gateway serve`, until interrupted, with a page of everybody's week
	$(BIN)/sandbox --demo

.PHONY: test
test: ## all tests, with the race detector where a C compiler exists
	@$(if $(RACE),true,echo "No C compiler: testing without the race detector.")
	$(GO) test $(RACE) -count=1 -timeout 40m $(TEST_FLAGS) ./... ./.ci/mutants

# vet: mistakes that compile. gofumpt: one form, so that diffs show changes only.
# staticcheck: dead code, misused APIs, deprecated calls. buf: the contract's style,
# and that it stays readable by other languages' generators.
.PHONY: lint
lint: ## vet, gofumpt, staticcheck and buf; the reasons are in the Makefile
	$(GO) vet ./... ./.ci/mutants
	@unformatted="$$($(TOOL) gofumpt -l gateway plugins sdk examples)"; \
		test -z "$$unformatted" || { echo "not formatted (make format):"; echo "$$unformatted"; exit 1; }
	$(TOOL) staticcheck ./...
	cd sdk/proto && $(GO) tool -modfile=../../.ci/tools/go.mod buf lint

.PHONY: format
format: ## rewrite the source in gofumpt's form
	$(TOOL) gofumpt -w gateway plugins sdk examples

.PHONY: generate
generate: ## write the committed generated code anew
	$(GO) generate ./...

.PHONY: bench
bench: ## all benchmarks, with allocations
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m ./...

.PHONY: fuzz
fuzz: ## fuzz every decoder of outside bytes for FUZZTIME each
	.ci/fuzz $(FUZZTIME)

.PHONY: soak
soak: ## random histories of both sides against a model of what should be true, for SOAK
	$(GO) test -run TestSoak -timeout 0 -v ./gateway/internal/soak -soak $(SOAK)

# A minute of load each, and as long as calendars need to catch up. More options, and
# other numbers: bin/load --help.
.PHONY: load
load: build ## 200 writes/s while 2,000 trainers sync, without and with a kill: is anything lost?
	$(BIN)/load
	$(BIN)/load --kill

# Hundreds of kills, two at a time on two cores; about a second each on an idle machine.
.PHONY: kills
kills: ## kill gateway and plugins at every call and commit, or at KILLS=2/4 of them
	TRAINERCAL_KILLS=$(KILLS) $(GO) test -run Killed -count=1 -timeout 120m ./gateway/internal/cli

# As many at a time as there are processors. One of them: go run ./.ci/mutants PART-OF-ITS-NAME
.PHONY: mutants
mutants: ## deliberate faults in the engine, one at a time: do the tests notice?
	$(GO) run ./.ci/mutants

.PHONY: collector
collector: $(BIN)/otelcol ## build the OpenTelemetry Collector that judges our telemetry (minutes)

$(BIN)/otelcol: $(wildcard .ci/collector/*)
	mkdir -p $(BIN)/collector
	cp .ci/collector/* $(BIN)/collector/
	cd $(BIN)/collector && $(GO) run go.opentelemetry.io/collector/cmd/builder@v0.160.0 \
		--config builder.yaml --skip-get-modules --skip-compilation
	cd $(BIN)/collector && $(GO) build -o ../otelcol .

.PHONY: long
long: collector ## what takes longer than a change should wait for: fuzz, the largest tests, benchmarks
	$(MAKE) fuzz FUZZTIME=$(LONG_FUZZTIME)
	$(MAKE) soak SOAK=$(SOAK)
	$(MAKE) load
	$(MAKE) mutants
	$(MAKE) kills KILLS=$(KILLS)
	TRAINERCAL_COLLECTOR=$(CURDIR)/$(BIN)/otelcol TRAINERCAL_LONG=1 RAPID_CHECKS=5000 $(GO) test -count=1 -timeout 60m -skip Killed \
		./sdk/internal/... ./gateway/internal/reconcile ./gateway/internal/cli ./gateway/internal/exchangerun ./plugins/exchangesim/world
	$(MAKE) bench
	TRAINERCAL_LONG=1 $(GO) test -run '^$$' -bench BenchmarkTelemetryCost -benchtime 3x -timeout 60m ./gateway/internal/cli

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BIN)
