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

/// All bytes of a short key: its first, its last, and how many there are; no two keys have the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Written {
    first: u64,
    last: u64,
    length: u64,
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
            while slots[at % SLOTS].key.length != 0 {
                at += 1;
            }
            let meaning = meaning(name);
            slots[at % SLOTS] = Slot { key, meaning };
        }
        Self { slots }
    }

    /// What the key means, if it is one of these.
    #[inline(always)]
    pub(super) fn meaning(&self, key: &str) -> Option<&M> {
        let key = Written::of(key.as_bytes())?;
        let mut at = key.slot();
        loop {
            let slot = &self.slots[at % SLOTS];
            if slot.key == key {
                return Some(&slot.meaning);
            }
            if slot.key.length == 0 {
                return None;
            }
            at += 1;
        }
    }
}

impl Written {
    #[inline(always)]
    fn of(key: &[u8]) -> Option<Self> {
        let length = key.len();
        let (first, last) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
            (Some(first), Some(last)) if length <= LONGEST => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
            (None, None) => match (key.first_chunk::<4>(), key.last_chunk::<4>()) {
                (Some(first), Some(last)) => (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into()),
                _ => match *key {
                    [first] => (first.into(), 0),
                    [first, last] => (first.into(), last.into()),
                    [first, second, last] => (u64::from(first) | u64::from(second) << 8, last.into()),
                    _ => return None,
                },
            },
            _ => return None,
        };
        let length = length as u64;
        Some(Self { first, last, length })
    }

    #[inline(always)]
    const fn slot(self) -> usize {
        let mixed = self.first.wrapping_mul(FACTOR) ^ self.last.wrapping_add(self.length);
        (mixed.wrapping_mul(FACTOR) >> 32) as usize
    }
}

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
/// 16 bytes: two registers; hardly any key of an envelope is longer.
const LONGEST: usize = 16;
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
            "abcdefghijklmnop",
        ];
        let spellings = Spellings::new(keys.into_iter().chain(["", "abcdefghijklmnopq"]), str::len);
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
