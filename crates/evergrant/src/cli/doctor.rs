//! `doctor`: checks home, store, key, configuration and every credential; each finding has a remedy.

use clap::Args;
use evergrant_driver::doctor::{Finding, Level};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Failure};
use serde::Serialize;

use super::colours;
use super::console::{Console, visible};
use super::exit::Exit;
use super::json::RemedyShape;
use super::online;
use super::progress;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// Ask each provider as well what it thinks of the credentials
    #[arg(long)]
    probe: bool,
}

#[derive(Serialize)]
struct FindingsShape {
    findings: Vec<FindingShape>,
}

#[derive(Serialize)]
struct FindingShape {
    check: String,
    level: &'static str,
    message: String,
    remedy: Option<RemedyShape>,
}

impl From<&Finding> for FindingShape {
    fn from(finding: &Finding) -> Self {
        Self {
            check: finding.check.clone(),
            level: word(finding.level),
            message: finding.message.clone(),
            remedy: finding.remedy.as_ref().map(RemedyShape::from),
        }
    }
}

/// Checks everything and reports it; exit 1 with a fault.
///
/// # Errors
/// Only stdout's own: what is wrong here is a finding, settings that cannot be read among them.
pub(crate) fn run(typed: &Typed, settings: Result<Settings, Failure>, console: &Console) -> Result<Exit, Failure> {
    let mut findings = match &settings {
        Ok(settings) => evergrant_driver::doctor(settings),
        Err(failure) => vec![unreadable(failure)],
    };
    let sound = !findings
        .iter()
        .any(|finding| finding.check == "store" && finding.level == Level::Fault);
    match settings {
        Ok(settings) if typed.probe && sound => findings.extend(probe(settings, console)?),
        Ok(_) | Err(_) => {}
    }
    if console.json() {
        let findings = findings.iter().map(FindingShape::from).collect();
        console.document(&FindingsShape { findings })?;
    } else {
        for finding in &findings {
            tell(finding, console)?;
        }
    }
    let fault = findings.iter().any(|finding| finding.level == Level::Fault);
    Ok(if fault { Exit::FAULT } else { Exit::DONE })
}

/// Asks the providers; a store that cannot be opened for it has been told of already.
fn probe(settings: Settings, console: &Console) -> Result<Vec<Finding>, Failure> {
    online::with_driver(settings, console, async |driver: Driver| {
        Ok(progress::shown("asking the providers", driver.probe()).await)
    })
}

fn unreadable(failure: &Failure) -> Finding {
    Finding {
        check: "configuration".to_owned(),
        level: Level::Fault,
        message: failure.message.clone(),
        remedy: failure.remedy.clone(),
    }
}

fn tell(finding: &Finding, console: &Console) -> Result<(), Failure> {
    let style = match finding.level {
        Level::Ok => colours::GOOD,
        Level::Warn => colours::WARNING,
        Level::Fault => colours::FAILURE,
    };
    let level = console.paint(style, &format!("{:<5}", word(finding.level)));
    console.line(&format!(
        "{level}  {}: {}",
        visible(&finding.check),
        visible(&finding.message)
    ))?;
    if let Some(remedy) = &finding.remedy {
        console.line(&format!("       help: {}", visible(&remedy.sentence())))?;
        if let Some(command) = remedy.command() {
            let command = console.paint(colours::COMMAND, &visible(&command));
            console.line(&format!("       try: {command}"))?;
        }
    }
    Ok(())
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Ok => "ok",
        Level::Warn => "warn",
        Level::Fault => "fault",
    }
}

const EXAMPLES: &str = "\
Examples:
  evergrant doctor           offline: sends nothing and changes nothing
  evergrant doctor --probe   one cheap request with each credential
  evergrant doctor --json | jq '.findings[] | select(.level != \"ok\")'";
