//! `explain`: reads a captured error body and says what it means, which signal decided, and what helps.

use std::io::{self, BufRead, IsTerminal, Read};

use clap::{Args, ValueEnum};
use evergrant_driver::explain::{Captured, Explanation, Suggestion, usual_kind};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Channel, Code, Failure, Kind, ProviderId};

use super::colours;
use super::console::{Console, visible};
use super::exit::Exit;
use super::explain_json::{CapturedShape, ExplanationLine, ExplanationShape, UnreadLine, usual_status};
use super::when::span;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// Whose answer it is; without it only the generic signals read it
    #[arg(long, value_name = "P")]
    provider: Option<String>,
    /// Where the answer was read
    #[arg(long, value_enum, default_value_t, value_name = "C")]
    channel: ChannelWord,
    /// What the request was authenticated with [default: what the provider's row says, else oauth]
    #[arg(long, value_enum, value_name = "KIND")]
    credential: Option<CredentialWord>,
    /// The HTTP status [default: 200 on a stream, else 400]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(100..=599))]
    status: Option<u16>,
    /// A header of the answer; may be repeated
    #[arg(long = "header", value_name = "K: V", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Read one JSON object a line, and answer each with one line
    #[arg(long, conflicts_with_all = ["provider", "channel", "credential", "status", "headers"])]
    jsonl: bool,
}

/// Where an answer was read, as it is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ChannelWord {
    /// An inference answer as a whole
    #[default]
    Inference,
    /// An event inside a stream
    Stream,
    /// The token endpoint
    Token,
    /// The device endpoint
    Device,
}

impl From<ChannelWord> for Channel {
    fn from(word: ChannelWord) -> Self {
        match word {
            ChannelWord::Inference => Self::Inference,
            ChannelWord::Stream => Self::Stream,
            ChannelWord::Token => Self::Token,
            ChannelWord::Device => Self::Device,
        }
    }
}

/// What a request was authenticated with, as it is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CredentialWord {
    /// An OAuth grant
    Oauth,
    /// An API key
    ApiKey,
}

impl From<CredentialWord> for Kind {
    fn from(word: CredentialWord) -> Self {
        match word {
            CredentialWord::Oauth => Self::Grant,
            CredentialWord::ApiKey => Self::ApiKey,
        }
    }
}

impl Typed {
    fn meant(&self, settings: &Settings, body: Vec<u8>) -> Captured {
        let channel = Channel::from(self.channel);
        Captured {
            provider: self.provider.clone(),
            channel,
            kind: match self.credential {
                Some(word) => word.into(),
                None => usual_kind(settings, self.provider.as_deref()),
            },
            status: self.status.unwrap_or_else(|| usual_status(channel)),
            headers: self.headers.clone(),
            body,
        }
    }
}

/// Explains one body, or one a line.
///
/// # Errors
/// A provider that does not exist, a body that is too large, rows that cannot be read.
pub(crate) fn run(typed: &Typed, settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    if typed.jsonl {
        return each_line(settings, console);
    }
    if io::stdin().is_terminal() {
        console.note("paste the body, then end it with Ctrl-D");
    }
    let mut body = Vec::new();
    let mut stdin = io::stdin().lock();
    stdin
        .by_ref()
        .take(BODY_LIMIT)
        .read_to_end(&mut body)
        .map_err(unreadable)?;
    // What comes after it says nothing, but whoever writes it must not fail.
    io::copy(&mut stdin, &mut io::sink()).map_err(unreadable)?;
    warn_of(typed, settings, &body, console);
    let explanation = evergrant_driver::explain(settings, &typed.meant(settings, body))?;
    if console.json() {
        console.document(&ExplanationShape::from(&explanation))?;
    } else {
        tell(&explanation, console)?;
    }
    Ok(Exit::DONE)
}

/// Says what keeps an answer from being read as it was meant.
fn warn_of(typed: &Typed, settings: &Settings, body: &[u8], console: &Console) {
    if let Some(provider) = &typed.provider
        && !has_row(settings, provider)
    {
        let missing = settings.table.missing(&ProviderId::from(provider.as_str()));
        console.note(&visible(&format!(
            "{}: only the generic signals read it",
            missing.message
        )));
    }
    if COMPRESSED.iter().any(|lead| body.starts_with(lead)) {
        console.note("the body is compressed: only status and headers are read; unpack it first, as with `gunzip -c`");
    }
}

