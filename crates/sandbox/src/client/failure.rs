//! Why the small client could not do what it was asked.

/// An error of the client, never an HTTP status.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is not an http or https URL with a host.
    #[error("not a URL this client can fetch: `{0}`")]
    Url(String),
    /// The certificates to trust could not be read.
    #[error("cannot read the certificates: {0}")]
    Certificates(String),
    /// No connection, or it broke.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// The answer was not what it had to be.
    #[error("unexpected answer: {0}")]
    Answer(String),
    /// It took too long.
    #[error("no answer within {0} s")]
    Timeout(u64),
}
