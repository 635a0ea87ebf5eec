# SPDX-License-Identifier: GPL-2.0-or-later
# make help lists the targets. Variables: CC, OPT (-O2), BUILD (build), WERROR=1, SANITIZE=address,undefined, V=1 (show commands),
# PREFETCH=off (to measure what it brings), JOBS (2), PREFIX (/usr/local), DESTDIR, FUZZ_SECONDS (20).

ifeq ($(origin CC),default)
CC := gcc
endif
BUILD ?= build
OPT ?= -O2
JOBS ?= 2
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 20

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla -Wundef \
    -Wcast-qual -Wwrite-strings $(if $(findstring clang,$(CC)),-Wno-string-conversion) $(if $(WERROR),-Werror)
SAN := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
# Products must not depend on the compiler: no fused multiply-add, ever.
FLAGS = -std=c17 -g $(OPT) $(WARN) $(SAN) $(if $(filter off,$(PREFETCH)),-DPREFETCH_OFF) -ffp-contract=off -I. -MMD -MP $(CFLAGS)
# Debian's serial HDF5, by its own name: plain "hdf5" may be the MPI build when that is installed beside it.
HDF5_CFLAGS ?= -isystem /usr/include/hdf5/serial
HDF5_LIBS ?= -lhdf5_serial
LIBS := $(HDF5_LIBS) -lyaml -lxml2 -lcrypto -lz -lpthread -lm
ANALYSIS_LIBS := $(HDF5_LIBS) -lgsl -lgslcblas -lyaml -lm
# What results say of the program that made them.
REVISION := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)

