//! Standing and source, written down in the clear: no secret is in them.

use evergrant_engine::credential::Generation;
use evergrant_engine::failure::Code;
use evergrant_engine::provider::Flow;
use evergrant_engine::secret::Fingerprint;
use evergrant_engine::store::{Health, LastError, Minted, ModelPause, Rest, Source, Standing};
use evergrant_engine::time::{Moment, Timestamp};
use evergrant_engine::vocabulary::Channel;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::moment::MomentWire;
use super::pause::{ModelPauseWire, RestWire, verdict};
use super::unreadable::Unreadable;

/// The standing as JSON.
pub(in crate::store) fn write_standing(standing: &Standing) -> Result<String, Unreadable> {
    serde_json::to_string(&StandingWire::from(standing)).map_err(|_| Unreadable("standing"))
}

/// The standing as JSON over the one that stands there: what a newer minor version has added to it stays.
pub(in crate::store) fn write_standing_over(standing: &Standing, there: &str) -> Result<String, Unreadable> {
    let Ok(Value::Object(mut merged)) = serde_json::from_str(there) else {
        return write_standing(standing);
    };
    let Ok(Value::Object(known)) = serde_json::to_value(StandingWire::from(standing)) else {
        return Err(Unreadable("standing"));
    };
    merged.retain(|field, _| !OMITTED.contains(&field.as_str()));
    merged.extend(known);
    serde_json::to_string(&merged).map_err(|_| Unreadable("standing"))
}

/// The standing of that JSON. A word that a newer minor version has added says nothing here, and spoils nothing.
pub(in crate::store) fn read_standing(text: &str) -> Result<Standing, Unreadable> {
    let wire: StandingWire = serde_json::from_str(text).map_err(|_| Unreadable("standing"))?;
    wire.try_into()
}

/// The source as one word, or two with a colon between.
pub(in crate::store) fn write_source(source: &Source) -> String {
    match source {
        Source::Login(flow) => format!("login:{}", flow.as_str()),
        Source::Added => "added".to_owned(),
        Source::Environment => "environment".to_owned(),
        Source::Imported(tool) => format!("imported:{tool}"),
    }
}

/// The source of those words.
pub(in crate::store) fn read_source(text: &str) -> Result<Source, Unreadable> {
    let read = match text.split_once(':') {
        Some(("login", flow)) => [Flow::Browser, Flow::Device, Flow::Paste]
            .into_iter()
            .find(|known| known.as_str() == flow)
            .map(Source::Login),
        Some(("imported", tool)) => Some(Source::Imported(tool.to_owned())),
        None if text == "added" => Some(Source::Added),
        None if text == "environment" => Some(Source::Environment),
        Some(_) | None => None,
    };
    read.ok_or(Unreadable("source"))
}

