//! Other tools' stores, read, taken over and given back.

mod borrowed;
mod formats;
mod interrupted;
mod refused;
mod scene;
mod taken;
