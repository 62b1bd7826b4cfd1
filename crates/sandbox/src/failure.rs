//! What can go wrong when a sandbox is started or told to misbehave.

/// An error of the sandbox itself; what it answers on purpose is never one.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address could not be listened on.
    #[error("cannot listen on `{address}`: {source}")]
    Listen {
        /// The address that was asked for.
        address: std::net::SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificate authority or the server's certificate could not be made.
    #[error("cannot make the certificate: {0}")]
    Certificate(String),
    /// The configuration file is not valid TOML of the known form.
    #[error("invalid sandbox configuration: {0}")]
    Configuration(String),
    /// No scenario has this name.
    #[error("unknown scenario: `{0}`")]
    UnknownScenario(String),
    /// The scenario does not know this parameter, or not this value.
    #[error("scenario `{scenario}` does not take `{parameter}`: {reason}")]
    Parameter {
        /// The scenario's name.
        scenario: String,
        /// The parameter's name.
        parameter: String,
        /// Why it was refused.
        reason: String,
    },
    /// No device login waits under this user code.
    #[error("no device login waits under this code: `{0}`")]
    UnknownUserCode(String),
    /// The operating system gave no randomness for the seed.
    #[error("no randomness for the seed: {0}")]
    Entropy(String),
}
