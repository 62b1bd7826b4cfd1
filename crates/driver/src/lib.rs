//! evergrant driver.
