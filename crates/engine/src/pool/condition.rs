//! How a credential stands, in words: health, reason and remedy of each.

use std::time::Duration;

use super::health::{Readiness, readiness};
use super::member::{Life, Member};
use crate::credential::ProviderId;
use crate::failure::{Code, Failure};
use crate::remedy::Remedy;
use crate::store::{Health, LastError};
use crate::time::{Moment, Timestamp};
use crate::verdict::{Channel, Place, Situation, Verdict, advise, anew, code, message};

/// How a credential stands, for people: health, reason and remedy together, so that they cannot disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The word of INTERFACE.md.
    pub health: &'static str,
    /// Whether a request could be sent with it now.
    pub usable: bool,
    /// The stable code of why it is not ready.
    pub code: Option<Code>,
    /// Why it is not ready, in words.
    pub why: Option<String>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// The one thing to do.
    pub remedy: Option<Remedy>,
}

impl Condition {
    /// The same where its provider has no row, for this fault of its file if there is one: nothing can be sent, whatever the
    /// credential is worth.
    #[must_use]
    pub fn without_row(self, provider: &ProviderId, fault: Option<&Failure>) -> Self {
        if let Some(fault) = fault {
            return Self {
                usable: false,
                code: Some(fault.code),
                why: Some(fault.message.clone()),
                remedy: fault.remedy.clone(),
                ..self
            };
        }
        Self {
            usable: false,
            code: Some(Code::UnknownProvider),
            why: Some(format!("there is no provider `{provider}` any more")),
            remedy: Some(Remedy::EditFile {
                place: format!("`providers.d`: put the row of {provider} back"),
            }),
            ..self
        }
    }
}

/// Who words how a member stands at its provider.
pub(super) struct Teller<'a> {
    pub(super) member: &'a Member,
    pub(super) place: &'a Place,
}

