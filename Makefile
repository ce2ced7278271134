export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: setup test lint eval bench

setup:
	@bash .ci/setup

# One invocation for the whole workspace: a single package's features would rebuild tract.
test: setup
	cargo fmt --all --check
	cargo test --workspace --locked

lint: setup
	cargo clippy --workspace --all-targets --locked -- -D warnings

# Accuracy over real faces: one folder of pictures a person.
DATA ?= ../shared/data
eval: setup
	cargo build --workspace --locked
	target/debug/matcher-eval faces $(DATA)/faces

bench: setup
	@bash .ci/bench
