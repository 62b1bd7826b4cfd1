//! A chat request to a gateway that can be hung up on at any moment.

use std::io::ErrorKind;

use anyhow::Result;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::gateway::Gateway;

/// A chat request on its way; dropping it hangs up.
#[derive(Debug)]
pub(crate) struct Conversation(TcpStream);

impl Conversation {
    /// Sends the whole request, and waits for nothing.
    pub(crate) async fn begin(gateway: &Gateway) -> Result<Self> {
        let mut stream = TcpStream::connect(gateway.address()).await?;
        let (length, address) = (CHAT.len(), gateway.address());
        let request = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{CHAT}"
        );
        stream.write_all(request.as_bytes()).await?;
        Ok(Self(stream))
    }

    /// Whether an answer has begun.
    pub(crate) fn has_begun(&self) -> Result<bool> {
        match self.0.try_read(&mut [0]) {
            Ok(read) => Ok(read > 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// The smallest chat request.
const CHAT: &str = r#"{"model":"grok-4.3","messages":[{"role":"user","content":"hello"}]}"#;
