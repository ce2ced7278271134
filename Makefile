export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: setup build demo test foreign lint eval reference bench fuzz deny

setup:
	@bash .ci/setup

# One invocation for the whole workspace: a single package's features would rebuild tract. A test beside the programs
# brings in the features that tests ask for, so that demonstration and tests share one build.
build: setup
	cargo build --workspace --locked --bins --test crossings

# Whole crossings with simulated devices, then a gate to play with; HEADLESS=1 ends after the crossings.
demo: build
	target/debug/sallyport-demo $(if $(HEADLESS),--headless)

test: setup
	cargo fmt --all --check
	cargo test --workspace --locked

# Readers that we did not write, for the tests that find them built.
foreign: setup
	cargo build --locked --manifest-path hardware/foreign/Cargo.toml

lint: setup
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Accuracy over real faces: one folder of pictures a person.
DATA ?= ../shared/data
eval: build
	target/debug/matcher-eval faces $(DATA)/faces

# The same beside OpenCV's own pipeline; fails when ours is worse.
reference: build
	@bash .ci/reference $(DATA)/faces

bench: build
	@bash .ci/bench

# Every parser of bytes from a chip, a line or a network, SECONDS_EACH (300) a target; needs cargo-fuzz.
fuzz:
	@bash .ci/fuzz

# Licenses, sources, bans and advisories of all dependencies; needs cargo-deny and a network.
deny:
	cargo deny --locked check
