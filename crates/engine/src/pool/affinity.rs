//! Which credential a conversation belongs to: each conversation ranks all of them by chance of its own.
//!
//! Nothing is remembered: whoever computes it, in whichever process, comes to the same, and a credential that cannot serve
//! changes nothing for the conversations of the others (rendezvous hashing).

use std::ops::Range;

use super::member::Member;

/// A conversation, as far as the choice of its credential is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conversation(u64);

impl Conversation {
    /// The conversation of that name, whatever the name is made of.
    pub fn of(name: &[u8]) -> Self {
        Self(hash(name))
    }

    /// Any number, the same for the same conversation.
    pub(super) const fn number(self) -> u64 {
        self.0
    }

    /// How much this conversation prefers a member, compared with the others.
    pub(super) const fn weight(self, member: u64) -> u64 {
        mixed(self.0 ^ member)
    }
}

/// What the members of a roster are ranked by.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Seats {
    hashes: Vec<u64>,
    /// For each tier of many members, a table in which each has one seat.
    tables: Vec<(Range<usize>, Vec<u32>)>,
}

impl Seats {
    /// The seats of these members, whose runs of equal priority are given.
    pub(super) fn of(members: &[Member], tiers: impl Iterator<Item = Range<usize>>) -> Self {
        let hashes: Vec<u64> = members
            .iter()
            .map(|member| hash(member.lease.fence.id.as_str().as_bytes()))
            .collect();
        let many = tiers.filter(|tier| tier.len() > FEW);
        let tables = many.map(|tier| (tier.clone(), table(&tier, &hashes))).collect();
        Self { hashes, tables }
    }

    /// Whoever the conversation prefers of these: the one with the greatest weight that will do. Who will do is asked from
    /// the greatest on.
    pub(super) fn ranked(
        &self,
        conversation: Conversation,
        members: impl Iterator<Item = usize> + Clone,
        will_do: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut below = None;
        for _ in members.clone() {
            let weighed = members.clone().filter_map(|place| {
                let weight = conversation.weight(*self.hashes.get(place)?);
                below
                    .is_none_or(|below| (weight, place) < below)
                    .then_some((weight, place))
            });
            let best = weighed.max()?;
            if will_do(best.1) {
                return Some(best.1);
            }
            below = Some(best);
        }
        None
    }

    /// Whoever of a tier of many sits at the first seat that is drawn from which one will do. The order of seats is the
    /// conversation's own and each seat is as likely as any other, so that this is the ranking by weight without its walk.
    pub(super) fn drawn(
        &self,
        conversation: Conversation,
        tier: &Range<usize>,
        will_do: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let (_, table) = self.tables.iter().find(|(of, _)| of == tier)?;
        let mask = table.len() as u64 - 1;
        let seats = (1..=DRAWS).map(|draw| conversation.weight(mixed(draw)) & mask);
        seats
            .filter_map(|seat| table.get(usize::try_from(seat).ok()?))
            .filter(|place| **place != EMPTY)
            .map(|place| *place as usize)
            .find(|place| will_do(*place))
    }
}

/// Seats for a tier's members, at least two for each: every one at the seat that its hash names, or at the next free one.
fn table(tier: &Range<usize>, hashes: &[u64]) -> Vec<u32> {
    let mut table = vec![EMPTY; (2 * tier.len()).next_power_of_two()];
    let mask = table.len() as u64 - 1;
    let mut order: Vec<usize> = tier.clone().collect();
    order.sort_by_key(|place| hashes.get(*place));
    for place in order {
        let wanted = hashes.get(place).copied().unwrap_or(0) & mask;
        let mut seat = usize::try_from(wanted).unwrap_or(0);
        while table.get(seat).is_some_and(|taken| *taken != EMPTY) {
            seat = (seat + 1) % table.len();
        }
        table[seat] = u32::try_from(place).unwrap_or(EMPTY);
    }
    table
}

/// FNV-1a, mixed: the same in every process and version, which std's own hashes are not.
fn hash(name: &[u8]) -> u64 {
    let folded = name.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mixed(folded)
}

/// The finalizer of splitmix64: every bit of the outcome depends on every bit of the number.
const fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Up to 64 are ranked one by one, which takes less than a table would.
pub(super) const FEW: usize = 64;

/// 64 draws find somebody with certainty for all practical purposes while one in four seats is served from; with fewer,
/// most conversations have lost their credential anyway.
const DRAWS: u64 = 64;

/// Nobody sits there.
const EMPTY: u32 = u32::MAX;
