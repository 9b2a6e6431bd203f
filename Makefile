# `make demo` and `make test` do everything themselves on a machine with python3 (>= 3.11, with venv), g++ and make:
# they prepare .venv, where cmake and ninja come as wheels, and build the kernels.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

export PYTHONDONTWRITEBYTECODE ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
# Nothing from the user's own site-packages or Python path takes part.
export PYTHONNOUSERSITE := 1
unexport PYTHONPATH PYTHONHOME

VENV      := .venv
BIN       := $(VENV)/bin
NATIVE    := build/native
SANITIZED := build/sanitized
GPU       := build/gpu/venv
CUDA      := build/gpu/cuda
CXX       ?= g++
JOBS      ?= $(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)

KERNELS    := $(shell find kernels_cpu vm/native -type f 2>/dev/null)
NODE       := clients/rust/coproc-piecrust
NODE_BUILD ?= build/node
PARAMETERS := $(wildcard coproc/params/*.py coproc/codegen/*.py)
CXX_FILES  := $(shell find kernels_cpu vm/native tests/native tests/device benches/native -name '*.cpp' -o -name '*.hpp' -o -name '*.h' 2>/dev/null)

.PHONY: help setup demo test test-all test-node wheel check check-gpu bench contracts native sanitized lock clean

help:
	@echo 'make setup     prepare .venv and build the kernels'
	@echo 'make demo      verify a bundled batch of real proofs'
	@echo 'make test      the tests that take minutes;  make test-all: every test'
	@echo 'make test-node Dusk'"'"'s own VM with coproc attached (needs cargo)'
	@echo 'make wheel     build the wheel, install it without extras in an environment of its own, run it'
	@echo 'make check     formatting, types, import directions, warnings as errors'
	@echo 'make check-gpu compile every kernel for CUDA, read its machine code, look for races: no GPU is needed'
	@echo 'make bench     measure primitives and operations'
	@echo 'make contracts build the example contracts anew (a Rust toolchain: contracts/README.md)'
	@echo 'make lock      resolve the dependencies anew (requirements/*.txt)'

# ---- set-up: each stamp is written last, so an interrupted step is done again ------------------------------------------------

setup: $(VENV)/.installed

$(VENV)/.created: | tools
	@python=$$(.ci/python) && echo "Preparing $(VENV) with $$($$python --version) ($$python)" && rm -rf $(VENV) && $$python -m venv $(VENV)
	@touch $@

$(VENV)/.required: requirements/setup.txt $(VENV)/.created
	@echo 'Installing the locked dependencies'
	@$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/setup.txt
	@touch $@

# What checks and tests need beyond that: formatters, other people's libraries to compare with, the cluster.
$(VENV)/.developed: requirements/dev.txt $(VENV)/.required
	@echo 'Installing the locked dependencies of the tests'
	@$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

$(VENV)/.installed: $(VENV)/.required pyproject.toml CMakeLists.txt coproc/__init__.py $(KERNELS) $(PARAMETERS)
	@echo 'Building the kernels and installing coproc into $(VENV)'
	@log=$(VENV)/build.log; PATH="$(CURDIR)/$(BIN):$$PATH" CXX="$(CXX)" \
	  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --force-reinstall --editable . >$$log 2>&1 \
	  || { cat $$log >&2; echo 'coproc: the build failed; its log is $(VENV)/build.log' >&2; exit 1; }
	@touch $@

.PHONY: tools
tools:
	@command -v $(CXX) >/dev/null || { echo 'coproc: no C++ compiler ($(CXX)): install g++ 12 or later (Debian: apt-get install g++)' >&2; exit 1; }
	@.ci/python >/dev/null

# ---- what people type ----------------------------------------------------------------------------------------------------------

demo: setup
	@$(BIN)/coproc demo

test: setup $(VENV)/.developed native sanitized
	@$(BIN)/ctest --test-dir $(NATIVE) --output-on-failure --no-tests=error -LE slow -E fuzz -j $(JOBS)
	@$(BIN)/ctest --test-dir $(SANITIZED) --output-on-failure --no-tests=error -LE slow -R fuzz
	@$(BIN)/python -m pytest -m 'not slow'

test-all: setup $(VENV)/.developed native sanitized wheel
	@$(BIN)/ctest --test-dir $(NATIVE) --output-on-failure --no-tests=error -E fuzz -j $(JOBS)
	@$(BIN)/ctest --test-dir $(SANITIZED) --output-on-failure --no-tests=error -R fuzz
	@$(BIN)/python -m pytest

# Dusk's own VM, from crates.io, with the co-processor attached. The first build takes minutes; its target folder is kept.
test-node: setup $(VENV)/.developed
	@.ci/cargo
	@$(BIN)/python -m tests.node.cases $(NODE_BUILD)/cases
	@CARGO_TARGET_DIR=$${CARGO_TARGET_DIR:-$(CURDIR)/$(NODE_BUILD)} COPROC_COMMAND=$(CURDIR)/$(BIN)/coproc COPROC_NODE_CASES=$(abspath $(NODE_BUILD))/cases \
	  cargo test --manifest-path $(NODE)/Cargo.toml --release --locked --jobs $(JOBS) -- --test-threads 2

# Into build/wheel. The kernels of the editable install are not built again.
wheel: setup
	@$(BIN)/python packaging/check_wheel.py

bench: setup $(VENV)/.developed
	@$(BIN)/python -m benches.primitives
	@$(BIN)/python -m benches.operations

# The modules are in the tree: only a change of a contract needs this.
contracts:
	@contracts/build.sh

check: setup $(VENV)/.developed native
	@echo 'constants: fresh' && .ci/constants $(BIN)/python $(NATIVE)/generated/constants.hpp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/clang-format --dry-run --Werror $(CXX_FILES)

# The compiler for CUDA has an environment of its own: the tests do without it.
$(GPU)/.installed: requirements/gpu.txt
	@echo 'Installing the compiler for CUDA into $(GPU)'
	@python=$$(.ci/python) && rm -rf $(GPU) && $$python -m venv $(GPU)
	@$(GPU)/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/gpu.txt
	@touch $@

# What the extra `cuda` installs.
$(CUDA)/.installed: requirements/cuda.txt
	@echo 'Installing CuPy and its compiler into $(CUDA)'
	@python=$$(.ci/python) && rm -rf $(CUDA) && $$python -m venv $(CUDA)
	@$(CUDA)/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/cuda.txt
	@touch $@

check-gpu: setup $(VENV)/.developed $(GPU)/.installed $(CUDA)/.installed
	@$(BIN)/python -m benches.gpu_gate
	@$(CUDA)/bin/python -m tests.device.real_cupy
	@$(BIN)/python -m tests.device.races

# Kernels, native tests and coproc-bench with warnings as errors; the fuzz target under AddressSanitizer and UBSan.
configure = PATH="$(CURDIR)/$(BIN):$$PATH" CXX="$(CXX)" $(BIN)/cmake -G Ninja -S . -DPython_EXECUTABLE=$(CURDIR)/$(BIN)/python -DCOPROC_NATIVE_TESTS=ON
build     = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cmake --build

native: $(VENV)/.required
	@$(configure) -B $(NATIVE) -DCMAKE_BUILD_TYPE=Release -DCOPROC_WERROR=ON -DCOPROC_BENCH=ON >$(VENV)/native.log || { cat $(VENV)/native.log >&2; exit 1; }
	@$(build) $(NATIVE)

sanitized: $(VENV)/.required
	@$(configure) -B $(SANITIZED) -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCOPROC_SANITIZE=address,undefined >$(VENV)/native.log \
	  || { cat $(VENV)/native.log >&2; exit 1; }
	@$(build) $(SANITIZED) --target fuzz

lock: $(VENV)/.created
	@.ci/lock $(BIN)/python

clean:
	rm -rf build dist $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
