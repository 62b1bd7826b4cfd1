//! From what was typed to the command that does it, and from its end to an exit code.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};
use evergrant_driver::settings::{Examined, Settings};
use evergrant_driver::{Code, Failure, Remedy, core_dump};

use super::add;
use super::chat;
use super::completions;
use super::console::{ColourChoice, Console};
use super::curate;
use super::demo;
use super::doctor;
use super::environment::Environment;
use super::exec;
use super::exit::Exit;
use super::explain;
use super::export;
use super::failure;
use super::import;
use super::key;
use super::list;
use super::log;
use super::login;
use super::man;
use super::mistakes::warned;
use super::models;
use super::providers;
use super::refresh;
use super::remove;
use super::restore;
use super::sandbox;
use super::serve;
use super::status;
use super::stdin;
use super::token;
use super::typed::{Command, Everywhere, Typed};
use super::usage;
use crate::traces::Traces;

/// Runs the command that the arguments name.
pub(crate) fn run(arguments: Vec<OsString>, environment: Environment) -> ExitCode {
    core_dump::forbid_core_dumps();
    let glance = Glance::at(&arguments);
    let parsed = Typed::command()
        .color(glance.colour.into())
        .try_get_matches_from(&arguments)
        .and_then(|mut matches| Typed::from_arg_matches_mut(&mut matches));
    let typed = match parsed {
        Ok(typed) => typed,
        Err(error) => return refused(&error, &glance, &environment),
    };
    let everywhere = &typed.everywhere;
    let console = Console::new(everywhere.json, everywhere.color, &environment);
    let usual = if let Command::Demo(_) = typed.command {
        // What the demo breaks on purpose is no news.
        "error"
    } else if let Command::Chat(chat) = &typed.command
        && chat.takes_the_terminal(&console)
    {
        // Nothing may write over what the chat has drawn.
        "off"
    } else if let Command::Exec(_) = typed.command
        && console.is_drawable()
    {
        // The terminal is the command's.
        "off"
    } else if let Command::Serve(_) | Command::Exec(_) = typed.command {
        "warn"
    } else {
        // Whoever asked is told that the grant is dead, with what helps.
        "warn,evergrant::grant_dead=error"
    };
    let traces = if let Command::Serve(_) = typed.command {
        Traces::named(|name| environment.value(name))
    } else {
        Ok(Traces::none())
    };
    let ended = traces.and_then(|traces| {
        let (directives, colour) = (environment.value("EVERGRANT_LOG"), console.colour_err());
        log::start(usual, everywhere.verbose, directives, colour, &traces)?;
        execute(&typed.command, everywhere, &environment, &console, &traces)
    });
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure::tell(&failure, &console);
            Exit::of(failure.code).into()
        }
    }
}

fn execute(
    command: &Command,
    everywhere: &Everywhere,
    environment: &Environment,
    console: &Console,
    traces: &Traces,
) -> Result<Exit, Failure> {
    let home = || everywhere.home.clone();
    let settings = || Settings::load_past(home(), environment.variables()).map(|examined| warned(examined, console));
    let unlocked = || settings().map(self::unlocked);
    match command {
        Command::Login(typed) => login::run(typed, unlocked()?, console),
        Command::Add(typed) => add::run(typed, unlocked()?, console),
        Command::Import(typed) => import::run(typed, unlocked()?, console),
        Command::List(typed) => list::run(typed, &unlocked()?, console),
        Command::Status(typed) => status::run(typed, &unlocked()?, console),
        Command::Token(typed) => token::run(typed, unlocked()?, console),
        Command::Refresh(typed) => refresh::run(typed, unlocked()?, console),
        Command::Remove(typed) => remove::remove(typed, unlocked()?, console),
        Command::Logout(typed) => remove::logout(typed, unlocked()?, console),
        Command::Enable(typed) => curate::enable(typed, unlocked()?, console),
        Command::Disable(typed) => curate::disable(typed, unlocked()?, console),
        Command::Rename(typed) => curate::rename(typed, unlocked()?, console),
        Command::Priority(typed) => curate::priority(typed, unlocked()?, console),
        Command::Reset(typed) => curate::reset(typed, unlocked()?, console),
        Command::Exec(typed) => exec::run(typed, unlocked()?, environment),
        Command::Serve(typed) => {
            // A service that began with half of what was set would send requests where nobody meant them to go.
            let settings = Settings::load(home(), environment.variables())?;
            serve::run(typed, self::unlocked(settings), console, traces)
        }
        Command::Key(typed) => key::run(typed, unlocked()?, console),
        Command::Usage(typed) => usage::run(typed, &settings()?, console),
        Command::Chat(typed) => chat::run(typed, unlocked()?, console),
        Command::Explain(typed) => explain::run(typed, &settings()?, console),
        Command::Providers(typed) => providers::run(typed, &settings()?, console),
        Command::Models(typed) => models::run(typed, unlocked()?, console),
        Command::Export(typed) => export::run(typed, &unlocked()?, console),
        Command::Restore(typed) => restore::run(typed, unlocked, console),
        Command::Doctor(typed) => {
            let examined = Settings::examine(home(), environment.variables());
            let examined = examined.map(|examined| Examined {
                settings: self::unlocked(examined.settings),
                ..examined
            });
            doctor::run(typed, examined, console)
        }
        Command::Sandbox(typed) => sandbox::run(typed, settings, console),
        Command::Demo(typed) => demo::run(typed, console),
        Command::Completions(typed) => completions::run(typed, Typed::command(), console),
        Command::Man(typed) => man::run(typed, Typed::command(), console),
    }
}

