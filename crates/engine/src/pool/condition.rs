//! How a credential stands, as `status` says it.

use crate::credential::{Kind, Material};
use crate::remedy::Remedy;
use crate::store::{Health, Record};
use crate::time::{Moment, Timestamp};
use crate::verdict::Verdict;

/// How a credential stands, for people: health, reason and remedy together, so that they cannot disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The word of INTERFACE.md.
    pub health: &'static str,
    /// Whether a request could be sent with it now.
    pub usable: bool,
    /// Why it is not ready, in words.
    pub why: Option<String>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// The one thing to do.
    pub remedy: Option<Remedy>,
}

/// Reads how a record stands; `key_present` tells of a key in the environment whether it is set.
pub fn condition(record: &Record, key_present: bool, now: &Moment) -> Condition {
    let provider = || record.provider.clone();
    let login = || Remedy::Login {
        provider: record.provider.clone(),
        label: Some(record.label.clone()),
    };
    // What was refused serves no longer, however long it would have lived.
    let refused = record.standing.refused == Some(record.generation);
    let alive = record.material.serves(now) && !refused;
    let mut condition = Condition {
        health: record.standing.health.as_str(),
        usable: false,
        why: None,
        until: None,
        remedy: None,
    };
    if record.standing.disabled {
        condition.health = "disabled";
        condition.why = Some("you switched it off".to_owned());
        condition.remedy = Some(Remedy::Run {
            command: format!("evergrant enable {}", record.id),
            why: "switch it on again".to_owned(),
        });
        return condition;
    }
    let said = || {
        record
            .standing
            .last_error
            .as_ref()
            .map(|error| error.fragment.clone())
            .filter(|said| !said.is_empty())
    };
    match &record.standing.health {
        Health::Ready => match &record.material {
            Material::EnvKey(variable) if !key_present => {
                condition.health = "needs-login";
                condition.why = Some(format!("the environment variable `{variable}` is not set"));
                condition.remedy = Some(Remedy::AddKey { provider: provider() });
            }
            Material::Grant(grant) if !alive && grant.refresh_token.is_none() => {
                condition.health = "needs-login";
                condition.why = Some("the access token is used up and there is no refresh token".to_owned());
                condition.remedy = Some(login());
            }
            Material::Borrowed { tool, .. } if !alive => {
                condition.health = "needs-login";
                condition.why = Some(format!("the token borrowed from {tool} is used up"));
                condition.remedy = Some(Remedy::RenewElsewhere { tool: tool.clone() });
            }
            Material::Grant(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed { .. } => {
                condition.usable = true;
                condition.why = passing_fault(record);
            }
            Material::Gone => condition.remedy = Some(login()),
        },
        Health::Cooling { until, why } => {
            condition.usable = until.since(now.wall).is_zero();
            condition.until = Some(*until);
            condition.why = Some(said().unwrap_or_else(|| why.as_str().to_owned()));
            condition.remedy = Some(match why {
                Verdict::OutOfCredit => Remedy::AddCredit { provider: provider() },
                _ if record.material.kind() == Kind::ApiKey && refused => Remedy::ReplaceKey {
                    provider: provider(),
                    label: record.label.clone(),
                },
                _ => Remedy::Wait { until: Some(*until) },
            });
        }
        Health::OutcomeUnknown { since } => {
            condition.usable = alive;
            condition.why = Some(format!(
                "a renewal was sent at {since} and its answer never came; {}",
                if alive {
                    "the access token still serves"
                } else {
                    "it is tried again at the next use"
                }
            ));
            condition.remedy = Some(if alive {
                Remedy::Wait {
                    until: record.material.expires_at(),
                }
            } else {
                Remedy::Run {
                    command: format!("evergrant refresh {}", record.id),
                    why: "try the renewal again".to_owned(),
                }
            });
        }
        Health::Quarantined { why, at, .. } => {
            condition.usable = alive;
            condition.until = if alive { record.material.expires_at() } else { None };
            let rest = if alive {
                "; the access token serves until it expires"
            } else {
                ""
            };
            condition.why = Some(format!("the provider ended the grant at {at} ({why}){rest}"));
            condition.remedy = Some(login());
        }
        Health::NeedsLogin { why } => {
            condition.why = Some(why.clone());
            condition.remedy = Some(login());
        }
        Health::NotEntitled { until, .. } => {
            condition.usable = until.since(now.wall).is_zero();
            condition.until = Some(*until);
            condition.why = Some(said().unwrap_or_else(|| "the account's plan or policy forbids it".to_owned()));
            condition.remedy = Some(Remedy::ChangePlan {
                provider: provider(),
                key_provider: None,
            });
        }
        Health::AccountDisabled { until } => {
            condition.until = Some(*until);
            condition.why = Some(said().unwrap_or_else(|| "the account is suspended".to_owned()));
            condition.remedy = Some(Remedy::ContactProvider { provider: provider() });
        }
        Health::Unsaved { since } => {
            condition.usable = alive;
            condition.why = Some(format!("a token received at {since} could not be saved yet"));
            condition.remedy = Some(Remedy::EditFile {
                place: "the disk under the home: free space or make it writable".to_owned(),
            });
        }
        Health::LoggedOut { at } => {
            condition.why = Some(format!("logged out at {at}"));
            condition.remedy = Some(login());
        }
    }
    condition
}

/// A renewal that did not succeed lately, though the credential is fine.
fn passing_fault(record: &Record) -> Option<String> {
    let error = record.standing.last_error.as_ref()?;
    (record.standing.rejections > 0).then(|| format!("the last renewal failed: {}", error.verdict.as_str()))
}