#[derive(Serialize, Deserialize)]
pub(super) struct StandingWire {
    health: HealthWire,
    disabled: bool,
    strikes: u32,
    accepted: Option<u64>,
    refused: Option<u64>,
    settled: Option<i64>,
    #[serde(default)]
    settled_at: Option<MomentWire>,
    minted: Option<MintedWire>,
    last_error: Option<LastErrorWire>,
    rejections: u32,
    rejected_since: Option<i64>,
    renew_not_before: Option<i64>,
    #[serde(default)]
    keep_not_before: Option<i64>,
    #[serde(default)]
    put_off_at: Option<MomentWire>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    models: Vec<ModelPauseWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<RestWire>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restored_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
enum HealthWire {
    Ready,
    Cooling { until: i64, why: String },
    OutcomeUnknown { since: i64 },
    Quarantined { fingerprint: String, why: String, at: i64 },
    NeedsLogin { why: String },
    NotEntitled { until: i64, generation: u64 },
    AccountDisabled { until: i64 },
    Unsaved { since: i64 },
    LoggedOut { at: i64 },
}

#[derive(Serialize, Deserialize)]
struct MintedWire {
    at: MomentWire,
    reactive: bool,
}

#[derive(Serialize, Deserialize)]
struct LastErrorWire {
    verdict: String,
    #[serde(default)]
    channel: Option<String>,
    code: String,
    signal: String,
    #[serde(default)]
    file: String,
    #[serde(default)]
    line: u32,
    at: i64,
    generation: u64,
    fragment: String,
}

impl From<&Standing> for StandingWire {
    fn from(standing: &Standing) -> Self {
        Self {
            health: HealthWire::from(&standing.health),
            disabled: standing.disabled,
            strikes: standing.strikes,
            accepted: standing.accepted.map(|generation| generation.0),
            refused: standing.refused.map(|generation| generation.0),
            settled: standing.settled.as_ref().map(|at| at.wall.as_millis()),
            settled_at: standing.settled.as_deref().map(MomentWire::from),
            minted: standing.minted.as_ref().map(|minted| MintedWire {
                at: MomentWire::from(&minted.at),
                reactive: minted.reactive,
            }),
            last_error: standing.last_error.as_deref().map(LastErrorWire::from),
            rejections: standing.rejections,
            rejected_since: standing.rejected_since.map(Timestamp::as_millis),
            renew_not_before: standing.renew_not_before.map(Timestamp::as_millis),
            keep_not_before: standing.keep_not_before.map(Timestamp::as_millis),
            put_off_at: standing.put_off_at.as_deref().map(MomentWire::from),
            models: standing.models.iter().map(ModelPauseWire::from).collect(),
            rest: standing.rest.as_deref().map(RestWire::from),
            restored_at: standing.restored_at.map(Timestamp::as_millis),
        }
    }
}

impl TryFrom<StandingWire> for Standing {
    type Error = Unreadable;

    fn try_from(wire: StandingWire) -> Result<Self, Unreadable> {
        Ok(Self {
            health: wire.health.try_into()?,
            disabled: wire.disabled,
            strikes: wire.strikes,
            accepted: wire.accepted.map(Generation),
            refused: wire.refused.map(Generation),
            settled: wire
                .settled_at
                .map(Moment::from)
                .or_else(|| wire.settled.map(told_by_wall))
                .map(Box::new),
            minted: wire.minted.map(|minted| {
                Box::new(Minted {
                    at: minted.at.into(),
                    reactive: minted.reactive,
                })
            }),
            last_error: wire
                .last_error
                .and_then(|error| LastError::try_from(error).ok())
                .map(Box::new),
            rejections: wire.rejections,
            rejected_since: wire.rejected_since.map(Timestamp::from_millis),
            renew_not_before: wire.renew_not_before.map(Timestamp::from_millis),
            keep_not_before: wire.keep_not_before.map(Timestamp::from_millis),
            put_off_at: wire.put_off_at.map(Moment::from).map(Box::new),
            models: wire
                .models
                .into_iter()
                .filter_map(|pause| ModelPause::try_from(pause).ok())
                .collect(),
            rest: wire.rest.and_then(|rest| Rest::try_from(rest).ok()).map(Box::new),
            restored_at: wire.restored_at.map(Timestamp::from_millis),
        })
    }
}

/// Written before both clocks were: of no boot, so that the wall clock counts.
fn told_by_wall(millis: i64) -> Moment {
    Moment {
        wall: Timestamp::from_millis(millis),
        ..Moment::default()
    }
}

impl From<&Health> for HealthWire {
    fn from(health: &Health) -> Self {
        match health {
            Health::Ready => Self::Ready,
            Health::Cooling { until, why } => Self::Cooling {
                until: until.as_millis(),
                why: why.as_str().to_owned(),
            },
            Health::OutcomeUnknown { since } => Self::OutcomeUnknown {
                since: since.as_millis(),
            },
            Health::Quarantined { fingerprint, why, at } => Self::Quarantined {
                fingerprint: write_fingerprint(fingerprint),
                why: why.clone(),
                at: at.as_millis(),
            },
            Health::NeedsLogin { why } => Self::NeedsLogin { why: why.clone() },
            Health::NotEntitled { until, generation } => Self::NotEntitled {
                until: until.as_millis(),
                generation: generation.0,
            },
            Health::AccountDisabled { until } => Self::AccountDisabled {
                until: until.as_millis(),
            },
            Health::Unsaved { since } => Self::Unsaved {
                since: since.as_millis(),
            },
            Health::LoggedOut { at } => Self::LoggedOut { at: at.as_millis() },
        }
    }
}

impl TryFrom<HealthWire> for Health {
    type Error = Unreadable;

