//! Line h: a disk that fails, at every write and in every way, and is mended later.

mod fault;
mod scene;
mod show;
mod stays;

pub(crate) use show::show;
