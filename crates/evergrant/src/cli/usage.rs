//! `usage`: what was used, added up by key, model, credential or day; offline and read-only.

use clap::{Args, ValueEnum};
use evergrant_driver::Failure;
use evergrant_driver::history::{UsageBy, UsageRow, UsageSum, usage};
use evergrant_driver::settings::Settings;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::colours;
use super::console::Console;
use super::exit::Exit;
use super::table::{Cell, Table};

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// Add up by this
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    by: By,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum By {
    /// Client key; the chat, its tasks and requests without a key have none
    #[default]
    Key,
    /// Model, as it was asked for
    Model,
    /// Credential, as PROVIDER/LABEL
    Credential,
    /// Day (UTC)
    Day,
}

impl By {
    const fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Model => "model",
            Self::Credential => "credential",
            Self::Day => "day",
        }
    }

    const fn head(self) -> &'static str {
        match self {
            Self::Key => "KEY",
            Self::Model => "MODEL",
            Self::Credential => "CREDENTIAL",
            Self::Day => "DAY",
        }
    }
}

impl From<By> for UsageBy {
    fn from(by: By) -> Self {
        match by {
            By::Key => Self::Key,
            By::Model => Self::Model,
            By::Credential => Self::Credential,
            By::Day => Self::Day,
        }
    }
}

/// `{"by","usage":[{BY,"requests","untold","input","output","cached"}],"total":{..}}`
#[derive(Serialize)]
struct UsageShape {
    by: &'static str,
    usage: Vec<Value>,
    total: Value,
}

impl UsageShape {
    fn of(by: By, rows: &[UsageRow]) -> Self {
        let row = |row: &UsageRow| {
            let mut shape = Map::new();
            shape.insert(by.word().to_owned(), json!(row.name));
            shape.extend(counts(&row.sum));
            Value::Object(shape)
        };
        Self {
            by: by.word(),
            usage: rows.iter().map(row).collect(),
            total: Value::Object(counts(&total(rows))),
        }
    }
}

fn counts(sum: &UsageSum) -> Map<String, Value> {
    let counts = [
        ("requests", sum.requests),
        ("untold", sum.untold),
        ("input", sum.input),
        ("output", sum.output),
        ("cached", sum.cached),
    ];
    counts
        .into_iter()
        .map(|(name, count)| (name.to_owned(), json!(count)))
        .collect()
}

fn total(rows: &[UsageRow]) -> UsageSum {
    rows.iter().fold(UsageSum::default(), |mut total, row| {
        total.add(&row.sum);
        total
    })
}

/// Shows it.
///
/// # Errors
/// A history that cannot be read.
pub(crate) fn run(typed: &Typed, settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    let rows = usage(&settings.home, typed.by.into())?;
    if console.json() {
        console.document(&UsageShape::of(typed.by, &rows))?;
        return Ok(Exit::DONE);
    }
    if rows.is_empty() {
        console.note("nothing was used yet");
        return Ok(Exit::DONE);
    }
    let mut table = Table::new(vec![typed.by.head(), "REQUESTS", "IN", "CACHED", "OUT", "UNTOLD"]);
    for row in &rows {
        let name = match &row.name {
            Some(name) => name.as_str().into(),
            None => Cell::styled("-", colours::FAINT),
        };
        table.row(line(name, &row.sum));
    }
    if rows.len() > 1 {
        table.row(line(Cell::styled("all", colours::HEADING), &total(&rows)));
    }
    console.line(&table.render(console))?;
    Ok(Exit::DONE)
}

fn line(name: Cell, sum: &UsageSum) -> Vec<Cell> {
    let number = |count: u64| count.to_string().as_str().into();
    vec![
        name,
        number(sum.requests),
        number(sum.input),
        number(sum.cached),
        number(sum.output),
        number(sum.untold),
    ]
}

const EXAMPLES: &str = "\
Examples:
  evergrant usage
  evergrant usage --by day
  evergrant usage --by model --json | jq -r '.usage[] | [.model, .input, .output] | @tsv'

CACHED is a part of IN. UNTOLD counts accepted requests whose answers did not tell what was used: a stream of chat completions
tells it only if the client asks for it (stream_options.include_usage).";
