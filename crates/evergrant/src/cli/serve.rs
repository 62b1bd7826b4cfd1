//! `serve`: the gateway that agents speak to as to their provider.

use clap::Args;
use evergrant_driver::settings::{Listen, Settings};
use evergrant_driver::{Driver, Failure};
use serde::Serialize;

use super::colours;
use super::console::Console;
use super::exit::Exit;
use super::online;
use crate::gateway::{ServeOptions, serve};

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// Where to listen: 127.0.0.1:8787, [::1]:0 or unix:PATH; may be repeated [default: as configured, else 127.0.0.1:8787]
    #[arg(long, value_name = "ADDR")]
    listen: Vec<Listen>,
    /// The store to use instead of the home's own
    #[arg(long, value_name = "URL")]
    store: Option<String>,
}

impl Typed {
    fn meant(&self, settings: Settings) -> Result<(Settings, ServeOptions), Failure> {
        let settings = match &self.store {
            Some(url) => settings.with_store(url)?,
            None => settings,
        };
        let listen = match self.listen.as_slice() {
            [] => settings.listen.clone(),
            typed => typed.to_vec(),
        };
        Ok((settings, ServeOptions { listen }))
    }
}

#[derive(Serialize)]
struct ListeningShape<'a> {
    event: &'static str,
    address: &'a str,
}

/// Serves until it is told to end, then drains.
///
/// # Errors
/// An address that cannot be had, a store that cannot be opened.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let (settings, options) = typed.meant(settings)?;
    online::run(async {
        let driver = Driver::open(settings)?;
        serve(driver, options, |address| announce(address, console)).await?;
        Ok(Exit::DONE)
    })
}

fn announce(address: &str, console: &Console) {
    if console.json() {
        let event = "listening";
        // It serves even if nobody reads where.
        let _ = console.document(&ListeningShape { event, address });
    } else {
        let address = console.paint_note(colours::COMMAND, address);
        console.note(&format!("listening on {address}"));
    }
}

const EXAMPLES: &str = "\
Examples:
  evergrant serve                                  then: OPENAI_BASE_URL=http://127.0.0.1:8787/v1
  evergrant serve --listen unix:/run/evergrant.sock
  evergrant serve --listen 127.0.0.1:0 --json      any free port, told as an event";
