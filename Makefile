# make bench                       measure the newest releases, publish, print a table
# make bench TOMOGRAM=volume.mrc   the same on your own tomogram
# make preview                     look at the dashboard
# make test                        run the tests
# make test-long                   run those that take minutes each
# make tomograms                   measure the newest release on tomograms of every kind
# make layouts                     measure how the field stores tomograms, at real size (40 minutes)
# make publish                     write html/, README.md and docs/ anew from results/
# make docs                        build the documentation into html/documentation (some minutes)
# make survey                      survey a collection of made tomograms, and publish it (long)
# make trust                       measure how far verdicts can be trusted (hours)

VENV := .venv
BIN := $(VENV)/bin

# What is given from outside is no part of a command: neither make nor the shell reads what is in it.
override TOMOGRAM := $(value TOMOGRAM)
override CROP := $(value CROP)
override MACHINE := $(value MACHINE)
override VOLUMES := $(value VOLUMES)
export TOMOGRAM CROP MACHINE VOLUMES

# Containers often set it. Each of the thousands of processes of the tests would compile all anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help bench preview test lint history tomograms trust layouts survey publish docs clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

bench: $(VENV)/.installed
	@$(BIN)/cryoet-zarr-bench bench $${TOMOGRAM:+"--tomogram=$$TOMOGRAM"} $${CROP:+"--crop=$$CROP"}

preview: $(VENV)/.installed
	@$(BIN)/cryoet-zarr-bench preview

SIDE_BY_SIDE = PYTEST_XDIST_AUTO_NUM_WORKERS=$$(($$(getconf _NPROCESSORS_ONLN) + 1)) \
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.installed-dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(SIDE_BY_SIDE)

# What takes minutes each: killed ten times, a slowdown injected. What it says of times is measured
# alone.
test-long: $(VENV)/.installed-dev
	@$(SIDE_BY_SIDE) -m "long and not alone" --timeout 1800 && $(BIN)/pytest -m "long and alone"

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

# How the field stores tomograms, at the portal's sizes: docs/layouts.md and docs/questions.md. Goes on
# where it was interrupted.
MACHINE_OPTION = $${MACHINE:+"--machine=$$MACHINE"}
FEW_LAYOUTS = $(foreach name,portal-2024 copick-2026 iohub-2026 64,--layout layout:$(name))
layouts: $(VENV)/.installed
	@$(BIN)/cryoet-zarr-bench layouts --tomogram synthetic:10A@184x630x630 $(MACHINE_OPTION)
	@for tomogram in 10A@184x630x630,float16 10A@184x630x630,int16 10A@184x630x630,int8 5A@368x1260x1260; do \
	  $(BIN)/cryoet-zarr-bench layouts --tomogram synthetic:$$tomogram $(FEW_LAYOUTS) $(MACHINE_OPTION) || exit; \
	done
	@$(BIN)/cryoet-zarr-bench shuffled-integers $(MACHINE_OPTION)
	@$(BIN)/cryoet-zarr-bench s3-reading --tomogram synthetic:10A@184x630x630 $(MACHINE_OPTION)

# 200 drawn tomograms of 64^3 to 256^3 and three of the portal's size: all of each. Samples of them,
# and of 45 of the portal's size at 10 angstrom. Particles before and after lossy codecs. Goes on where it was
# interrupted.
survey: $(VENV)/.installed
	@$(SYNC) --extra all
	@$(BIN)/cryoet-zarr-bench survey collection:200+3 --out .asv/survey --resume --keep $(MACHINE_OPTION)
	@$(BIN)/cryoet-zarr-bench survey collection:200+3 --sample 16 --config 'shuffle+zstd-3 64x64x64' \
	  --config layout:64 --out .asv/survey-sampled --resume --keep $(MACHINE_OPTION)
	@$(BIN)/cryoet-zarr-bench survey collection:0+0+45 --sample 4 --out .asv/survey-large --resume --keep \
	  $(MACHINE_OPTION)
	@$(BIN)/cryoet-zarr-bench particle-damage $(MACHINE_OPTION)
	@$(MAKE) --no-print-directory publish

# asv lists regressions in the order of a set: with a seed the same results give the same bytes.
publish: $(VENV)/.installed
	@PYTHONHASHSEED=0 $(BIN)/asv publish --no-pull && $(BIN)/cryoet-zarr-bench readme

# The portal that the notebooks fetch from is one on this machine. Put in place when it is whole.
docs: $(VENV)/.installed-dev
	@$(SYNC) --extra dev --extra site
	@rm -rf build/documentation
	@$(BIN)/python tests/portal/stand_in_portal.py \
		$(BIN)/sphinx-build -q -W --keep-going -d build/doctrees docs build/documentation
	@rm -rf html/documentation && mv build/documentation html/documentation
	@echo "html/documentation/index.html"

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
