//! The provider: refresh tokens are used once; who shows a spent one is answered the same pair within the grace, and
//! loses the whole family after it.

use super::world::{PAIRS, Pair, Secs};

/// The state of the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Provider {
    minted: u8,
    pairs: [Issued; PAIRS],
    /// The families that are over, one bit each.
    revoked: u8,
    /// The families that the user ended.
    ended: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Issued {
    family: u8,
    /// When its refresh token was taken, and which pair was given for it.
    spent: Option<(Secs, Pair)>,
}

/// What the endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Reply {
    Granted(Pair),
    /// `invalid_grant`.
    Dead,
    /// Not taken, come back later.
    Later,
}

/// What became of a request.
pub(super) struct Taken {
    pub(super) reply: Reply,
    /// Whether this request cost the family.
    pub(super) revoked: bool,
}

impl Provider {
    pub(super) fn at_first() -> Self {
        Self {
            minted: 1,
            pairs: [Issued::default(); PAIRS],
            revoked: 0,
            ended: 0,
        }
    }

    /// Takes a refresh token.
    pub(super) fn take(&mut self, pair: Pair, now: Secs, grace: Secs) -> Taken {
        let issued = self.pairs[usize::from(pair)];
        let (reply, revoked) = if self.is_revoked(pair) {
            (Reply::Dead, false)
        } else {
            match issued.spent {
                None => {
                    let next = self.mint(issued.family);
                    self.pairs[usize::from(pair)].spent = Some((now, next));
                    (Reply::Granted(next), false)
                }
                Some((at, next)) if now - at < grace => (Reply::Granted(next), false),
                Some(_) => {
                    self.revoked |= 1 << issued.family;
                    (Reply::Dead, true)
                }
            }
        };
        Taken { reply, revoked }
    }

    /// A new login.
    pub(super) fn log_in(&mut self) -> Pair {
        let family = 1
            + (0..self.minted)
                .map(|pair| self.pairs[usize::from(pair)].family)
                .max()
                .unwrap_or(0);
        self.mint(family)
    }

    /// The user is done with the family of this pair.
    pub(super) fn end(&mut self, pair: Pair) {
        let family = self.pairs[usize::from(pair)].family;
        self.revoked |= 1 << family;
        self.ended |= 1 << family;
    }

    pub(super) fn is_revoked(&self, pair: Pair) -> bool {
        self.revoked & (1 << self.pairs[usize::from(pair)].family) != 0
    }

    /// Whether it was the provider that ended the family, and not the user.
    pub(super) fn is_lost(&self, pair: Pair) -> bool {
        self.is_revoked(pair) && self.ended & (1 << self.pairs[usize::from(pair)].family) == 0
    }

    fn mint(&mut self, family: u8) -> Pair {
        let pair = self.minted;
        self.minted += 1;
        self.pairs[usize::from(pair)] = Issued { family, spent: None };
        pair
    }
}
