//! `login`: signs in at a provider by browser, device code or pasted address, whichever can work here.

use std::io::IsTerminal;
use std::time::Duration;

use clap::{Args, ValueEnum};
use evergrant_driver::provider::key_provider;
use evergrant_driver::settings::Settings;
use evergrant_driver::sign_in::{Person, SignInEvent, SignInOptions};
use evergrant_driver::{Account, Driver, Failure, Flow, Kind, Label, ProviderId};

use super::browser;
use super::colours;
use super::console::{Console, visible};
use super::exit::Exit;
use super::label::typed_label;
use super::login_json::EventShape;
use super::online;
use super::progress;
use super::stdin;
use super::when;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// The provider, as `evergrant providers` lists it
    provider: String,
    /// How to sign in [default: the first of the provider's flows that can work here]
    #[arg(long, value_enum)]
    flow: Option<FlowWord>,
    /// Print the address only, and open no browser
    #[arg(long)]
    no_browser: bool,
    /// What to call the credential; a known label is replaced
    #[arg(long, value_name = "L", value_parser = typed_label)]
    label: Option<Label>,
    /// How long to wait for the sign-in, in seconds
    #[arg(long, value_name = "S", default_value_t = PATIENCE_SECS, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

/// A flow, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FlowWord {
    /// A browser on this machine comes back by itself
    Browser,
    /// A code is typed in on another device
    Device,
    /// The address the browser ends at is pasted here
    Paste,
}

impl From<FlowWord> for Flow {
    fn from(word: FlowWord) -> Self {
        match word {
            FlowWord::Browser => Self::Browser,
            FlowWord::Device => Self::Device,
            FlowWord::Paste => Self::Paste,
        }
    }
}

/// What was meant.
#[derive(Debug)]
struct Meant {
    provider: ProviderId,
    label: Option<Label>,
    options: SignInOptions,
    opens_browser: bool,
    reads_stdin: bool,
}

impl Typed {
    fn meant(&self, settings: &Settings) -> Meant {
        let provider = ProviderId::from(self.provider.as_str());
        let typed_by_hand = std::io::stdin().is_terminal();
        Meant {
            label: self.label.clone(),
            options: SignInOptions {
                flow: self.flow.map(Flow::from),
                can_show_browser: browser::can_be_shown(|name| settings.environment.value(name).is_some()),
                paste_again: typed_by_hand,
                timeout: Duration::from_secs(self.timeout),
                key_provider: key_provider(settings, &provider),
            },
            provider,
            opens_browser: !self.no_browser && self.flow != Some(FlowWord::Paste),
            // A pipe that nobody writes to would end a browser login at once.
            reads_stdin: self.flow == Some(FlowWord::Paste) || typed_by_hand,
        }
    }
}

/// Signs in.
///
/// # Errors
/// Whatever ended the sign-in.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let meant = typed.meant(&settings);
    online::with_driver(settings, console, async |driver: Driver| {
        sign_in(meant, driver, console).await
    })
}

async fn sign_in(meant: Meant, driver: Driver, console: &Console) -> Result<Exit, Failure> {
    let opens_browser = meant.opens_browser;
    let withheld = driver.withheld();
    let tell = |event: SignInEvent| {
        if console.json() {
            // The sign-in goes on even if nobody reads its events.
            let _ = console.document(&EventShape::from(&event));
        } else {
            note(&event, console);
        }
        match event {
            SignInEvent::Authorize {
                url,
                flow: Flow::Browser,
            } if opens_browser => {
                if !browser::open(url.as_str(), &withheld) {
                    console.note("no browser could be started: open the address above yourself");
                }
            }
            SignInEvent::Authorize { .. } | SignInEvent::Device { .. } | SignInEvent::PasteRefused(_) => {}
        }
    };
    let person = Person {
        events: &tell,
        paste: meant.reads_stdin.then(stdin::lines),
    };
    let before = driver.accounts();
    let work = driver.sign_in(&meant.provider, meant.label, meant.options, person);
    let account = progress::shown("waiting for the sign-in", work).await?;
    let replaced = before
        .iter()
        .find(|known| known.id == account.id && known.kind == Kind::Grant && known.health != "logged-out");
    if console.json() {
        let renamed = replaced.filter(|old| old.label != account.label);
        console.document(&EventShape::done(&account, renamed.map(|old| &old.label)))?;
    } else {
        let expiry = account
            .expires_at
            .map(|at| format!(", its token expires {}", when::relative(at, when::now())))
            .unwrap_or_default();
        let word = console.paint_note(colours::GOOD, "logged in");
        console.note(&format!(
            "{word} at {} as `{}`{expiry}",
            account.provider, account.label
        ));
        let is_over = |known: &Account| matches!(known.health, "quarantined" | "needs-login");
        match replaced {
            Some(replaced) if !is_over(replaced) => console.note(&visible(&displaced(replaced, &account))),
            Some(replaced) if replaced.label != account.label => {
                console.note(&visible(&format!(
                    "it is what was `{}`, under its new name",
                    replaced.label
                )));
            }
            Some(_) | None => {}
        }
    }
    Ok(Exit::DONE)
}

/// What became of the login whose place the new one took.
fn displaced(old: &Account, new: &Account) -> String {
    let name = if old.label == new.label {
        "it takes the place of the earlier login of that name".to_owned()
    } else {
        format!(
            "it is the same account as `{}`, whose place and priority it takes under its new name",
            old.label
        )
    };
    // Many providers end the whole grant of an account with any of its tokens, and the new login with it.
    format!(
        "{name}; the earlier one is forgotten here and not revoked, since that would end the new one at many providers"
    )
}

fn note(event: &SignInEvent, console: &Console) {
    match event {
        SignInEvent::Authorize { url, .. } => {
            console.note("open this address and approve:\n");
            console.note(&format!(
                "  {}\n",
                console.paint_note(colours::COMMAND, &visible(url.as_str()))
            ));
            console.note("no redirect? paste the address the browser ends at, or the code it shows");
        }
        SignInEvent::Device {
            user_code,
            verification_uri,
            verification_uri_complete,
            expires_in,
        } => {
            let code = console.paint_note(colours::HEADING, &visible(user_code));
            let address = console.paint_note(colours::COMMAND, &visible(verification_uri.as_str()));
            console.note(&format!("open {address} on any device and enter the code {code}"));
            if let Some(complete) = verification_uri_complete {
                let address = console.paint_note(colours::COMMAND, &visible(complete.as_str()));
                console.note(&format!("or open {address}"));
            }
            console.note(&format!("the code is good for {}", when::span(*expires_in)));
        }
        SignInEvent::PasteRefused(failure) => console.note(&format!("that is not it: {}", visible(&failure.message))),
    }
}

/// Ten minutes: long enough to find the phone with the second factor.
const PATIENCE_SECS: u64 = 600;

const EXAMPLES: &str = "\
Examples:
  evergrant login xai-oauth                    a browser opens; without a display a code is shown
  evergrant login xai-oauth --flow device      type a code on another device
  evergrant login xai-oauth --flow paste       paste the address the browser ends at
  evergrant login xai-oauth --label work       a second account beside the first
  evergrant login xai-oauth --json             one event a line, for scripts";
