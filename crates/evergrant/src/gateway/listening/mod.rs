//! Where it listens: addresses of its own, and sockets that a service manager hands on.

mod address;
mod inherited;

pub(super) use address::{Arrived, Listener, Stream};
pub(super) use inherited::Inherited;
pub(crate) use inherited::inherited_sockets;