impl Teller<'_> {
    /// How it stands, whatever the user or the provider's calendar say.
    pub(super) fn by_health(&self, now: &Moment) -> Condition {
        let own = self.by_itself(now);
        let Some(rest) = self.member.standing.resting(now.wall).filter(|_| own.usable) else {
            return own;
        };
        // What keeps it from being used comes first; what is to be known of its renewal stays true.
        let limited = self.pausing(rest.why, rest.until, now);
        Condition {
            why: limited
                .why
                .zip(own.why)
                .map(|(limited, own)| format!("{limited}; {own}")),
            ..limited
        }
    }

    fn by_itself(&self, now: &Moment) -> Condition {
        let member = self.member;
        // What was refused serves no longer, however long it would have lived.
        let alive = member.remaining(now).is_none_or(|left| !left.is_zero()) && !member.is_refused();
        match &member.standing.health {
            Health::Ready => self.ready(alive, now),
            Health::Cooling { until, why } => self.pausing(*why, *until, now),
            Health::NotEntitled { until, .. } => self.pausing(Verdict::NotEntitled, *until, now),
            Health::AccountDisabled { until } => self.pausing(Verdict::AccountDisabled, *until, now),
            Health::OutcomeUnknown { since } => {
                let rest = if alive {
                    "the access token still serves"
                } else {
                    "it is tried again at the next use"
                };
                let why = if member.standing.is_restored() {
                    format!("it came back from a backup of {since}, and may have been renewed elsewhere since; {rest}")
                } else {
                    format!("a renewal was sent at {since} and its answer never came; {rest}")
                };
                let remedy = if alive {
                    Remedy::NextUse {
                        after: member.expires_at(),
                    }
                } else {
                    self.renew()
                };
                self.said(alive, Code::OutcomeUnknown, why, remedy)
            }
            Health::Quarantined { why, at, .. } => {
                let rest = if alive {
                    "; the access token serves until it expires"
                } else {
                    ""
                };
                let ended = self.message(Verdict::GrantDead, Channel::Token);
                let condition = self.said(
                    alive,
                    Code::GrantDead,
                    format!("{ended} at {at} ({why}){rest}"),
                    self.anew(),
                );
                Condition {
                    until: if alive { member.expires_at() } else { None },
                    ..condition
                }
            }
            Health::NeedsLogin { why } => self.said(false, Code::NeedsLogin, why.clone(), self.anew()),
            Health::Unsaved { since } => {
                let why = format!("a token received at {since} could not be saved yet");
                let remedy = Remedy::EditFile {
                    place: "the disk under the home: free space or make it writable".to_owned(),
                };
                self.said(alive, Code::StoreUnwritable, why, remedy)
            }
            Health::LoggedOut { at } => {
                self.said(false, Code::NoCredential, format!("logged out at {at}"), self.anew())
            }
        }
    }

    /// Nothing stands against it but the end of its secret, and what came of the last renewal.
    fn ready(&self, alive: bool, now: &Moment) -> Condition {
        let member = self.member;
        let needs_login = |why: String, remedy| Condition {
            health: "needs-login",
            ..self.said(false, Code::NeedsLogin, why, remedy)
        };
        let passing = self.passing_fault();
        match (&member.life, readiness(member, Duration::ZERO, now)) {
            (Life::Borrowed { .. }, _) if !alive => {
                let tool = member.owner().unwrap_or("its owner");
                let why = format!("the token borrowed from {tool} is used up");
                needs_login(why, self.advice(Verdict::Unauthenticated, Channel::Inference, None))
            }
            (Life::Token { renewable: false, .. }, _) if !alive => {
                let why = "the access token is used up and there is no refresh token";
                needs_login(why.to_owned(), self.anew())
            }
            (Life::None, _) => self.said(false, Code::NoCredential, "it has no secret".to_owned(), self.anew()),
            // A renewal that is held back keeps a lapsed grant from serving.
            (Life::Token { .. }, Readiness::NotBefore { until, .. }) if !alive => {
                let (verdict, held) = passing.map_or((Verdict::Transient, Code::Transient), |error| {
                    (error.verdict, error.code)
                });
                let remedy = self.advice(verdict, Channel::Token, Some(until));
                Condition {
                    health: "cooling",
                    until: Some(until),
                    ..self.said(false, held, self.message(verdict, Channel::Token), remedy)
                }
            }
            (Life::Token { .. } | Life::Open | Life::Borrowed { .. }, _) => Condition {
                health: member.standing.health.as_str(),
                usable: true,
                code: None,
                why: match passing {
                    Some(error) => Some(self.message(error.verdict, error.channel)),
                    None => self.limited_models(now),
                },
                until: None,
                remedy: passing
                    .and_then(|error| advise(error.verdict, &self.situation(error.channel, None)))
                    .filter(|remedy| !matches!(remedy, Remedy::Wait { .. })),
            },
        }
    }

    /// The models for which it rests while it serves the others.
    fn limited_models(&self, now: &Moment) -> Option<String> {
        let pauses = self
            .member
            .standing
            .models
            .iter()
            .filter(|pause| pause.until > now.wall);
        let each = pauses.map(|pause| format!("limited for `{}` until {}", pause.model, pause.until));
        let all = each.collect::<Vec<_>>().join(", ");
        (!all.is_empty()).then_some(all)
    }

    /// It sits out a refusal.
    fn pausing(&self, verdict: Verdict, until: Timestamp, now: &Moment) -> Condition {
        let member = self.member;
        let error = member.standing.last_error.as_ref();
        let channel = error
            .filter(|error| error.verdict == verdict)
            .map(|error| error.channel);
        let channel = channel.unwrap_or(Channel::Inference);
        let remedy = self.advice(verdict, channel, Some(until));
        let usable = match readiness(member, Duration::ZERO, now) {
            Readiness::Now | Readiness::AfterRenewal { .. } | Readiness::AfterReread => true,
            Readiness::NotBefore { .. } | Readiness::Never(_) => false,
        };
        Condition {
            until: Some(until),
            ..self.said(
                usable,
                code(verdict, member.lease.kind),
                self.message(verdict, channel),
                remedy,
            )
        }
    }

    fn said(&self, usable: bool, code: Code, why: String, remedy: Remedy) -> Condition {
        Condition {
            health: self.member.standing.health.as_str(),
            usable,
            code: Some(code),
            why: Some(why),
            until: None,
            remedy: Some(remedy),
        }
    }

    fn message(&self, verdict: Verdict, channel: Channel) -> String {
        message(verdict, channel, &self.place.name, Some(&self.member.lease.label))
    }

    /// A renewal that did not succeed lately, though the credential is fine.
    fn passing_fault(&self) -> Option<&LastError> {
        let standing = &self.member.standing;
        standing.renewal_error().filter(|_| standing.rejections > 0)
    }

    fn situation(&self, channel: Channel, reset: Option<Timestamp>) -> Situation<'_> {
        Situation {
            place: self.place,
            channel,
            kind: self.member.lease.kind,
            label: Some(&self.member.lease.label),
            owner: self.member.owner(),
            variable: self.member.variable(),
            reset,
        }
    }

    fn advice(&self, verdict: Verdict, channel: Channel, reset: Option<Timestamp>) -> Remedy {
        advise(verdict, &self.situation(channel, reset)).unwrap_or(Remedy::Wait { until: reset })
    }

    /// What takes its place when it is gone for good.
    pub(super) fn anew(&self) -> Remedy {
        anew(&self.situation(Channel::Token, None))
    }

    fn renew(&self) -> Remedy {
        Remedy::Renew {
            provider: self.member.lease.provider.clone(),
            label: self.member.lease.label.clone(),
        }
    }
}
