//! The last bytes of a stream that went by: they tell whether something may be put between two of its events.

/// The last bytes; a stream begins as if an event had just ended.
#[derive(Debug)]
pub(super) struct Tail([u8; 4]);

impl Default for Tail {
    fn default() -> Self {
        Self(*b"\n\n\n\n")
    }
}

impl Tail {
    /// Takes up bytes that go by.
    pub(super) fn remember(&mut self, data: &[u8]) {
        if let Some(last) = data.last_chunk() {
            self.0 = *last;
            return;
        }
        for byte in data {
            self.0.rotate_left(1);
            self.0[3] = *byte;
        }
    }

    /// Whether an event has ended and the next one has not begun.
    pub(super) fn is_between_events(&self) -> bool {
        matches!(
            &self.0,
            [.., b'\n', b'\n'] | [.., b'\r', b'\r'] | [_, b'\n', b'\r', b'\n']
        )
    }
}
