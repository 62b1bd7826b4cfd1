//! Logging in: what is sent to an authorization server and what its answers say.

mod answer;
mod authorize;
mod claims;
mod code;
mod device;
mod discovery;
mod hearing;
mod judged;
mod pkce;
mod refusal;
mod request;
mod revocation;
mod token;
mod words;

pub use answer::{AnswerFault, TokenAnswer, read_token_answer};
pub use authorize::{AuthorizeRequest, Nonce, State, authorize_url, redirect_uri};
pub use claims::{Identity, expiry_of, identity_of};
pub use code::Callback;
pub use device::{DeviceCode, DevicePoll, PollStep, device_request, poll_endpoint, read_device_answer};
pub use discovery::{discovery_request, read_discovery};
pub use judged::Asked;
pub use pkce::{Challenge, Verifier};
pub use refusal::exchange_failure;
pub use revocation::{Revoked, TokenHint, read_revocation, revocation};
pub use token::{exchange, exchange_timeout, refresh};
