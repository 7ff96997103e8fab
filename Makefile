# make bench                       measure the newest releases, publish, print a table
# make bench TOMOGRAM=volume.mrc   the same on your own tomogram
# make preview                     look at the dashboard
# make test                        run the tests
# make test-long                   run those that take minutes each
# make tomograms                   measure the newest release on tomograms of every kind
# make trust                       measure how far verdicts can be trusted (hours)

VENV := .venv
BIN := $(VENV)/bin

# What is given from outside is no part of a command: neither make nor the shell reads what is in it.
override TOMOGRAM := $(value TOMOGRAM)
override CROP := $(value CROP)
override MACHINE := $(value MACHINE)
override VOLUMES := $(value VOLUMES)
export TOMOGRAM CROP MACHINE VOLUMES

.PHONY: help bench preview test lint history tomograms trust clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

bench: $(VENV)/.installed
	@$(BIN)/cryoet-zarr-bench bench $${TOMOGRAM:+"--tomogram=$$TOMOGRAM"} $${CROP:+"--crop=$$CROP"}

preview: $(VENV)/.installed
	@$(BIN)/cryoet-zarr-bench preview

test: $(VENV)/.installed-dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy \
	&& PYTEST_XDIST_AUTO_NUM_WORKERS=$$(($$(getconf _NPROCESSORS_ONLN) + 1)) \
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# What takes minutes each: killed ten times, a slowdown injected. One after the other: some measure.
test-long: $(VENV)/.installed-dev
	@$(BIN)/pytest -m long

# What is committed under results/ and html/ was made by this.
history: $(VENV)/.installed
	@$(BIN)/cryoet-zarr-bench history $${MACHINE:+"--machine=$$MACHINE"}

# What docs/storage.md shows: every synthetic profile, and real tomograms where VOLUMES names a
# folder that has them. Goes on where it was interrupted.
tomograms: $(VENV)/.installed
	@set -- $${MACHINE:+"--machine=$$MACHINE"}; \
	for kind in 10A 5A int16 denoised; do set -- "$$@" "--tomogram=synthetic:$$kind@128"; done; \
	for name in microtubule_13pf_uint8.tif EMD-3197.map; do \
		[ ! -e "$$VOLUMES/$$name" ] || set -- "$$@" "--tomogram=$$VOLUMES/$$name"; \
	done; \
	$(BIN)/cryoet-zarr-bench history --newest --profile standard "$$@"

# Hours: what `confirm` says where the answer is known. Goes on where it was interrupted.
trust: $(VENV)/.installed
	@$(BIN)/cryoet-zarr-bench trust $${MACHINE:+"--machine=$$MACHINE"}

clean:
	rm -rf .asv $(VENV)

# uv.lock has what was tested; another version of anything comes with a new lock file alone.
SYNC := UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --quiet --frozen --inexact \
	--python $(BIN)/python --extra all

$(VENV)/.installed: pyproject.toml uv.lock scripts/find-python
	@python=$$(scripts/find-python) && echo "Installing into $(VENV) with $$python" \
	&& { [ -x $(BIN)/python ] || "$$python" -m venv $(VENV); } \
	&& $(BIN)/python -m pip install -qq --disable-pip-version-check uv \
	&& $(SYNC) && touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(SYNC) --extra dev && touch $@
