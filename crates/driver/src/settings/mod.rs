//! Everything that was set: on the command line, in the environment, in the home's files; read once.

mod access_log;
mod adding;
mod configuration;
mod environment;
mod examined;
mod listen;
mod loading;
mod mending;
mod passing;
mod place;
mod pools;
mod rows;
mod serving;
mod talking;
mod texts;
mod written;

pub use access_log::{AccessLog, LogForm};
pub use adding::AddedRow;
pub use configuration::Route;
pub use environment::Environment;
pub use examined::{Examined, Mistake};
pub use listen::Listen;
pub use loading::Settings;
pub use pools::PoolSettings;
pub use serving::ServeSettings;
pub use talking::{Chat, Task, Tasks};
pub(crate) use texts::Texts;
