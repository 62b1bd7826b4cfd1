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
    let holdings = read(provider.as_ref(), settings)?;
    let named = match &provider {
        Some(provider) => Some((provider, known(provider, &holdings, settings)?)),
        None => None,
    };
    if typed.watch {
        return online::run(watch(provider.as_ref(), settings, console));
    }
    show(&holdings, console)?;
    let accounts = &holdings.accounts;
    match named {
        Some((provider, info)) if !accounts.iter().any(|account| account.usable) => {
            if !console.json() {
                failure::tell(&unusable(provider, info.as_ref(), accounts), console);
            }
            Ok(Exit::of(Code::NoCredential))
        }
        None if accounts.is_empty() && !console.json() => {
            console.note(&none_yet(None));
            Ok(Exit::DONE)
        }
        Some(_) | None => Ok(Exit::DONE),
    }
}

/// The provider, if it has a row; one without is unknown, unless something is still held of it.
///
/// # Errors
/// A provider that does not exist.
pub(crate) fn known(
    provider: &ProviderId,
    holdings: &Holdings,
    settings: &Settings,
) -> Result<Option<ProviderInfo>, Failure> {
    let providers = evergrant_driver::providers(settings)?;
    let found = providers.into_iter().find(|known| known.id == *provider);
    if found.is_none() && holdings.accounts.is_empty() && holdings.revocations.is_empty() {
        return Err(settings.table.missing(provider));
    }
    Ok(found)
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
fn unusable(provider: &ProviderId, info: Option<&ProviderInfo>, accounts: &[Account]) -> Failure {
    let failure = Failure::new(Code::NoCredential, format!("no usable credential for {provider}"));
    let provider = provider.clone();
    let remedy = accounts.iter().find_map(|account| account.remedy.clone());
    failure.with_remedy(match remedy {
        Some(remedy) => remedy,
        None if info.is_some_and(|info| info.flows.is_empty()) => Remedy::AddKey { provider },
        None => Remedy::Login { provider, label: None },
    })
}

/// Shows it again when it changes; on a terminal every second, in place, so that what is counted down is seen to be.
async fn watch(provider: Option<&ProviderId>, settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::new();
    let in_place = console.is_terminal() && !console.json();
    let mut shown: Option<Holdings> = None;
    let mut ticks = 0;
    loop {
        let holdings = read(provider, settings)?;
        let changed = shown.as_ref() != Some(&holdings);
        if in_place && (changed || ticks % GLANCES_A_SECOND == 0) {
            console.write(CLEAR)?;
            show(&holdings, console)?;
            console.line(&format!("\n{}: Ctrl-C ends", when::now()))?;
        } else if changed && !in_place {
            if shown.is_some() && !console.json() {
                console.line("")?;
            }
            show(&holdings, console)?;
        }
        shown = Some(holdings);
        ticks += 1;
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
pub(crate) fn none_yet(provider: Option<&ProviderId>) -> String {
    match provider {
        Some(provider) => format!("no credentials for {provider} yet"),
        None => "no credentials yet: `evergrant login PROVIDER` or `evergrant add PROVIDER` makes one".to_owned(),
    }
}

/// Home, and clear from there on: what stood before the first picture is left in the scrollback.
const CLEAR: &[u8] = b"\x1b[H\x1b[J";
/// Two looks a second, one picture.
const GLANCES_A_SECOND: u32 = 2;
/// Often enough to look immediate, seldom enough to cost nothing.
const GLANCE: Duration = Duration::from_millis(500);

const EXAMPLES: &str = "\
Examples:
  evergrant status                 every credential, its health and what would help
  evergrant status xai-oauth       exit 3 if none of this provider's can be used
  evergrant status --watch --json  one line each time something changes";
