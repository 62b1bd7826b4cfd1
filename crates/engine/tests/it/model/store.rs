//! The store, by its contract: one record, the claims on its tokens, and the journal beside it.

use evergrant_engine::store::ClaimState;

use super::world::{PAIRS, Pair, Secs};

/// One record and its claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) generation: u8,
    pub(super) epoch: u8,
    /// `None` in a tombstone.
    pub(super) material: Option<Material>,
    /// A word of the engine's book of standings.
    pub(super) standing: u16,
    pub(super) claims: [Option<Claim>; PAIRS],
}

/// What a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Material {
    pub(super) pair: Pair,
    pub(super) obtained: Secs,
    /// Whether the refresh token is there; quarantine takes it out.
    pub(super) refreshable: bool,
}

/// A claim on a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Claim {
    pub(super) attempt: u8,
    pub(super) claimed: Secs,
    pub(super) sent: Option<Secs>,
    pub(super) sends: u8,
    sends_before: u8,
    pub(super) open: bool,
    pub(super) dead: bool,
}

impl Claim {
    pub(super) fn state(&self) -> ClaimState {
        match (self.open, self.dead) {
            (true, _) => ClaimState::Open,
            (false, true) => ClaimState::Dead,
            (false, false) => ClaimState::Spent,
        }
    }
}

/// What one look at the store shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct View {
    pub(super) generation: u8,
    pub(super) epoch: u8,
    pub(super) material: Option<Material>,
    pub(super) standing: u16,
    pub(super) claim: Option<Claim>,
}

/// A renewal to be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Commit {
    pub(super) generation: u8,
    pub(super) epoch: u8,
    pub(super) spent: Pair,
    pub(super) pair: Pair,
    pub(super) obtained: Secs,
    pub(super) standing: u16,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Committed {
    Done,
    LoggedOut,
    /// By what stands there now.
    Superseded(u8, u8),
}

/// The journal's file: which one it is, and the answer in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct JournalFile {
    /// The attempt that made it; a file of the same name that is made later is another one.
    pub(super) inode: u8,
    /// The attempt that wrote into it last.
    pub(super) owner: u8,
    pub(super) answer: Option<Commit>,
}

impl Store {
    pub(super) fn at_first() -> Self {
        Self {
            generation: 1,
            epoch: 1,
            material: Some(Material {
                pair: 0,
                obtained: 0,
                refreshable: true,
            }),
            standing: 0,
            claims: [None; PAIRS],
        }
    }

    pub(super) fn view(&self) -> View {
        View {
            generation: self.generation,
            epoch: self.epoch,
            material: self.material,
            standing: self.standing,
            claim: self.refresh_token().and_then(|pair| self.claims[usize::from(pair)]),
        }
    }

    /// The pair whose refresh token the record holds.
    pub(super) fn refresh_token(&self) -> Option<Pair> {
        self.material
            .filter(|material| material.refreshable)
            .map(|material| material.pair)
    }

    pub(super) fn claim(&mut self, pair: Pair, generation: u8, attempt: u8, claimed: Secs) -> bool {
        let place = &mut self.claims[usize::from(pair)];
        let made = place.is_none() && self.generation == generation && self.material.is_some();
        if made {
            *place = Some(Claim {
                attempt,
                claimed,
                sent: None,
                sends: 0,
                sends_before: 0,
                open: true,
                dead: false,
            });
        }
        made
    }

    pub(super) fn take_over(&mut self, pair: Pair, from: u8, attempt: u8, claimed: Secs) -> bool {
        self.own(pair, from).is_some_and(|claim| {
            claim.attempt = attempt;
            claim.claimed = claimed;
            claim.sends_before = claim.sends;
            true
        })
    }

    pub(super) fn mark_sent(&mut self, pair: Pair, attempt: u8, now: Secs) -> bool {
        self.own(pair, attempt).is_some_and(|claim| {
            claim.sends += 1;
            claim.sent = Some(now);
            true
        })
    }

    pub(super) fn release(&mut self, pair: Pair, attempt: u8) {
        if self
            .own(pair, attempt)
            .is_some_and(|claim| claim.sends_before == 0 && claim.sends <= 1)
        {
            self.claims[usize::from(pair)] = None;
        }
    }

    pub(super) fn commit(&mut self, commit: &Commit) -> Committed {
        let buried = self.material.is_none();
        let won = !buried && self.is_at(commit.generation, commit.epoch);
        if won {
            self.generation += 1;
            self.standing = commit.standing;
            self.material = Some(Material {
                pair: commit.pair,
                obtained: commit.obtained,
                refreshable: true,
            });
        }
        self.close(commit.spent, false);
        match (won, buried) {
            (true, _) => Committed::Done,
            (false, true) => Committed::LoggedOut,
            (false, false) => Committed::Superseded(self.generation, self.epoch),
        }
    }

    pub(super) fn quarantine(&mut self, pair: Pair, generation: u8, epoch: u8, standing: u16) {
        if self.is_at(generation, epoch) && self.refresh_token() == Some(pair) {
            if let Some(material) = &mut self.material {
                material.refreshable = false;
            }
            self.standing = standing;
            self.close(pair, true);
        }
    }

    pub(super) fn bury(&mut self) -> Option<Pair> {
        let gone = self.material.take()?;
        self.epoch += 1;
        self.standing = 0;
        Some(gone.pair)
    }

    pub(super) fn log_in(&mut self, pair: Pair, now: Secs) {
        self.generation += 1;
        self.epoch += 1;
        self.standing = 0;
        self.claims[usize::from(pair)] = None;
        self.material = Some(Material {
            pair,
            obtained: now,
            refreshable: true,
        });
    }

    pub(super) fn is_at(&self, generation: u8, epoch: u8) -> bool {
        self.generation == generation && self.epoch == epoch
    }

    fn own(&mut self, pair: Pair, attempt: u8) -> Option<&mut Claim> {
        self.claims[usize::from(pair)]
            .as_mut()
            .filter(|claim| claim.open && claim.attempt == attempt)
    }

    fn close(&mut self, pair: Pair, dead: bool) {
        let claim = self.claims[usize::from(pair)].get_or_insert(Claim {
            attempt: 0,
            claimed: 0,
            sent: None,
            sends: 0,
            sends_before: 0,
            open: false,
            dead,
        });
        claim.open = false;
        claim.dead = dead;
    }
}
