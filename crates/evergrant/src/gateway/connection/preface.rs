//! Tells HTTP/2 from HTTP/1.1 by a connection's first bytes, where no handshake has settled it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};

/// A connection whose first bytes were read, and are read again.
#[derive(Debug)]
pub(super) struct Opened<S> {
    first: Bytes,
    stream: S,
}

/// Reads a connection's first bytes: itself, and whether it speaks HTTP/2 with prior knowledge (RFC 9113 section 3.3).
///
/// # Errors
/// A connection that breaks.
pub(super) async fn open<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<(Opened<S>, bool)> {
    let mut first = BytesMut::with_capacity(FIRST_READ);
    loop {
        let read = stream.read_buf(&mut first).await?;
        let may_be = first.len() < PREFACE.len() && PREFACE.starts_with(&first);
        if read == 0 || !may_be {
            break;
        }
    }
    let is_h2 = first.starts_with(PREFACE);
    let first = first.freeze();
    Ok((Opened { first, stream }, is_h2))
}

impl<S: AsyncRead + Unpin> AsyncRead for Opened<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, room);
        }
        let length = self.first.len().min(room.remaining());
        room.put_slice(&self.first[..length]);
        self.first.advance(length);
        if self.first.is_empty() {
            // Nothing is kept of what has been read.
            self.first = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opened<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// What every HTTP/2 connection begins with, and no request of HTTP/1.1.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// 4 KiB: the head of a first request comes in one read, so that looking costs none of its own.
const FIRST_READ: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    async fn check(pieces: &[&str], expected: bool) {
        let (mut client, server) = tokio::io::duplex(64);
        let sent = pieces.concat();
        let pieces: Vec<String> = pieces.iter().map(|piece| (*piece).to_owned()).collect();
        let sending = tokio::spawn(async move {
            for piece in pieces {
                client.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let (mut opened, is_h2) = open(server).await.unwrap();
        assert_eq!(is_h2, expected, "{sent}");
        let mut read = String::new();
        opened.read_to_string(&mut read).await.unwrap();
        assert_eq!(read, sent);
        sending.await.unwrap();
    }

    #[tokio::test]
    async fn the_preface_alone_is_http_2() {
        check(&["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "more"], true).await;
        check(&["PRI * HT", "TP/2.0\r\n\r\nSM\r\n\r", "\nmore"], true).await;
        check(&["POST / HTTP/1.1\r\n\r\n"], false).await;
        check(&["P", "RINT / HTTP/1.1\r\n\r\n"], false).await;
        check(&["PRI * HTTP/2.0\r\n"], false).await;
        check(&[], false).await;
    }
}
