//! The real machine, asked once for each question: what it answers is kept in a book, and worlds carry only the numbers
//! of its pages.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use evergrant_engine::credential::{Authority, Epoch, Fence, Generation, Grant, LoginOrigin, Material};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Flow, Tier};
use evergrant_engine::recovery::renewal::View as RealView;
use evergrant_engine::recovery::renewal::{Action, Ask, Asker, Input, Reason, Renewal, Step, Terms};
use evergrant_engine::secret::{Fingerprint, FingerprintKey, Secret};
use evergrant_engine::store::{Claim, ClaimOwner, Health, Owner, Record, Source, Standing, amend};
use evergrant_engine::time::{BootId, BootTime, Moment, Timestamp};
use evergrant_engine::verdict::{Place, Reading, SignalRef, Verdict};
use evergrant_engine::wire::Phase;

use super::scope::Scope;
use super::store::View;
use super::world::{PAIRS, Pair, Secs};

/// What happened, in the world's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Happened {
    Viewed(View),
    Located,
    Locked,
    Busy(View),
    Waited,
    Connected,
    NotConnected,
    Claimed,
    NotClaimed,
    StoreFailed,
    GaveUp,
    BrokenOff,
    Dead,
    Later,
    Granted,
    Committed(u8, u8),
    LostToLogout,
    LostToLogin(u8, u8),
    NotCommitted,
}

/// A page turned: the machine that waits (none at the end) and what it says to do.
pub(super) type Turn = (Option<u32>, u32);

/// Everything the real machine was asked and answered.
pub(super) struct Book {
    life: Duration,
    terms: Terms,
    tokens: [Fingerprint; PAIRS],
    machines: Pages<Renewal>,
    actions: Pages<Action>,
    standings: Pages<Standing>,
    turns: HashMap<(u32, Happened, Secs), Turn>,
    beginnings: HashMap<(u8, u8, Secs), Turn>,
    amended: HashMap<(u16, u16, u16), u16>,
}

impl Book {
    pub(super) fn new(scope: &Scope) -> Self {
        let key = FingerprintKey::new([7; 32]);
        let mut standings = Pages::default();
        standings.number(Standing::default());
        Self {
            life: Duration::from_secs(scope.life.into()),
            terms: Terms {
                issuer: None,
                client_id: "client".to_owned(),
                reuse_grace: Duration::from_secs(scope.grace.into()),
                serialize_client: false,
                place: Place::without_row("p".into()).into(),
            },
            tokens: std::array::from_fn(|pair| key.fingerprint(&refresh_token(pair))),
            machines: Pages::default(),
            actions: Pages::default(),
            standings,
            turns: HashMap::new(),
            beginnings: HashMap::new(),
            amended: HashMap::new(),
        }
    }

    /// A renewal begins because the generation shown is not good enough: it expires, or a new one is wanted.
    pub(super) fn begin(&mut self, shown: (u8, u8), reason: Reason, now: Secs) -> Turn {
        let wanted = u8::from(reason == Reason::Wanted);
        if let Some(turn) = self.beginnings.get(&(shown.0, shown.1 * 2 + wanted, now)) {
            return *turn;
        }
        let ask = Ask {
            fence: fence(shown.0, shown.1),
            reason,
            asker: Asker::Request,
            min_valid: Duration::ZERO,
        };
        let turn = self.turn(Renewal::begin(ask, self.terms.clone(), &at(now)));
        self.beginnings.insert((shown.0, shown.1 * 2 + wanted, now), turn);
        turn
    }

    /// Tells a machine what happened.
    pub(super) fn tell(&mut self, machine: u32, happened: Happened, now: Secs) -> Turn {
        let question = (machine, happened, now);
        if let Some(turn) = self.turns.get(&question) {
            return *turn;
        }
        let real = Renewal::clone(&self.machines.page(machine));
        let step = real.handle(self.input(happened), &at(now), 0);
        let turn = self.turn(step);
        self.turns.insert(question, turn);
        turn
    }

    pub(super) fn action(&self, number: u32) -> Rc<Action> {
        self.actions.page(number)
    }

    /// The pair whose refresh token has this fingerprint.
    pub(super) fn pair_of(&self, fingerprint: &Fingerprint) -> Pair {
        let found = self.tokens.iter().position(|token| token == fingerprint);
        Pair::try_from(found.expect("a token of ours")).expect("a small number")
    }

    pub(super) fn standing(&mut self, standing: Standing) -> u16 {
        u16::try_from(self.standings.number(standing)).expect("few standings")
    }

    /// What the store keeps when one who knew `before` has learnt `after`, and `stored` is there now.
    pub(super) fn amend(&mut self, before: u16, after: u16, stored: u16) -> u16 {
        if let Some(amended) = self.amended.get(&(before, after, stored)) {
            return *amended;
        }
        let page = |number: u16| Standing::clone(&self.standings.page(number.into()));
        let amended = amend(&page(before), page(after), &page(stored));
        let amended = self.standing(amended);
        self.amended.insert((before, after, stored), amended);
        amended
    }

    /// The standing of a quarantined grant.
    pub(super) fn quarantined(&mut self, pair: Pair) -> u16 {
        self.standing(Standing {
            health: Health::Quarantined {
                fingerprint: self.tokens[usize::from(pair)],
                why: "invalid_grant".to_owned(),
                at: at(0).wall,
            },
            ..Standing::default()
        })
    }

