//! Which texts of the built-in rows stand in an answer: noted where the tables are looked for, so that no row has to look again.

use std::sync::LazyLock;

use super::found::Role;
use super::sieve::SHORTEST;
use crate::provider::{Needles, Pattern, Table};

/// For each role of a field the texts that stand in one, a bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Noted {
    of_roles: [u64; ROLES],
    of_any: u64,
}

impl Noted {
    /// Notes a text, by its place among [`TEXTS`].
    pub(super) const fn add(&mut self, text: usize, role: Role) {
        self.of_roles[role as usize] |= 1 << text;
        self.of_any |= 1 << text;
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
}
