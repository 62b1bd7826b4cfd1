//! Where the frames of a WebSocket begin and end, as its bytes go by (RFC 6455 section 5.2).

/// One direction of a WebSocket.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    head: [u8; HEAD],
    /// How much of a head has come.
    held: usize,
    /// How much of the frame's payload is still to come.
    left: u64,
    /// How many frames have gone by that are a part of what is said; pings and the like are not.
    said: u64,
    has_closed: bool,
}

impl Frames {
    /// Takes up what goes by, at most to the end of a frame; answers what follows.
    pub(super) fn take<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes;
        if self.left == 0 {
            while !self.is_head_whole() {
                let Some((byte, after)) = rest.split_first() else {
                    return rest;
                };
                self.head[self.held] = *byte;
                self.held += 1;
                rest = after;
            }
            self.left = self.length();
        }
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(rest.len());
        self.left -= length as u64;
        if self.left == 0 {
            self.held = 0;
            self.said += u64::from(self.head[0] & KIND < CLOSE);
            self.has_closed |= self.head[0] & KIND == CLOSE;
        }
        &rest[length..]
    }

    /// How many of these bytes belong to the frame under way.
    pub(super) fn remains(&self, bytes: &[u8]) -> usize {
        bytes.len() - self.clone().take(bytes).len()
    }

    /// Whether a frame has ended and the next one has not begun: here another one may be put.
    pub(super) const fn is_between(&self) -> bool {
        self.held == 0
    }

    /// How many frames have gone by in which something is said.
    pub(super) const fn said(&self) -> u64 {
        self.said
    }

    /// Whether the last frame has gone by.
    pub(super) const fn has_closed(&self) -> bool {
        self.has_closed
    }

    /// The payload's length, as the head tells it.
    fn length(&self) -> u64 {
        match self.head[1] & SHORT {
            126 => u64::from(u16::from_be_bytes([self.head[2], self.head[3]])),
            127 => self.head[2..10]
                .iter()
                .fold(0, |sum, byte| (sum << 8) | u64::from(*byte)),
            short => u64::from(short),
        }
    }

    fn is_head_whole(&self) -> bool {
        let length = match (self.held, self.head[1] & SHORT) {
            (0 | 1, _) => return false,
            (_, 126) => 4,
            (_, 127) => 10,
            (_, _) => 2,
        };
        let mask = if self.head[1] & MASKED == 0 { 0 } else { 4 };
        self.held == length + mask
    }
}

/// The last frame of a connection: why it ends (RFC 6455 section 7.4). What a client sends is masked, and this is no secret.
pub(super) fn close_frame(code: u16, reason: &str, masked: bool) -> Vec<u8> {
    let mut payload = code.to_be_bytes().to_vec();
    payload.extend(reason.bytes().take(REASON));
    let length = u8::try_from(payload.len()).unwrap_or_default();
    let mut frame = vec![LAST | CLOSE];
    if masked {
        frame.push(MASKED | length);
        frame.extend(MASK);
        frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    } else {
        frame.push(length);
        frame.extend(payload);
    }
    frame
}

/// Two bytes, a length of eight and a mask of four.
const HEAD: usize = 14;

const LAST: u8 = 0x80;
const KIND: u8 = 0x0f;
const MASKED: u8 = 0x80;
const SHORT: u8 = 0x7f;
/// The first of the control frames (RFC 6455 section 5.5); those below it say something.
const CLOSE: u8 = 8;

/// A payload of a control frame has 125 bytes at most, two of which are the code.
const REASON: usize = 123;

/// Masks keep browsers from writing what a proxy could take for HTTP; the words behind this one are ours.
const MASK: [u8; 4] = [0x9d, 0x2c, 0x71, 0xe6];

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame as servers send it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match payload.len() {
            short @ 0..=125 => frame.push(u8::try_from(short).unwrap()),
            middle @ 126..=0xffff => {
                frame.push(126);
                frame.extend(u16::try_from(middle).unwrap().to_be_bytes());
            }
            long => {
                frame.push(127);
                frame.extend((long as u64).to_be_bytes());
            }
        }
        frame.extend(payload);
        frame
    }

    #[test]
    fn frames_of_every_length_and_kind_end_where_they_end() {
        let frames = [
            frame(0x81, b"one"),
            frame(0x01, b"in "),
            frame(0x89, b"ping"),
            frame(0x80, b"pieces"),
            frame(0x82, &[0xff; 125]),
            frame(0x82, &[0xff; 126]),
            frame(0x82, &[0xff; 70_000]),
            frame(0x81, b""),
            [&[0x81, 0x83, 1, 2, 3, 4][..], b"abc"].concat(),
            [&[0x8a, 0x80, 1, 2, 3, 4][..]].concat(),
        ];
        let bytes = frames.concat();
        for size in (1..20).chain([bytes.len()]) {
            let (mut follower, mut ends, mut gone) = (Frames::default(), Vec::new(), 0);
            for piece in bytes.chunks(size) {
                let mut rest = piece;
                while !rest.is_empty() {
                    let after = follower.take(rest);
                    gone += rest.len() - after.len();
                    rest = after;
                    if follower.is_between() {
                        ends.push(gone);
                    }
                }
            }
            let lengths: Vec<usize> = ends
                .iter()
                .scan(0, |last, end| Some(end - std::mem::replace(last, *end)))
                .collect();
            let expected: Vec<usize> = frames.iter().map(Vec::len).collect();
            assert_eq!(lengths, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn the_end_of_a_frame_is_found_wherever_it_is_cut() {
        let bytes = [frame(0x82, b"ten bytes."), frame(0x81, b"more")].concat();
        for cut in 0..bytes.len() {
            let mut frames = Frames::default();
            let mut rest = &bytes[..cut];
            while !rest.is_empty() {
                rest = frames.take(rest);
            }
            let expected = match cut {
                0 | 12 => 0,
                inside if inside < 12 => 12 - inside,
                inside => bytes.len() - inside,
            };
            assert_eq!(frames.is_between(), expected == 0, "cut at {cut}");
            if expected > 0 {
                assert_eq!(frames.remains(&bytes[cut..]), expected, "cut at {cut}");
            }
        }
    }

    #[test]
    fn a_close_says_why_and_is_seen() {
        let plain = close_frame(1001, "going away", false);
        assert_eq!(plain, [&[0x88, 12, 0x03, 0xe9][..], b"going away"].concat());
        let masked = close_frame(1008, "no", true);
        assert_eq!((masked[0], masked[1], masked.len()), (0x88, 0x84, 10));
        let open: Vec<u8> = masked[6..].iter().zip(MASK).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(open, [0x03, 0xf0, b'n', b'o']);
        let mut frames = Frames::default();
        frames.take(&frame(0x81, b"x"));
        assert!(!frames.has_closed());
        frames.take(&plain);
        assert!(frames.has_closed() && frames.is_between());
        assert_eq!(close_frame(1001, &"x".repeat(200), false).len(), 127);
    }
}