    /// How many different machines were met, and how many questions the real one was asked.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.machines.pages.len(), self.turns.len() + self.beginnings.len())
    }

    fn turn(&mut self, (machine, action): Step) -> Turn {
        (
            machine.map(|machine| self.machines.number(machine)),
            self.actions.number(action),
        )
    }

    fn input(&self, happened: Happened) -> Input {
        match happened {
            Happened::Viewed(view) => Input::Viewed(self.view(&view)),
            Happened::Located => Input::Located(HOST.to_owned()),
            Happened::Locked => Input::Locked,
            Happened::Busy(view) => Input::Busy {
                holder: None,
                stopped: false,
                view: self.view(&view),
            },
            Happened::Waited => Input::Waited,
            Happened::Connected => Input::Connected,
            Happened::NotConnected => broke(Phase::Connect),
            Happened::Claimed => Input::Claimed,
            Happened::NotClaimed => Input::NotClaimed,
            Happened::StoreFailed => Input::StoreFailed(Failure::new(Code::StoreUnwritable, "full")),
            Happened::GaveUp => Input::GaveUp,
            Happened::BrokenOff => broke(Phase::Sent),
            Happened::Dead => refused(Verdict::GrantDead),
            Happened::Later => refused(Verdict::Transient),
            Happened::Granted => Input::Granted,
            Happened::Committed(generation, epoch) => Input::Committed(fence(generation, epoch)),
            Happened::LostToLogout => Input::LostToLogout,
            Happened::LostToLogin(generation, epoch) => Input::LostToLogin(fence(generation, epoch)),
            Happened::NotCommitted => Input::NotCommitted(String::new()),
        }
    }

    fn view(&self, view: &View) -> RealView {
        let token = view
            .material
            .filter(|material| material.refreshable)
            .map(|material| material.pair);
        RealView {
            record: Some(self.record(view)),
            fingerprint: token.map(|pair| self.tokens[usize::from(pair)]),
            claim: token.zip(view.claim).map(|(pair, claim)| Claim {
                fingerprint: self.tokens[usize::from(pair)],
                credential: ID.into(),
                generation: Generation(view.generation.into()),
                owner: ClaimOwner {
                    attempt: claim.attempt.into(),
                    process: Owner {
                        pid: 1,
                        host: String::new(),
                        since: at(0).wall,
                    },
                },
                claimed: at(claim.claimed),
                sent: claim.sent.map(at),
                sends: claim.sends.into(),
                state: claim.state(),
            }),
            refused: false,
        }
    }

    fn record(&self, view: &View) -> Record {
        let material = view.material.map_or(Material::Gone, |material| {
            let pair = usize::from(material.pair);
            Material::Grant(Box::new(Grant {
                access_token: Secret::from(format!("access-{pair}")),
                refresh_token: material.refreshable.then(|| refresh_token(pair)),
                id_token: None,
                token_type: "Bearer".to_owned(),
                scope: None,
                obtained: at(material.obtained),
                lifetime: Some(self.life),
                login: LoginOrigin {
                    authority: Arc::new(Authority {
                        issuer: None,
                        client_id: "client".to_owned(),
                        token_host: HOST.to_owned(),
                    }),
                    subject: None,
                    account: None,
                    at: at(0).wall,
                },
            }))
        });
        Record {
            id: ID.into(),
            provider: "acme".into(),
            label: "default".into(),
            source: Source::Login(Flow::Browser),
            priority: 0,
            generation: Generation(view.generation.into()),
            epoch: Epoch(view.epoch.into()),
            material,
            standing: Standing::clone(&self.standings.page(view.standing.into())).into(),
            created_at: at(0).wall,
            updated_at: at(0).wall,
        }
    }
}

/// Numbered pages, equal ones only once.
struct Pages<T> {
    pages: Vec<Rc<T>>,
    numbers: HashMap<String, u32>,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self {
            pages: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<T: std::fmt::Debug + PartialEq> Pages<T> {
    fn number(&mut self, page: T) -> u32 {
        let text = format!("{page:?}");
        if let Some(number) = self.numbers.get(&text) {
            assert!(*self.page(*number) == page, "two pages look the same: {text}");
            return *number;
        }
        let number = u32::try_from(self.pages.len()).expect("few pages");
        self.pages.push(Rc::new(page));
        self.numbers.insert(text, number);
        number
    }

    fn page(&self, number: u32) -> Rc<T> {
        Rc::clone(&self.pages[number as usize])
    }
}

fn at(secs: Secs) -> Moment {
    Moment {
        wall: Timestamp::from_secs(1_800_000_000 + i64::from(secs)),
        boot: BootTime::from_millis(1_000_000 + u64::from(secs) * 1_000),
        boot_id: BootId::from("boot"),
    }
}

fn fence(generation: u8, epoch: u8) -> Fence {
    Fence {
        id: ID.into(),
        generation: Generation(generation.into()),
        epoch: Epoch(epoch.into()),
    }
}

fn refresh_token(pair: usize) -> Secret<String> {
    Secret::from(format!("refresh-{pair}"))
}

const fn broke(phase: Phase) -> Input {
    Input::Broke {
        phase,
        detail: String::new(),
    }
}

fn refused(verdict: Verdict) -> Input {
    Input::Refused {
        reading: Reading {
            verdict,
            signal: SignalRef {
                name: "signal".into(),
                tier: Tier::Standard,
                file: "token.toml".into(),
                line: 1,
            },
            retry_after: None,
            reset_source: None,
            fragment: String::new(),
        },
        moved: false,
    }
}

const ID: &str = "id";

const HOST: &str = "auth.example.com";
