//! Pieces that are written as one.
//!
//! A head and a short body, handed to the kernel as a list (`writev`), cost it more than the copy that makes one piece of them.
//!
//! Public for the gateway, and hidden from the docs: no part of the contract, and free to change.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

thread_local! {
    /// One for a thread, so that it lies in its cache.
    static WHOLE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes pieces as `poll_write_vectored` does; as one piece if they are short.
pub fn poll_write_together<S: AsyncWrite + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    pieces: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [piece] = pieces {
        return Pin::new(stream).poll_write(cx, piece);
    }
    let length: usize = pieces.iter().map(|piece| piece.len()).sum();
    if length > SHORT {
        return Pin::new(stream).poll_write_vectored(cx, pieces);
    }
    WHOLE.with_borrow_mut(|whole| {
        whole.clear();
        for piece in pieces {
            whole.extend_from_slice(piece);
        }
        Pin::new(stream).poll_write(cx, whole)
    })
}

/// 4 KiB are copied in a small part of the time that the kernel takes for a list.
const SHORT: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes of each write, and keeps what it was given.
    struct Kept {
        takes: usize,
        writes: Vec<(&'static str, Vec<u8>)>,
    }

    impl AsyncWrite for Kept {
        fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            let taken = bytes.len().min(self.takes);
            self.writes.push(("one", bytes.to_vec()));
            Poll::Ready(Ok(taken))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            pieces: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.to_vec()).collect();
            let taken = bytes.len().min(self.takes);
            self.writes.push(("list", bytes));
            Poll::Ready(Ok(taken))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[track_caller]
    fn check(pieces: &[&[u8]], takes: usize, way: &'static str) {
        let mut stream = Kept {
            takes,
            writes: Vec::new(),
        };
        let slices: Vec<_> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let written = poll_write_together(&mut stream, &mut Context::from_waker(std::task::Waker::noop()), &slices);
        let whole = pieces.concat();
        assert!(matches!(written, Poll::Ready(Ok(bytes)) if bytes == whole.len().min(takes)));
        assert_eq!(stream.writes, [(way, whole)]);
    }

    #[test]
    fn short_pieces_are_written_as_one_and_long_ones_as_they_are() {
        check(&[b"a head ", b"", b"and a body"], usize::MAX, "one");
        check(&[b"nothing of the piece before"], usize::MAX, "one");
        check(&[b"a part ", b"of both is taken"], 9, "one");
        check(&[&[1; SHORT]], usize::MAX, "one");
        check(&[&[1; SHORT - 1], &[2]], usize::MAX, "one");
        check(&[&[1; SHORT], &[2]], usize::MAX, "list");
    }
}
