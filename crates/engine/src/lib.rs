//! evergrant engine.
