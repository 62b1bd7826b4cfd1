//! The one client of the driver: every caller sends through it, so that nobody can recover on his own.

mod address;
mod answer_body;
mod body;
mod call;
mod captured;
mod coding;
mod coming;
mod conversing;
mod counting;
mod dress;
mod earnings;
mod endpoint;
mod errand;
mod events;
mod exchange;
mod explaining;
mod gate;
mod hop;
mod last_words;
mod lenient_path;
mod listener;
mod member_name;
mod model_path;
mod models_within;
mod multipart;
mod named_models;
mod opening;
mod outgoing;
mod peek;
mod put_off;
mod reading;
mod rereading;
mod rest;
mod route;
mod skim;
mod steps;
mod strict_form;
mod turns;
mod weight;
mod withheld;

pub use answer_body::AnswerBody;
pub use body::Body;
pub use call::{Answer, Call, Route, Spent, Trail};
pub(crate) use captured::read_captured;
#[doc(hidden)]
pub use endpoint::Endpoint;
pub(crate) use errand::{Client, Parts, Surroundings};
pub use events::{Event, Events};
pub(crate) use explaining::explain;
#[doc(hidden)]
pub use model_path::{PathModel, below_version};
#[doc(hidden)]
pub use named_models::NamedModels;
pub(crate) use reading::read_event;
#[doc(hidden)]
pub use steps::TRACE;
#[doc(hidden)]
pub use turns::AttemptRecorder;
pub(crate) use withheld::shown;
