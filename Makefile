# SPDX-License-Identifier: GPL-2.0-or-later
# The doors of the project, each a thin alias over meson or a script. `make help` lists them.
# CC=clang builds in build-clang/, anything else in build/; BUILD=DIR overrides both.

ifeq ($(origin CC),default)
CC := gcc
endif
BUILD ?= $(if $(findstring clang,$(CC)),build-clang,build)
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
# Sanitizer builds run everything several times slower.
SANITIZED = scripts/run-tests --timeout-multiplier 10 --build

.PHONY: all help deps assets try-assets rootfs demo check check-full bench lint layers fmt asan tsan fuzz install clean

all: ## build in build/
	@CC="$(CC)" ./configure --build=$(BUILD) --werror
	@ninja -C $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

deps: ## install Debian's packages (a no-op when they are there)
	@scripts/deps

assets: deps ## get the guest kernel and busybox from Debian into .assets/
	@scripts/fetch-assets

# Without them the boot tests fail and say so; everything else can still run.
try-assets: deps
	@scripts/fetch-assets || echo "going on without the guest's kernel"

rootfs: assets ## make a Debian root file system, its second stage run in our machine (some minutes)
	@scripts/deps rootfs
	@$(MAKE) all
	@scripts/make-rootfs --emulator $(BUILD)/qemu-system-riscv64

demo: assets ## record Debian's kernel booting and working, replay it, prove that both are equal
	@$(MAKE) all
	@scripts/demo --build $(BUILD)

check: try-assets ## build, run the quick tests (lint and layers are two of them)
	@$(MAKE) all
	@scripts/run-tests --build $(BUILD)

check-full: try-assets ## the quick and the slow tests, the fuzzers, and the quick tests under the sanitizers
	@$(MAKE) all
	@scripts/run-tests --build $(BUILD) --full
	@$(MAKE) asan
	@$(MAKE) tsan

bench: assets ## measure beside Debian's emulator and native
	@$(MAKE) all
	@scripts/bench --emulator $(BUILD)/qemu-system-riscv64

lint: ## budgets and habits of the sources
	@scripts/lint

layers: all ## who may use whom, by includes and by symbols
	@scripts/check-layers --build $(BUILD)

fmt: ## clang-format over our C files
	@git ls-files '*.c' '*.h' | xargs clang-format -i

# A report ends the program, with a status that no test takes for its own.
asan: deps ## the quick tests under the address and undefined-behaviour sanitizers
	@CC="$(CC)" ./configure --build=build-asan -Db_sanitize=address,undefined -Db_lundef=false
	@ninja -C build-asan
	@ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1 $(SANITIZED) build-asan

tsan: deps ## the quick tests under the thread sanitizer
	@CC="$(CC)" ./configure --build=build-tsan -Db_sanitize=thread -Db_lundef=false
	@ninja -C build-tsan
	@TSAN_OPTIONS=halt_on_error=1:abort_on_error=1:suppressions=$(CURDIR)/scripts/tsan-suppressions.txt $(SANITIZED) build-tsan

fuzz: deps ## the fuzzing tests
	@$(MAKE) all
	@scripts/run-tests --build $(BUILD) --suite fuzz

install: all ## meson install (DESTDIR counts)
	@meson install -C $(BUILD)

clean: ## remove the build directories; .assets/ stays
	rm -rf build build-clang build-asan build-tsan
