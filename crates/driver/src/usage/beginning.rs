//! The beginning of an answer, in which its id stands.

use memchr::memmem;

/// As much of an answer as has its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beginning(Vec<u8>);

impl Beginning {
    /// Takes up a piece that goes by, as far as it is wanted.
    pub(crate) fn take(&mut self, piece: &[u8]) {
        let room = LENGTH.saturating_sub(self.0.len()).min(piece.len());
        self.0.extend_from_slice(&piece[..room]);
    }

    /// Whether no more of the answer is wanted.
    pub(crate) fn is_full(&self) -> bool {
        self.0.len() >= LENGTH
    }

    /// The first value of `"id"`: the answer's own, in a whole one as in the first event of a stream.
    pub(crate) fn id(&self) -> Option<&[u8]> {
        let at = memmem::find(&self.0, b"\"id\"")?;
        let rest = self.0[at + 4..].trim_ascii_start().strip_prefix(b":")?;
        let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
        let end = memchr::memchr(b'"', rest)?;
        Some(&rest[..end])
    }
}

/// 2 KiB: the id stands at the beginning, before instructions and tools are repeated.
const LENGTH: usize = 2 * 1024;
