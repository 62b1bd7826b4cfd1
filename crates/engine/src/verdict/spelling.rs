//! The keys as most envelopes write them: what such a key means is found at once, whatever its spelling.

/// What some keys mean, each in one spelling.
#[derive(Debug)]
pub(super) struct Spellings<M> {
    slots: [Slot<M>; SLOTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot<M> {
    key: Written,
    meaning: M,
}

/// All bytes of a short key and, after them, such as no text has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Written {
    first: u64,
    last: u64,
}

impl<M: Copy + Default> Spellings<M> {
    /// Asks of these keys and of all that envelopes often have what they mean; those that are too long are left out.
    pub(super) fn new<'k>(keys: impl Iterator<Item = &'k str>, meaning: impl Fn(&str) -> M) -> Self {
        let mut slots = [Slot::default(); SLOTS];
        // One slot at least is left empty, so that every search ends.
        for name in OFTEN.iter().copied().chain(keys).take(SLOTS - 1) {
            let Some(key) = Written::of(name.as_bytes()) else {
                continue;
            };
            let mut at = key.slot();
            while slots[at % SLOTS].key != Written::default() {
                at += 1;
            }
            let meaning = meaning(name);
            slots[at % SLOTS] = Slot { key, meaning };
        }
        Self { slots }
    }

    /// What the key means, if it is one of these.
    pub(super) fn meaning(&self, key: &str) -> Option<&M> {
        self.of(Written::of(key.as_bytes())?)
    }

    /// What the key means that is so long and stands at the beginning of these bytes, if it is one of these.
    #[inline(always)]
    pub(super) fn at_head(&self, head: &[u8; HEAD], length: usize) -> Option<&M> {
        self.of(Written::at_head(head, length))
    }

    #[inline(always)]
    fn of(&self, key: Written) -> Option<&M> {
        let mut at = key.slot();
        loop {
            let slot = &self.slots[at % SLOTS];
            if slot.key == key {
                return Some(&slot.meaning);
            }
            if slot.key == Written::default() {
                return None;
            }
            at += 1;
        }
    }
}

impl Written {
    fn of(key: &[u8]) -> Option<Self> {
        let mut head = [0; HEAD];
        // One byte at least is none of the key's, so that no slot with a key looks empty.
        (1..HEAD).contains(&key.len()).then(|| {
            head[..key.len()].copy_from_slice(key);
            Self::at_head(&head, key.len())
        })
    }

    #[inline(always)]
    fn at_head(head: &[u8; HEAD], length: usize) -> Self {
        let (halves, _) = head.as_chunks();
        let [first, last] = AFTER[length % HEAD];
        Self {
            first: u64::from_le_bytes(halves[0]) | first,
            last: u64::from_le_bytes(halves[1]) | last,
        }
    }

    #[inline(always)]
    const fn slot(self) -> usize {
        let mixed = self.first ^ self.last.rotate_left(32);
        (mixed.wrapping_mul(FACTOR) >> 32) as usize
    }
}

/// All bits of the bytes after a key, for each length.
const AFTER: [[u64; 2]; HEAD] = {
    let (mut after, mut length) = ([[u64::MAX; 2]; HEAD], 0);
    while length < HEAD {
        after[length][0] = if length < 8 { u64::MAX << (8 * length) } else { 0 };
        after[length][1] = if length < 8 {
            u64::MAX
        } else {
            u64::MAX << (8 * (length - 8))
        };
        length += 1;
    }
    after
};
/// Keys that envelopes often have, as they are written there; also such as mean nothing.
const OFTEN: &[&str] = &[
    "@type",
    "Code",
    "Error",
    "Message",
    "RequestId",
    "Response",
    "__type",
    "access_token",
    "base_resp",
    "correlation_id",
    "device_code",
    "domain",
    "errorCauses",
    "errorCode",
    "errorId",
    "errorLink",
    "errorMessage",
    "errorSummary",
    "error_code",
    "error_codes",
    "error_message",
    "error_msg",
    "error_subcode",
    "error_type",
    "error_uri",
    "event_id",
    "expires_in",
    "field",
    "help",
    "httpStatus",
    "http_code",
    "id",
    "instance",
    "limit_source",
    "links",
    "loc",
    "model",
    "object",
    "param",
    "path",
    "plan_type",
    "provider_name",
    "quotaDimensions",
    "quotaId",
    "quotaMetric",
    "quotaResetDelay",
    "quotaValue",
    "quota_id",
    "quota_metric",
    "requestId",
    "request_id",
    "resets_at",
    "retryAfter",
    "retryDelay",
    "retry_after",
    "retry_after_ms",
    "service",
    "statusCode",
    "status_code",
    "status_msg",
    "success",
    "timestamp",
    "token_type",
    "traceId",
    "trace_id",
    "url",
];
/// 16 bytes: two registers; hardly any key of an envelope fills them.
pub(super) const HEAD: usize = 16;
/// 512 slots for some two hundred spellings, so that nearly each stands where it is looked for.
const SLOTS: usize = 512;
/// 2^64 divided by the golden ratio: it spreads what differs little.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_in_its_own_spelling_alone() {
        let keys = [
            "a",
            "ab",
            "abc",
            "abcd",
            "abcde",
            "abcdefgh",
            "abcdefghi",
            "abcdefghijklmno",
        ];
        let spellings = Spellings::new(keys.into_iter().chain(["", "abcdefghijklmnop"]), str::len);
        let letters = "abcdefghijklmnopqrstuvwxyz";
        for length in 0..20 {
            let key = &letters[..length];
            assert_eq!(spellings.meaning(key), keys.contains(&key).then_some(&length), "{key}");
            for at in 0..length {
                let other = format!("{}X{}", &key[..at], &key[at + 1..]);
                assert_eq!(spellings.meaning(&other), None);
            }
        }
        for key in OFTEN {
            assert_eq!(spellings.meaning(key), Some(&key.len()));
        }
    }
}
