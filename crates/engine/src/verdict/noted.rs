//! Which texts of the built-in rows stand in an answer: noted where the tables are looked for, so that no row has to look again.

use std::sync::LazyLock;

use super::found::Role;
use super::sieve::SHORTEST;
use crate::provider::{Needles, Pattern, Table};

/// For each role of a field the texts that stand in one, a bit each; and how long fields are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noted {
    of_roles: [u64; ROLES],
    of_any: u64,
    /// The lengths of fields, a bit each; those that are 64 apart share one.
    lengths: u64,
}

impl Noted {
    /// Notes a text, by its place among [`TEXTS`].
    pub(super) const fn add(&mut self, text: usize, role: Role) {
        self.of_roles[role as usize] |= 1 << text;
        self.of_any |= 1 << text;
    }

    /// Notes how long a field is.
    pub(super) const fn add_length(&mut self, length: usize) {
        self.lengths |= length_bit(length);
    }

    /// Whether a field may be one of these: none is if none of them is as long.
    pub(super) fn may_be_one_of(&self, texts: &[String]) -> bool {
        texts.iter().any(|text| self.lengths & length_bit(text.len()) != 0)
    }

    /// Whether one of these may stand in a field: none does if all are noted and were not seen.
    pub(super) fn may_have(&self, needles: &Needles) -> bool {
        bits(needles).is_none_or(|bits| bits & self.of_any != 0)
    }

    /// The roles of the fields in which one of these stands, a bit each; `None` if it cannot be told.
    pub(super) fn roles(&self, needles: &Needles) -> Option<u8> {
        let bits = bits(needles)?;
        let roles = self.of_roles.iter().enumerate();
        Some(roles.fold(0, |roles, (role, seen)| roles | (u8::from(seen & bits != 0) << role)))
    }

    /// Whether all of these stand in a field; `None` if it cannot be told.
    pub(super) fn has_all(&self, needles: &Needles) -> Option<bool> {
        let bits = bits(needles)?;
        Some(bits & self.of_any == bits)
    }
}

const fn length_bit(length: usize) -> u64 {
    1 << (length % u64::BITS as usize)
}

/// The bits of the texts; `None` if one is not among those that are noted.
fn bits(needles: &Needles) -> Option<u64> {
    needles.bits(|text| TEXTS.iter().position(|noted| noted == text).map(|place| 1 << place))
}

/// The texts that built-in rows look for anywhere in a body; as many of them as there are bits.
pub(super) static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let table = Table::built_in();
    let signals = table.rows().flat_map(|row| &row.signals);
    let texts = signals.flat_map(|signal| {
        let contained = match &signal.pattern {
            Pattern::Contains(needles) => &**needles,
            Pattern::Equals(_) | Pattern::Prefix(_) | Pattern::Present => &[],
        };
        contained.iter().chain(&*signal.all)
    });
    let mut texts: Vec<String> = texts.filter(|text| text.len() >= SHORTEST).cloned().collect();
    texts.sort_unstable();
    texts.dedup();
    texts.truncate(u64::BITS as usize);
    texts
});

/// As many as there are.
const ROLES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_known_in_the_roles_in_which_it_was_noted() {
        assert!(
            TEXTS.len() < u64::BITS as usize,
            "the last of them are looked for one by one"
        );
        let needles = |texts: &[&String]| Needles::new(texts.iter().map(|text| (*text).clone()).collect());
        let (first, second) = (needles(&[&TEXTS[0]]), needles(&[&TEXTS[0], &TEXTS[1]]));
        let mut noted = Noted::default();
        assert_eq!((noted.roles(&first), noted.has_all(&first)), (Some(0), Some(false)));
        noted.add(0, Role::Message);
        noted.add(0, Role::Code);
        let roles = 1 << Role::Message as u8 | 1 << Role::Code as u8;
        assert_eq!(
            (noted.roles(&second), noted.has_all(&second)),
            (Some(roles), Some(false))
        );
        noted.add(1, Role::Type);
        assert_eq!(noted.has_all(&second), Some(true));
        let unknown = Needles::new(vec![TEXTS[0].clone(), "a text of nobody".to_owned()]);
        assert_eq!((noted.roles(&unknown), noted.has_all(&unknown)), (None, None));
        assert_eq!(noted.has_all(&Needles::default()), Some(true));
    }

    #[test]
    fn no_field_is_a_constant_of_another_length() {
        let constants = ["four".to_owned(), "a longer one".to_owned()];
        let mut noted = Noted::default();
        assert!(!noted.may_be_one_of(&constants));
        noted.add_length(5);
        assert!(!noted.may_be_one_of(&constants));
        noted.add_length(12);
        assert!(noted.may_be_one_of(&constants));
        assert!(!noted.may_be_one_of(&constants[..1]));
        noted.add_length(4 + 64);
        assert!(noted.may_be_one_of(&constants[..1]), "it shares the bit");
    }
}
