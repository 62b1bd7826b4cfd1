//! evergrant sandbox.
