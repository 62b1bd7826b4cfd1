//! One direction of a connection that has left HTTP: its bytes as they are, until it is to end between two frames.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::frames::Frames;
use super::pulse::{Pulse, Speaker};

/// From one side to the other.
pub(super) struct Way<R, W> {
    from: R,
    to: W,
    speaker: Speaker,
    buffer: Box<[u8]>,
    /// What of the buffer has been read and not written yet.
    begin: usize,
    end: usize,
    /// Where what was written stands.
    frames: Frames,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Way<R, W> {
    /// A way on which nothing that this one says has gone by.
    pub(super) fn new(from: R, to: W, speaker: Speaker) -> Self {
        Self {
            from,
            to,
            speaker,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            begin: 0,
            end: 0,
            frames: Frames::default(),
        }
    }

    /// Carries everything until this side has said its last word. May be dropped at any time, and gone on with.
    pub(super) async fn carry(&mut self, pulse: &Pulse) -> io::Result<()> {
        loop {
            let before = self.frames.said();
            while self.begin < self.end {
                self.write(self.end).await?;
            }
            if self.frames.said() > before {
                pulse.said_by(self.speaker);
            }
            self.to.flush().await?;
            if self.read().await? == 0 {
                pulse.halve();
                return self.to.shutdown().await;
            }
            pulse.beat();
        }
    }

    /// Carries the rest of the frame under way, then says this as the last, and hears out what this side still says.
    pub(super) async fn end_with(mut self, last: &[u8]) -> io::Result<()> {
        while !self.frames.is_between() {
            if self.begin == self.end && self.read().await? == 0 {
                break;
            }
            let frame = self.frames.remains(&self.buffer[self.begin..self.end]);
            self.write(self.begin + frame).await?;
        }
        if self.frames.is_between() && !self.frames.has_closed() {
            self.to.write_all(last).await?;
        }
        self.to.flush().await?;
        self.to.shutdown().await?;
        // Whoever is left with unread words is reset, and may lose ours.
        while self.from.read(&mut self.buffer).await? > 0 {}
        Ok(())
    }

    async fn read(&mut self) -> io::Result<usize> {
        let read = self.from.read(&mut self.buffer).await?;
        (self.begin, self.end) = (0, read);
        Ok(read)
    }

    async fn write(&mut self, end: usize) -> io::Result<()> {
        let written = self.to.write(&self.buffer[self.begin..end]).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let mut rest = &self.buffer[self.begin..self.begin + written];
        self.begin += written;
        while !rest.is_empty() {
            rest = self.frames.take(rest);
        }
        Ok(())
    }
}

/// 8 KiB: a few hundred events of text, or a fifth of a second of sound.
const BUFFER: usize = 8 * 1024;
