//! Tests that see all the crates of the workspace; they live in `tests/`.
