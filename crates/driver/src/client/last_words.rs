//! The last events of a stream, by which it tells whether it has ended.

use super::events::split;

/// Copies of the last pieces, each of whole events: what is a part of what came would hold the whole buffer that it came in.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    pieces: [Vec<u8>; EVENTS],
    /// Where the oldest of them lies, whose place is the next one's.
    oldest: usize,
}

impl LastWords {
    /// Takes up an event that goes by.
    pub(super) fn remember(&mut self, raw: &[u8]) {
        if !is_comment(raw) {
            self.keep(raw);
        }
    }

    /// Takes up a piece of whole events, the first of which is no comment. They are told apart when they are asked for.
    pub(super) fn remember_all(&mut self, piece: &[u8]) {
        if piece.len() > ROOM {
            split(piece).for_each(|raw| self.remember(raw));
        } else {
            self.keep(piece);
        }
    }

    fn keep(&mut self, raw: &[u8]) {
        // The oldest one's room is taken over, so that nothing is asked for once there are enough.
        let words = &mut self.pieces[self.oldest];
        self.oldest = (self.oldest + 1) % EVENTS;
        words.clear();
        if words.capacity() > ROOM {
            *words = Vec::new();
        }
        words.extend_from_slice(raw);
    }

    /// The events, from the oldest on.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        let (newer, older) = self.pieces.split_at(self.oldest);
        let pieces = older.iter().chain(newer);
        let mut events: Vec<_> = pieces
            .flat_map(|piece| split(piece))
            .filter(|raw| !is_comment(raw))
            .collect();
        events.drain(..events.len().saturating_sub(EVENTS));
        events.into_iter()
    }
}

/// Comments come after the last word, too.
fn is_comment(raw: &[u8]) -> bool {
    raw.starts_with(b":")
}

/// 4 events: after the last words there are what was used, and `[DONE]`.
const EVENTS: usize = 4;

/// 4 KiB of room are kept for the next event: most have a few hundred bytes, and one with a picture has a megabyte.
const ROOM: usize = 4 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_are_known_and_none_of_them_is_large_for_long() {
        let mut words = LastWords::default();
        let large = vec![b'x'; 1024 * 1024];
        let events = [
            b"data: 1\n\n".as_slice(),
            &large,
            b"data: 2\n\n",
            b": still here\n\n",
            b"data: 3\n\n",
        ];
        for event in events {
            words.remember(event);
        }
        let kept: Vec<_> = words.iter().collect();
        assert_eq!(kept, [b"data: 1\n\n", large.as_slice(), b"data: 2\n\n", b"data: 3\n\n"]);
        for number in 4..9 {
            words.remember(format!("data: {number}\n\n").as_bytes());
        }
        let kept: Vec<_> = words.iter().collect();
        let expected = [5, 6, 7, 8].map(|number| format!("data: {number}\n\n"));
        assert_eq!(kept, expected.each_ref().map(|event| event.as_bytes()));
        assert!(words.pieces.iter().all(|words| words.capacity() <= ROOM));
    }
}
