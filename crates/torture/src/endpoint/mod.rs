//! Line i: what a renewal makes of every answer a token endpoint can give.

mod answer;
mod body;
mod row;
mod scene;
mod server;
mod show;

pub(crate) use show::show;