    fn try_from(wire: HealthWire) -> Result<Self, Unreadable> {
        let at = Timestamp::from_millis;
        Ok(match wire {
            HealthWire::Ready => Self::Ready,
            // For a reason that is not known here it is not left alone either: a request finds out.
            HealthWire::Cooling { until, why } => {
                verdict(&why).map_or(Self::Ready, |why| Self::Cooling { until: at(until), why })
            }
            HealthWire::OutcomeUnknown { since } => Self::OutcomeUnknown { since: at(since) },
            HealthWire::Quarantined {
                fingerprint,
                why,
                at: when,
            } => Self::Quarantined {
                fingerprint: read_fingerprint(&fingerprint)?,
                why,
                at: at(when),
            },
            HealthWire::NeedsLogin { why } => Self::NeedsLogin { why },
            HealthWire::NotEntitled { until, generation } => Self::NotEntitled {
                until: at(until),
                generation: Generation(generation),
            },
            HealthWire::AccountDisabled { until } => Self::AccountDisabled { until: at(until) },
            HealthWire::Unsaved { since } => Self::Unsaved { since: at(since) },
            HealthWire::LoggedOut { at: when } => Self::LoggedOut { at: at(when) },
        })
    }
}

impl From<&LastError> for LastErrorWire {
    fn from(error: &LastError) -> Self {
        Self {
            verdict: error.verdict.as_str().to_owned(),
            channel: Some(error.channel.as_str().to_owned()),
            code: error.code.as_str().to_owned(),
            signal: error.signal.clone(),
            file: error.file.clone(),
            line: error.line,
            at: error.at.as_millis(),
            generation: error.generation.0,
            fragment: error.fragment.clone(),
        }
    }
}

impl TryFrom<LastErrorWire> for LastError {
    type Error = Unreadable;

    fn try_from(wire: LastErrorWire) -> Result<Self, Unreadable> {
        let code = Code::ALL.iter().find(|code| code.as_str() == wire.code);
        Ok(Self {
            verdict: verdict(&wire.verdict)?,
            channel: match wire.channel {
                Some(word) => Channel::parse(&word).ok_or(Unreadable("channel"))?,
                // Written before that was kept: what only a login server says was said by one.
                None if verdict(&wire.verdict)?.is_read_on(Channel::Inference) => Channel::Inference,
                None => Channel::Token,
            },
            code: *code.ok_or(Unreadable("code"))?,
            signal: wire.signal,
            file: wire.file,
            line: wire.line,
            at: Timestamp::from_millis(wire.at),
            generation: Generation(wire.generation),
            fragment: wire.fragment,
        })
    }
}

/// All 256 bits as 64 hex digits.
pub(super) fn write_fingerprint(fingerprint: &Fingerprint) -> String {
    hex::encode(fingerprint.as_bytes())
}

/// The fingerprint of those digits.
pub(super) fn read_fingerprint(text: &str) -> Result<Fingerprint, Unreadable> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| Unreadable("fingerprint"))?;
    Ok(Fingerprint::from_bytes(bytes))
}

/// The fields that are not written where there is nothing to write.
const OMITTED: [&str; 3] = ["models", "rest", "restored_at"];

#[cfg(test)]
mod tests {
    use evergrant_engine::time::Moment;
    use evergrant_engine::vocabulary::Verdict;

    use super::*;

