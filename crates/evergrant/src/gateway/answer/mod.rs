//! What a client gets: a provider's answer as it is, or words of our own in the client's form.

mod body;
mod gathered;
mod in_band;
mod parting;
mod refusal;
mod silent_stream;
mod status;
mod surface;
mod tail;

pub(super) use body::GatewayBody;
pub(super) use gathered::Gathered;
pub(super) use in_band::InBand;
pub(super) use parting::Parting;
pub(super) use refusal::refusal;
pub(super) use silent_stream::KeepAlive;
pub(super) use surface::Surface;
