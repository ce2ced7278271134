export PATH := $(HOME)/.cargo/bin:$(PATH)

.PHONY: setup test lint

setup:
	@bash .ci/setup

# One invocation for the whole workspace: a single package's features would rebuild tract.
test: setup
	cargo fmt --all --check
	cargo test --workspace --locked

lint:
	cargo clippy --workspace --all-targets --locked -- -D warnings
