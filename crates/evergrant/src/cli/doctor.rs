//! `doctor`: checks home, store, key, configuration and every credential; each finding has a remedy.

use clap::Args;
use evergrant_driver::doctor::{Finding, Level};
use evergrant_driver::settings::{Examined, Settings};
use evergrant_driver::{Code, Driver, Failure};
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
/// Only stdout's own, and `interrupted`: what is wrong here is a finding, that there is no home among them.
pub(crate) fn run(typed: &Typed, examined: Result<Examined, Failure>, console: &Console) -> Result<Exit, Failure> {
    let findings = match examined {
        Ok(examined) => all(typed, examined, console)?,
        Err(failure) => vec![failed("home", failure)],
    };
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

fn all(typed: &Typed, examined: Examined, console: &Console) -> Result<Vec<Finding>, Failure> {
    let mut findings = evergrant_driver::doctor(&examined);
    if !typed.probe {
        return Ok(findings);
    }
    let opened = findings
        .iter()
        .any(|finding| finding.check == "key" && finding.level == Level::Ok);
    if opened && examined.mistakes.is_empty() {
        findings.extend(probe(examined.settings, console)?);
    } else {
        findings.push(Finding {
            check: "probe".to_owned(),
            level: Level::Ok,
            message: "nobody was asked: the files and the store come first".to_owned(),
            remedy: None,
        });
    }
    Ok(findings)
}

/// Asks the providers; a store that cannot be opened for it is a finding like any other.
fn probe(settings: Settings, console: &Console) -> Result<Vec<Finding>, Failure> {
    let asked = online::with_driver(settings, console, async |driver: Driver| {
        Ok(progress::shown("asking the providers", driver.probe()).await)
    });
    match asked {
        Err(failure) if failure.code != Code::Interrupted => Ok(vec![failed("probe", failure)]),
        told => told,
    }
}

fn failed(check: &str, failure: Failure) -> Finding {
    Finding {
        check: check.to_owned(),
        level: Level::Fault,
        message: failure.message,
        remedy: failure.remedy,
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
