# Two commands do all set-up themselves: `make demo` and `make test`. Needed: rustup, a C compiler,
# and for the tests python3 of 3.11 or newer with its venv module.

# The profile of the demo; `dev` shares its build with the tests.
PROFILE ?= dev
# `make demo LIMIT=20000` uses only the first so many events.
LIMIT ?=
# `make figures ONLY=guest` prints one group.
ONLY ?=
# `make fuzz TIME=60 TARGET=csv` fuzzes one reader for a minute.
TIME ?= 60
TARGET ?=

profile_folder = $(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
lockstep = target/$(profile_folder)/lockstep
oracle = target/$(profile_folder)/lockstep-oracle

.PHONY: release demo test peers lint format figures bench mutations fuzz setup

# The toolchain and the guests' target.
setup:
	rustup show active-toolchain
	rustup target add wasm32-unknown-unknown

# The binary to ship, without symbols, and its symbols beside it: debuggers and `addr2line` find
# lockstep.debug through the link that the binary keeps.
release: setup
	cargo build --release --package lockstep-cli --bin lockstep
	objcopy --only-keep-debug target/release/lockstep target/release/lockstep.debug
	objcopy --strip-all --add-gnu-debuglink=target/release/lockstep.debug \
		target/release/lockstep target/release/lockstep.stripped
	mv target/release/lockstep.stripped target/release/lockstep

demo: setup
	cargo build --workspace --bins --profile $(PROFILE)
	$(lockstep) demo $(if $(LIMIT),--limit $(LIMIT))
	$(oracle) check --events demo/issue_events.parquet --training demo/training.parquet

test: setup
	cargo test --workspace
	python3 tests/cases/check.py
	$(MAKE) peers

# Training sets against DuckDB, Polars, NumPy, SciPy and exact fractions; see docs/PEERS.md.
peers: setup
	cargo build --workspace --bins
	tests/peers/run

# Also that the core builds where there is no I/O.
lint: setup
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo check -p lockstep-core --target wasm32-unknown-unknown

format:
	cargo fmt --all

# Every headline figure, measured now: `figure <name> <number> <unit>`. The last group, `training`, is
# long and has sizes of its own: benches/peers/README.md.
figures: setup
	cargo build --release --workspace --bins
	target/release/figures $(ONLY)

bench: setup
	cargo bench --workspace --bench '*'

# Each patch of tests/mutations breaks one rule; the tests must notice every one. `make mutations JOBS=2`
# tries two at a time; each needs about 5 GB of disk.
mutations: setup
	tests/mutations/run

# Fuzzes each reader of bytes for TIME seconds, one after the other: `make fuzz TIME=60 TARGET=csv`.
# Without a nightly compiler and cargo-fuzz, the same properties run over mutations made from seeds.
fuzz: setup
	tests/fuzz/run $(TIME) $(TARGET)