    #[track_caller]
    fn check(standing: &Standing) {
        let text = write_standing(standing).unwrap();
        assert_eq!(&read_standing(&text).unwrap(), standing, "{text}");
        // Over it, nothing is left of it but what nobody knows.
        let foreign = text.replacen('{', r#"{"colour":"green","#, 1);
        let over = write_standing_over(&Standing::default(), &foreign).unwrap();
        assert_eq!(read_standing(&over).unwrap(), Standing::default(), "{over}");
        assert!(over.contains(r#""colour":"green""#), "{over}");
        assert_eq!(write_standing_over(standing, "damaged").unwrap(), text);
    }

    #[test]
    fn every_health_survives() {
        let at = Timestamp::from_millis(1_800_000_000_001);
        let healths = [
            Health::Ready,
            Health::Cooling {
                until: at,
                why: Verdict::RateLimited,
            },
            Health::OutcomeUnknown { since: at },
            Health::Quarantined {
                fingerprint: Fingerprint::from_bytes([0xab; 32]),
                why: "invalid_grant".to_owned(),
                at,
            },
            Health::NeedsLogin { why: "why".to_owned() },
            Health::NotEntitled {
                until: at,
                generation: Generation(u64::MAX),
            },
            Health::AccountDisabled { until: at },
            Health::Unsaved { since: at },
            Health::LoggedOut { at },
        ];
        for health in healths {
            check(&Standing {
                health,
                ..Standing::default()
            });
        }
    }

    #[test]
    fn every_field_survives() {
        let at = Timestamp::from_millis(7);
        for (verdict, code) in Verdict::ALL.iter().zip(Code::ALL.iter().cycle()) {
            check(&Standing {
                health: Health::Ready,
                disabled: true,
                strikes: 3,
                accepted: Some(Generation(1)),
                refused: Some(Generation(2)),
                settled: Some(Box::default()),
                minted: Some(Box::new(Minted {
                    at: Moment::default(),
                    reactive: true,
                })),
                last_error: Some(Box::new(LastError {
                    verdict: *verdict,
                    channel: if verdict.is_read_on(Channel::Token) {
                        Channel::Token
                    } else {
                        Channel::Inference
                    },
                    code: *code,
                    signal: "signal".to_owned(),
                    file: "token.toml".to_owned(),
                    line: 7,
                    at,
                    generation: Generation(4),
                    fragment: "\"quoted\" \u{0}".to_owned(),
                })),
                rejections: 5,
                rejected_since: Some(at),
                renew_not_before: Some(at),
                keep_not_before: Some(at),
                put_off_at: Some(Box::default()),
                models: vec![ModelPause {
                    model: "m/1".to_owned(),
                    until: at,
                    refused_at: at,
                    why: *verdict,
                    strikes: 2,
                }],
                rest: Some(Box::new(Rest {
                    refused_at: at,
                    until: at,
                    why: *verdict,
                    strikes: 2,
                })),
                restored_at: Some(at),
            });
        }
        for code in Code::ALL {
            assert_eq!(
                Code::ALL.iter().filter(|other| other.as_str() == code.as_str()).count(),
                1
            );
        }
    }

    #[test]
    fn every_source_survives() {
        let sources = [
            Source::Login(Flow::Browser),
            Source::Login(Flow::Device),
            Source::Login(Flow::Paste),
            Source::Added,
            Source::Environment,
            Source::Imported("tool:with:colons".to_owned()),
        ];
        for source in sources {
            assert_eq!(read_source(&write_source(&source)).unwrap(), source);
        }
        assert!(read_source("login:carrier-pigeon").is_err());
        assert!(read_source("added:").is_err());
    }

    #[test]
    fn a_word_of_a_newer_minor_version_spoils_nothing() {
        let at = Timestamp::from_millis(7);
        let rest = Rest {
            refused_at: at,
            until: at,
            why: Verdict::RateLimited,
            strikes: 2,
        };
        let standing = Standing {
            health: rest.health(Generation(1)),
            accepted: Some(Generation(1)),
            last_error: Some(Box::new(LastError::unreached(at, Generation(1)))),
            rest: Some(Box::new(rest)),
            ..Standing::default()
        };
        let text = write_standing(&standing).unwrap();
        let newer = text
            .replace("\"rate-limited\"", "\"moonstruck\"")
            .replace("\"unreachable\"", "\"eclipsed\"");
        assert_ne!(newer, text);
        let read = read_standing(&newer).unwrap();
        assert_eq!((read.health, read.rest, read.last_error), (Health::Ready, None, None));
        assert_eq!(read.accepted, standing.accepted);
    }

    #[test]
    fn damage_is_an_error() {
        assert!(read_standing("{}").is_err());
        assert!(read_fingerprint("zz").is_err());
        assert!(read_fingerprint(&"é".repeat(32)).is_err());
    }
}