/// A line that cannot be read is answered with its error and does not stop the others; the exit code then says so.
fn each_line(settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    let mut stdin = io::stdin().lock();
    let mut exit = Exit::DONE;
    let mut line = Vec::new();
    let mut number = 0;
    while !console.closed() {
        line.clear();
        let read = stdin
            .by_ref()
            .take(LINE_LIMIT)
            .read_until(b'\n', &mut line)
            .map_err(unreadable)?;
        if read == 0 {
            break;
        }
        number += 1;
        if read as u64 == LINE_LIMIT && !line.ends_with(b"\n") {
            stdin.skip_until(b'\n').map_err(unreadable)?;
            let failure = too_large();
            exit = Exit::of(failure.code);
            console.document(&UnreadLine::new(&[], number, failure))?;
            continue;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        match CapturedShape::read(&line, settings).and_then(|(id, captured)| {
            let explanation = evergrant_driver::explain(settings, &captured)?;
            Ok(ExplanationLine::new(id, &explanation))
        }) {
            Ok(answer) => console.document(&answer)?,
            Err(failure) => {
                exit = Exit::of(failure.code);
                console.document(&UnreadLine::new(&line, number, failure))?;
            }
        }
    }
    Ok(exit)
}

fn tell(explanation: &Explanation, console: &Console) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let mut line = |word: &str, text: String| {
        let word = console.paint(colours::FAINT, &format!("{word:<12}"));
        lines.push(format!("{word}{text}"));
    };
    line("verdict", console.paint(colours::HEADING, explanation.verdict.as_str()));
    let place = match explanation.line {
        0 => explanation.file.clone(),
        number => format!("{}:{number}", explanation.file),
    };
    line(
        "signal",
        visible(&format!("{} ({}, {place})", explanation.signal_name, explanation.tier)),
    );
    if let Some(secs) = explanation.retry_after_secs {
        let source = explanation.reset_source.as_deref().unwrap_or_default();
        let after = span(std::time::Duration::from_secs(secs));
        line("retry after", visible(&format!("{after} (from {source})")));
    }
    if let Some(remedy) = &explanation.remedy {
        line("help", visible(&remedy.sentence()));
        if let Some(command) = remedy.command() {
            line("try", console.paint(colours::COMMAND, &visible(&command)));
        }
    }
    if let Some(suggestion) = &explanation.suggestion {
        lines.push(format!(
            "\n{}\n\n{}",
            place_of(suggestion),
            visible_lines(&suggestion.text)
        ));
    }
    console.line(&lines.join("\n"))
}

/// Where the signal goes.
fn place_of(suggestion: &Suggestion) -> String {
    let file = suggestion
        .file
        .as_ref()
        .map(|file| visible(&file.display().to_string()));
    match (file, suggestion.is_new) {
        (Some(file), true) => format!("No signal knows these words. To decide them, write this to {file}:"),
        (Some(file), false) => format!("No signal knows these words. To decide them, add this at the end of {file}:"),
        (None, _) => "No signal knows these words. To decide them, add this to the provider's row in `providers.d` \
             (with the `--provider` of a row this tells the file):"
            .to_owned(),
    }
}

fn visible_lines(text: &str) -> String {
    text.trim_end().lines().map(visible).collect::<Vec<_>>().join("\n")
}

fn has_row(settings: &Settings, provider: &str) -> bool {
    let id = ProviderId::from(provider);
    // What is wrong in its file is told as an error.
    settings.table.row(&id).is_some() || settings.table.barred(&id).is_some()
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is `NAME: VALUE`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn unreadable(error: io::Error) -> Failure {
    Failure::new(Code::Internal, format!("cannot read stdin: {error}"))
}

fn too_large() -> Failure {
    let message = format!("cannot be read: it is longer than {} MiB", LINE_LIMIT >> 20);
    Failure::new(Code::Usage, message)
}

/// 8 MiB: of an answer the first 64 KiB are read, and of a stream every event, of which few are longer.
const BODY_LIMIT: u64 = 8 << 20;

/// 64 MiB: a line must be read whole before anything of it is known.
const LINE_LIMIT: u64 = 64 << 20;

/// How gzip, zstd and xz begin.
const COMPRESSED: [&[u8]; 3] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ"];

const EXAMPLES: &str = "\
Examples:
  curl -s https://api.x.ai/v1/models | evergrant explain --provider xai-oauth --status 403
  evergrant explain --channel token --status 400 <<< '{\"error\":\"invalid_grant\"}'
  evergrant explain --status 429 --header 'retry-after: 30' --json < body.json
  evergrant explain --jsonl < captured.jsonl

With --jsonl each line is {\"id\",\"provider\",\"channel\",\"credential\",\"status\",\"headers\",\"body\"}.";