# What is built, by wildcard: a new file needs no line here.
proto_src := $(wildcard proto/*.c proto/*/*.c)
sim_src := $(filter-out sim/main.c,$(wildcard sim/*.c sim/*/*.c))
not_lib := $(foreach d,test fuzz bench,proto/$(d)/% sim/$(d)/%)
proto_obj := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(not_lib),$(proto_src)))
sim_obj := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(not_lib),$(sim_src)))
parts := proto proto/* sim sim/*
sources_in = $(sort $(wildcard $(foreach d,$(parts),$(d)/$(1))))
programs_in = $(patsubst %.c,$(BUILD)/%,$(call sources_in,$(1)))
tests := $(call programs_in,test/test_*.c)
long_tests := $(call programs_in,test/long_*.c)
benches := $(call programs_in,bench/bench_*.c)
fuzzers := $(call programs_in,fuzz/fuzz_*.c)
replays := $(fuzzers:%=%-replay)
layout_src := $(sort $(filter-out proto/test/% proto/fuzz/%,$(wildcard proto/*.[ch] proto/*/*.[ch])) $(wildcard sim/chord2003/*.[ch] sim/hostile/*.[ch] sim/net/*.[ch] sim/world/*.[ch]) \
    sim/record/capture.c sim/record/histogram.h sim/record/series.h)
# Helpers that several tests of a folder share: x/test/*.c that are no programs.
test_help := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(call sources_in,test/test_*.c) $(call sources_in,test/long_*.c),$(call sources_in,test/*.c)))
test_scripts := scripts/check-proto.sh $(call sources_in,test/test_*.sh) $(sort $(wildcard analysis/test/test_*.sh workloads/gallery/test/test_*.sh))
long_scripts := $(call sources_in,test/long_*.sh) $(patsubst %,analysis/validation/%.sh,ages pvc beside)
# The analysis: programs of its own, one a main_X.c, that share nothing with the simulator but the files it leaves.
analysis_main := $(sort $(wildcard analysis/main_*.c))
analysis_programs := $(patsubst analysis/main_%.c,$(BUILD)/reloadsim-%,$(analysis_main))
analysis_obj := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(analysis_main),$(wildcard analysis/*.c))) \
    $(patsubst %,$(BUILD)/analysis/page/%.o,$(basename $(notdir $(wildcard analysis/page/*))))
# Ranks under MPI: a library of its own, built where Open MPI's compiler is (package libopenmpi-dev), so that nothing else needs MPI.
MPICC ?= mpicc.openmpi
mpi := $(if $(shell command -v $(MPICC)),$(BUILD)/reloadsim-mpi.so)
analysis_tests := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard analysis/test/test_*.c)))

ifndef V
say = @printf '  %-7s %s\n' $(1) $(@:$(BUILD)/%=%);
endif

# JOBS jobs unless the caller chose with -j (which make 4.3 does not show while it reads this): use a small machine well, do not drown it.
ifeq ($(MAKELEVEL)$(findstring -j,$(MAKEFLAGS) $(shell tr '\0' ' ' </proc/$$PPID/cmdline)),0)
MAKEFLAGS += -j$(JOBS)
endif
MAKEFLAGS += --no-print-directory

all: $(BUILD)/reloadsim $(analysis_programs) $(mpi) ## build the simulator and the analysis

demo: ## install what is missing, build, simulate 10,000 peers, print the main figures
	@scripts/need.sh build
	@$(MAKE) all
	$(BUILD)/reloadsim run workloads/quickstart.yaml -o out/quickstart

test: ## install what is missing, build and run all tests (8 minutes at most)
	@scripts/need.sh build test
	@$(MAKE) test-programs
	@BUILD=$(BUILD) JOBS=$(JOBS) CC="$(CC)" scripts/run-tests.sh $(tests) $(analysis_tests) $(replays) $(test_scripts)

test-long: ## the tests that take longer: random runs by the thousand, every compiler and option
	@scripts/need.sh build test lint
	@$(MAKE) test-programs $(long_tests)
	@BUILD=$(BUILD) JOBS=$(JOBS) CC="$(CC)" TEST_SECONDS=14400 scripts/run-tests.sh $(long_tests) $(long_scripts)

validate: all build-validate ## set the simulator beside what was published, and make analysis/validation/ again (half an hour; SIZES="100 1k 10k 100k": hours)
	@BUILD=$(BUILD) analysis/validation/validate.sh

build-validate: $(BUILD)/sim/chord2003/test/test_path
	@scripts/need.sh build test

test-programs: all tests $(replays)
tests: $(tests) $(analysis_tests)

bench: all $(benches) ## measure speed and memory, beside the last accepted figures
	@BUILD=$(BUILD) scripts/bench.sh $(benches)

lint: ## gcc and clang with -Werror, layers, headers, banned calls, mutable globals
	@scripts/need.sh build test lint
	@$(MAKE) lint-build CC=gcc BUILD=build/lint-gcc WERROR=1
	@$(MAKE) lint-build CC=clang BUILD=build/lint-clang WERROR=1
	@scripts/lint.sh build/lint-gcc

lint-build: all $(patsubst %,%.o,$(tests) $(analysis_tests) $(long_tests) $(benches) $(fuzzers))

# A choice of tests that reach every decoder, the node and the whole program, small enough to run slowly.
asan_skip ?=
asan: ## a choice of tests under AddressSanitizer and UBSan
	@scripts/need.sh build test
	@$(MAKE) test-programs BUILD=build/asan OPT=-O1 SANITIZE=address,undefined
	@BUILD=build/asan JOBS=$(JOBS) TEST_SECONDS=900 scripts/run-tests.sh $(patsubst $(BUILD)/%,build/asan/%,$(filter-out $(asan_skip:%=$(BUILD)/%),$(tests) $(analysis_tests)) $(replays)) $(sort $(wildcard analysis/test/test_*.sh))

tsan: ## partitions in threads under ThreadSanitizer: some scenarios, and the results of one thread
	@scripts/need.sh build test
	@$(MAKE) all
	@$(MAKE) all BUILD=build/tsan OPT=-O1 SANITIZE=thread
	@TSAN_OPTIONS=halt_on_error=1:exitcode=66 scripts/fingerprint.sh build/tsan/fingerprint "workloads/det-1.yaml workloads/det-5.yaml" \
	    "build/reloadsim:windows:1:1 build/tsan/reloadsim:windows:1:3:always"

fuzz: ## run each fuzzer for FUZZ_SECONDS under the sanitizers of clang
	@scripts/need.sh build fuzz
	@$(MAKE) fuzzers BUILD=build/fuzz CC=clang OPT=-O1 SANITIZE=address,undefined CFLAGS=-fsanitize=fuzzer-no-link
	@FUZZ_SECONDS=$(FUZZ_SECONDS) scripts/fuzz.sh $(fuzzers:$(BUILD)/%=build/fuzz/%)

fuzzers: $(fuzzers)

format: ## lay out all C files by .clang-format
	clang-format -i $$(git ls-files '*.c' '*.h')

install: all ## copy program, data, scenarios and manual to $(DESTDIR)$(PREFIX)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/reloadsim $(DESTDIR)$(PREFIX)/share/reloadsim/topologies $(DESTDIR)$(PREFIX)/share/reloadsim/workloads/gallery $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/reloadsim $(DESTDIR)$(PREFIX)/bin/reloadsim
	install -m 755 $(analysis_programs) $(mpi) $(DESTDIR)$(PREFIX)/libexec/reloadsim
	install -m 644 $(wildcard topologies/*) $(DESTDIR)$(PREFIX)/share/reloadsim/topologies
	install -m 644 $(filter-out workloads/gallery,$(wildcard workloads/*)) $(DESTDIR)$(PREFIX)/share/reloadsim/workloads
	install -m 644 $(wildcard workloads/gallery/*.yaml workloads/gallery/*.svg workloads/gallery/README.md) $(DESTDIR)$(PREFIX)/share/reloadsim/workloads/gallery
	install -m 644 analysis/reloadsim.py $(DESTDIR)$(PREFIX)/share/reloadsim
	install -m 644 reloadsim.1 $(DESTDIR)$(PREFIX)/share/man/man1/reloadsim.1

clean: ## remove what was built and the results of the demo
	rm -rf build out

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while IFS="$$(printf '\t')" read -r name what; do printf '  %-10s %s\n' "$$name" "$$what"; done

$(BUILD)/libproto.a: $(proto_obj)
$(BUILD)/libsim.a: $(sim_obj)
$(BUILD)/libtest.a: $(test_help)
$(BUILD)/lib%.a:
	$(call say,AR)rm -f $@ && ar rcs $@ $^
$(BUILD)/reloadsim: $(BUILD)/sim/main.o $(BUILD)/libsim.a $(BUILD)/libproto.a
	$(call say,LD)$(CC) $(FLAGS) -o $@ $^ $(LIBS)
$(BUILD)/reloadsim-mpi.so: $(wildcard sim/rank/mpi/*.[ch]) sim/rank/ranks.h
	@mkdir -p $(@D)
	$(call say,MPICC)OMPI_CC="$(CC)" $(MPICC) $(filter-out -MMD -MP,$(FLAGS)) -D_GNU_SOURCE -fPIC -shared -o $@ $(filter %.c,$^) -lpthread
$(tests) $(long_tests): %: %.o $(BUILD)/libtest.a $(BUILD)/libsim.a $(BUILD)/libproto.a
	$(call say,LD)$(CC) $(FLAGS) -o $@ $^ -lcmocka $(LIBS)
$(benches): %: %.o $(BUILD)/libsim.a $(BUILD)/libproto.a
	$(call say,LD)$(CC) $(FLAGS) -o $@ $^ $(LIBS)
$(fuzzers): %: %.o $(BUILD)/libsim.a $(BUILD)/libproto.a
	$(call say,LD)$(CC) $(FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS)
$(replays): %-replay: %.o scripts/fuzz_replay.c $(BUILD)/libsim.a $(BUILD)/libproto.a
	$(call say,LD)$(CC) $(FLAGS) -D_GNU_SOURCE -DCORPUS='"$(subst fuzz_,corpus/,$(*:$(BUILD)/%=%))"' -o $@ $^ $(LIBS)
$(BUILD)/libanalysis.a: $(analysis_obj)
$(analysis_programs): $(BUILD)/reloadsim-%: $(BUILD)/analysis/main_%.o $(BUILD)/libanalysis.a
	$(call say,LD)$(CC) $(FLAGS) -o $@ $^ $(ANALYSIS_LIBS)
$(analysis_tests): %: %.o $(BUILD)/libanalysis.a
	$(call say,LD)$(CC) $(FLAGS) -o $@ $^ -lcmocka $(ANALYSIS_LIBS)
# Style and script of the report, as arrays in the program.
as_array = @mkdir -p $(@D); { echo 'extern const char page_$(1)[];'; echo 'const char page_$(1)[] = {'; od -An -v -td1 $< | sed 's/-*[0-9][0-9]*/&,/g'; echo '0};'; } >$@
$(BUILD)/analysis/page/style.c: analysis/page/style.css
	$(call as_array,style)
