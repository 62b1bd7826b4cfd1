//! `key`: who may use the gateway, and on which terms.

use std::num::{NonZeroU32, NonZeroU64};

use clap::{Args, Subcommand};
use evergrant_driver::client_key::{ClientKey, KeyName, KeyTerms, NewKey};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, Failure, ProviderId, Remedy, Timestamp, client_keys, providers};

use super::colours;
use super::console::Console;
use super::exit::Exit;
use super::expiry::Expiry;
use super::key_json::{AddedShape, KeysShape, RemovedShape};
use super::online;
use super::table::{Cell, Table};
use super::when;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Subcommand)]
enum Deed {
    /// Make a key for a client of the gateway; it is shown once
    ///
    /// Each limit holds only where it is set. Only a fingerprint of the key is kept: whoever loses it makes a new one.
    Add(Box<Wanted>),
    /// List the keys and their terms, offline
    List,
    /// Forget a key: whoever uses it is refused within a second
    Remove(Named),
}

/// A new key and its terms.
#[derive(Args, Debug)]
struct Wanted {
    /// What to call it, in lists and in what was used
    name: KeyName,
    /// Only this provider may be asked; may be repeated
    #[arg(long = "provider", value_name = "P")]
    providers: Vec<String>,
    /// Only models like this may be asked for, as in 'grok-*'; may be repeated
    #[arg(long = "model", value_name = "GLOB")]
    models: Vec<String>,
    /// So many requests within any minute, at each gateway
    #[arg(long, value_name = "N")]
    rpm: Option<NonZeroU32>,
    /// So many requests at one time, at each gateway
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroU32>,
    /// So many tokens, in and out, each day (UTC)
    #[arg(long, value_name = "N")]
    tokens_per_day: Option<NonZeroU64>,
    /// For the gateway's `/metrics`, and for nothing else
    #[arg(long, conflicts_with_all = ["providers", "models", "tokens_per_day"])]
    metrics: bool,
    /// Until when it is good: 12h, 30d, 2027-01-31 or a time of RFC 3339
    #[arg(long, value_name = "D")]
    expires: Option<Expiry>,
}

#[derive(Args, Debug)]
struct Named {
    /// What it is called
    name: KeyName,
}

impl Wanted {
    fn meant(&self, settings: &Settings, now: Timestamp) -> Result<NewKey, Failure> {
        let known = providers(settings)?;
        for provider in &self.providers {
            if !known.iter().any(|info| info.id.as_str() == provider) {
                let message = format!("there is no provider `{provider}`: the key could not be used there");
                return Err(Failure::new(Code::UnknownProvider, message).with_remedy(Remedy::Run {
                    command: "evergrant providers".to_owned(),
                    why: "choose one that is listed".to_owned(),
                }));
            }
        }
        if self.models.iter().any(String::is_empty) {
            return Err(wrong("an empty pattern names no model"));
        }
        let expires_at = match self.expires.map(|expiry| expiry.from(now)) {
            Some(None) => return Err(wrong("the key would have expired already")),
            Some(at @ Some(_)) => at,
            None => None,
        };
        Ok(NewKey {
            name: self.name.clone(),
            terms: KeyTerms {
                providers: self.providers.iter().map(|id| ProviderId::from(id.as_str())).collect(),
                models: self.models.clone(),
                requests_per_minute: self.rpm.map(NonZeroU32::get),
                concurrency: self.concurrency.map(NonZeroU32::get),
                tokens_per_day: self.tokens_per_day.map(NonZeroU64::get),
                expires_at,
                metrics: self.metrics,
            },
            lent: false,
        })
    }
}

fn wrong(what: &str) -> Failure {
    Failure::new(Code::Usage, what).with_remedy(Remedy::Run {
        command: "evergrant key add --help".to_owned(),
        why: "see what can be given".to_owned(),
    })
}

/// Makes, lists or removes.
///
/// # Errors
/// A name that is taken or unknown, a store that cannot be used.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    match &typed.deed {
        Deed::Add(wanted) => add(wanted, settings, console),
        Deed::List => list(&settings, console),
        Deed::Remove(named) => remove(named, settings, console),
    }
}

fn add(wanted: &Wanted, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let new = wanted.meant(&settings, when::now())?;
    online::with_driver(settings, console, async |driver: Driver| {
        let added = driver.add_client_key(new).await?;
        if console.json() {
            console.document(&AddedShape::from(&added))?;
        } else {
            console.note(&format!(
                "the key of `{}`, which is shown this once: only a fingerprint of it is kept",
                added.name
            ));
            console.line(added.key.expose())?;
        }
        Ok(Exit::DONE)
    })
}

fn list(settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    let (keys, now) = (client_keys(settings)?, when::now());
    if console.json() {
        console.document(&KeysShape::of(&keys, now))?;
    } else if keys.is_empty() {
        console.note("no client keys; `evergrant key add NAME` makes one");
    } else {
        console.line(&table(&keys, now, console))?;
    }
    Ok(Exit::DONE)
}

fn remove(named: &Named, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    online::with_driver(settings, console, async |driver: Driver| {
        driver.remove_client_key(&named.name).await?;
        if console.json() {
            let name = named.name.as_str();
            console.document(&RemovedShape { name, removed: true })?;
        } else {
            console.note(&format!("removed the client key `{}`", named.name));
        }
        Ok(Exit::DONE)
    })
}

fn table(keys: &[ClientKey], now: Timestamp, console: &Console) -> String {
    let head = vec![
        "NAME",
        "PROVIDERS",
        "MODELS",
        "RPM",
        "AT ONCE",
        "TOKENS A DAY",
        "EXPIRES",
    ];
    let mut table = Table::new(head);
    for key in keys {
        let terms = &key.terms;
        let providers: Vec<&str> = terms.providers.iter().map(ProviderId::as_str).collect();
        let (providers, models) = if terms.metrics {
            ("/metrics".to_owned(), "-".to_owned())
        } else {
            (all_or(&providers), all_or(&terms.models))
        };
        let number = |limit: Option<u64>| limit.map_or_else(|| "-".to_owned(), |limit| limit.to_string());
        let expires = match terms.expires_at {
            Some(_) if terms.has_expired(now) => Cell::styled("expired", colours::WARNING),
            Some(at) => when::relative(at, now).as_str().into(),
            None => "-".into(),
        };
        table.row(vec![
            key.name.as_str().into(),
            providers.as_str().into(),
            models.as_str().into(),
            number(terms.requests_per_minute.map(u64::from)).as_str().into(),
            number(terms.concurrency.map(u64::from)).as_str().into(),
            number(terms.tokens_per_day).as_str().into(),
            expires,
        ]);
    }
    table.render(console)
}

fn all_or<T: AsRef<str>>(named: &[T]) -> String {
    if named.is_empty() {
        return "all".to_owned();
    }
    let named: Vec<&str> = named.iter().map(AsRef::as_ref).collect();
    named.join(", ")
}

const EXAMPLES: &str = "\
Examples:
  evergrant key add laptop
  evergrant key add ci --model 'grok-*' --rpm 60 --tokens-per-day 2000000 --expires 30d
  OPENAI_API_KEY=$(evergrant key add agent)          the key alone goes to stdout
  evergrant key add prometheus --metrics             for `/metrics`, and for nothing else
  evergrant key list --json | jq -r '.keys[].name'
  evergrant key remove laptop";