/// Asks for the passphrase of the store's key, where that is what opens it; without a terminal the driver says what helps.
fn unlocked(settings: Settings) -> Settings {
    if !settings.wants_passphrase() {
        return settings;
    }
    match stdin::passphrase() {
        Some(passphrase) => settings.with_passphrase(passphrase),
        None => settings,
    }
}

/// What must be known of the arguments although they could not be parsed.
struct Glance {
    json: bool,
    colour: ColourChoice,
    command: Option<String>,
}

impl Glance {
    fn at(arguments: &[OsString]) -> Self {
        let words: Vec<&str> = arguments
            .iter()
            .skip(1)
            .filter_map(|argument| argument.to_str())
            .take_while(|word| *word != "--")
            .collect();
        let value = |flag: &str| {
            words
                .iter()
                .enumerate()
                .find_map(|(place, word)| match word.split_once('=') {
                    Some((name, value)) if name == flag => Some(value),
                    _ if *word == flag => words.get(place + 1).copied(),
                    _ => None,
                })
        };
        let commands = Typed::command();
        Self {
            json: words.contains(&"--json"),
            colour: match value("--color") {
                Some("always") => ColourChoice::Always,
                Some("never") => ColourChoice::Never,
                _ => ColourChoice::Auto,
            },
            command: words
                .iter()
                .find(|word| commands.find_subcommand(word).is_some())
                .map(|word| (*word).to_owned()),
        }
    }
}

/// Help and version are answers; anything else is wrong usage, told in the form that was asked for.
fn refused(error: &clap::Error, glance: &Glance, environment: &Environment) -> ExitCode {
    let usage = error.exit_code() != 0;
    if usage && glance.json {
        let failure = Failure::new(Code::Usage, first_paragraph(&error.to_string())).with_remedy(Remedy::Run {
            command: match &glance.command {
                Some(command) => format!("evergrant {command} --help"),
                None => "evergrant --help".to_owned(),
            },
            why: "see how it is used".to_owned(),
        });
        failure::tell(&failure, &Console::new(true, glance.colour, environment));
    } else {
        // A reader that has gone is not an error.
        let _ = error.print();
    }
    if usage { Exit::of(Code::Usage) } else { Exit::DONE }.into()
}

fn first_paragraph(text: &str) -> String {
    let lines = text.lines().map(str::trim).take_while(|line| !line.is_empty());
    let joined = lines.collect::<Vec<_>>().join(" ");
    joined.strip_prefix("error: ").unwrap_or(&joined).to_owned()
}

impl From<ColourChoice> for clap::ColorChoice {
    fn from(choice: ColourChoice) -> Self {
        match choice {
            ColourChoice::Auto => Self::Auto,
            ColourChoice::Always => Self::Always,
            ColourChoice::Never => Self::Never,
        }
    }
}