$(BUILD)/analysis/page/script.c: analysis/page/script.js
	$(call as_array,script)
$(BUILD)/analysis/page/%.o: $(BUILD)/analysis/page/%.c
	$(call say,CC)$(CC) $(FLAGS) -c $< -o $@
$(BUILD)/analysis/%.o: FLAGS += -D_GNU_SOURCE $(HDF5_CFLAGS)
$(BUILD)/sim/%.o: FLAGS += -D_GNU_SOURCE
$(BUILD)/sim/record/h5.o: FLAGS += $(HDF5_CFLAGS)
$(BUILD)/sim/crypto/document.o: FLAGS += -isystem /usr/include/libxml2
$(BUILD)/sim/record/version.o: FLAGS += -DREVISION='"$(REVISION)"' -include $(BUILD)/layout.h
$(BUILD)/sim/record/version.o: $(BUILD)/revision $(BUILD)/layout.h
# How sources lay out what a checkpoint keeps as it lies in memory.
$(BUILD)/layout.h: scripts/layout.sh $(layout_src)
	@mkdir -p $(@D); echo "#define LAYOUT UINT64_C(0x$$(scripts/layout.sh $(layout_src)))" >$@
# Touched only when the revision is another one.
$(BUILD)/revision: always
	@mkdir -p $(@D); echo "$(REVISION)" | cmp -s - $@ || echo "$(REVISION)" >$@
always:
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(FLAGS) -c $< -o $@

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
.PHONY: always all demo test test-long validate build-validate test-programs tests bench lint lint-build asan tsan fuzz fuzzers format install clean help
.SECONDARY:
.DELETE_ON_ERROR:
