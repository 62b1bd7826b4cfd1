//! `status`: everything about each credential, offline and read-only; reading changes nothing.

use std::time::Duration;

use clap::Args;
use evergrant_driver::provider::ProviderInfo;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Account, Code, Failure, Holdings, ProviderId, Remedy};

use super::console::Console;
use super::credential_json::CredentialsShape;
use super::credential_text;
use super::exit::Exit;
use super::failure;
use super::interrupts::Interrupts;
use super::online;
use super::revocation_text;
use super::when;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// Only this provider's, and exit 3 if none of them can be used
    provider: Option<String>,
    /// Go on, and show it again when it changes
    #[arg(long)]
    watch: bool,
}

/// Shows it, once or again and again.
///
/// # Errors
/// A store that cannot be read, a provider that does not exist.
pub(crate) fn run(typed: &Typed, settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    let provider = typed.provider.as_deref().map(ProviderId::from);
    let named = provider
        .as_ref()
        .map(|provider| known(provider, settings))
        .transpose()?;
    if typed.watch {
        return online::run(watch(provider.as_ref(), settings, console));
    }
    let holdings = read(provider.as_ref(), settings)?;
    show(&holdings, console)?;
    let accounts = &holdings.accounts;
    match named {
        Some(info) if !accounts.iter().any(|account| account.usable) => {
            if !console.json() {
                failure::tell(&unusable(&info, accounts), console);
            }
            Ok(Exit::of(Code::NoCredential))
        }
        None if accounts.is_empty() && !console.json() => {
            console.note(NONE_YET);
            Ok(Exit::DONE)
        }
        Some(_) | None => Ok(Exit::DONE),
    }
}

fn known(provider: &ProviderId, settings: &Settings) -> Result<ProviderInfo, Failure> {
    let providers = evergrant_driver::providers(settings)?;
    let unknown = || {
        Failure::new(Code::UnknownProvider, format!("no such provider: `{provider}`")).with_remedy(Remedy::Run {
            command: "evergrant providers".to_owned(),
            why: "see which providers there are".to_owned(),
        })
    };
    providers
        .into_iter()
        .find(|known| known.id == *provider)
        .ok_or_else(unknown)
}

/// What is held of this provider, or of all; one that was logged out is a tombstone and no credential any more.
///
/// # Errors
/// A store that cannot be read.
pub(crate) fn read(provider: Option<&ProviderId>, settings: &Settings) -> Result<Holdings, Failure> {
    let mut holdings = evergrant_driver::holdings(settings)?;
    let asked = |of: &ProviderId| provider.is_none_or(|provider| of == provider);
    holdings
        .accounts
        .retain(|account| asked(&account.provider) && account.health != "logged-out");
    holdings.revocations.retain(|one| asked(&one.provider));
    Ok(holdings)
}

fn show(holdings: &Holdings, console: &Console) -> Result<(), Failure> {
    if console.json() {
        return console.document(&CredentialsShape::of(holdings));
    }
    let now = when::now();
    let mut blocks: Vec<String> = holdings
        .accounts
        .iter()
        .map(|account| credential_text::block(account, now, console))
        .collect();
    if !holdings.revocations.is_empty() {
        blocks.push(revocation_text::block(&holdings.revocations, now, console));
    }
    if blocks.is_empty() {
        return Ok(());
    }
    console.line(&blocks.join("\n\n"))
}

/// The failure that stands for a provider without anything usable: the remedy is that of its first credential.
fn unusable(info: &ProviderInfo, accounts: &[Account]) -> Failure {
    let provider = info.id.clone();
    let failure = Failure::new(Code::NoCredential, format!("no usable credential for {provider}"));
    let remedy = accounts.iter().find_map(|account| account.remedy.clone());
    failure.with_remedy(match remedy {
        Some(remedy) => remedy,
        None if info.flows.is_empty() => Remedy::AddKey { provider },
        None => Remedy::Login { provider, label: None },
    })
}

async fn watch(provider: Option<&ProviderId>, settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::new();
    let mut shown: Option<Holdings> = None;
    loop {
        let holdings = read(provider, settings)?;
        if shown.as_ref() != Some(&holdings) {
            if shown.is_some() && !console.json() {
                console.line("")?;
            }
            show(&holdings, console)?;
            shown = Some(holdings);
        }
        if console.closed() {
            return Ok(Exit::DONE);
        }
        tokio::select! {
            () = tokio::time::sleep(GLANCE) => {}
            _ = interrupts.next() => return Ok(Exit::of(Code::Interrupted)),
        }
    }
}

/// Said where there is nothing to show.
pub(crate) const NONE_YET: &str =
    "no credentials yet: `evergrant login PROVIDER` or `evergrant add PROVIDER` makes one";
/// Often enough to look immediate, seldom enough to cost nothing.
const GLANCE: Duration = Duration::from_millis(500);

const EXAMPLES: &str = "\
Examples:
  evergrant status                 every credential, its health and what would help
  evergrant status xai-oauth       exit 3 if none of this provider's can be used
  evergrant status --watch --json  one line each time something changes";
