//! The `[[signal]]` tables of a row or of a built-in table.

use std::sync::Arc;

use http::HeaderName;
use toml::Spanned;

use super::fault::{RowError, Source};
use super::signal::{Field, Needles, Pattern, Signal, Tier};
use super::value::word_of;
use super::written::{OneOrMany, WrittenSignal, WrittenTable};
use crate::vocabulary::{Channel, Verdict};

/// Reads a file of nothing but signals, all of one tier.
pub fn parse_signals(file_name: &str, text: &str, tier: Tier) -> Result<Vec<Arc<Signal>>, RowError> {
    let source = Source { file: file_name, text };
    let written: WrittenTable = toml::from_str(text).map_err(|error| source.toml_error(&error))?;
    signals(source, tier, &written.signal)
}

/// Reads the signals of a row.
pub(super) fn signals(source: Source<'_>, tier: Tier, written: &[WrittenSignal]) -> Result<Vec<Arc<Signal>>, RowError> {
    let mut signals: Vec<Arc<Signal>> = Vec::with_capacity(written.len());
    for one in written {
        let signal = signal(source, tier, one)?;
        if signals.iter().any(|earlier| earlier.name == signal.name) {
            let message = format!("there is another signal of this name: `{}`", signal.name);
            return Err(source.error(one.name.span(), "signal.name", message));
        }
        signals.push(Arc::new(signal));
    }
    Ok(signals)
}

fn signal(source: Source<'_>, tier: Tier, written: &WrittenSignal) -> Result<Signal, RowError> {
    if written.name.get_ref().trim().is_empty() {
        return Err(source.error(written.name.span(), "signal.name", "must not be empty"));
    }
    let channel = match &written.channel {
        None => Channel::Inference,
        Some(word) => word_of(source, word, "signal.channel", &CHANNELS)?,
    };
    let all = texts(source, written.all.as_ref(), "signal.all", true)?
        .map(Needles::new)
        .unwrap_or_default();
    let pattern = pattern(source, written)?;
    let status = status(source, written)?;
    if pattern == Pattern::Present && all.is_empty() && status.is_empty() && written.field.is_none() {
        let message = "says nothing to look for: it needs `contains`, `equals`, `prefix`, `all` or `status`";
        return Err(source.error(written.name.span(), "signal.contains", message));
    }
    Ok(Signal {
        name: written.name.get_ref().clone(),
        tier,
        file: source.file.to_owned(),
        line: source.signal_line(written.name.span().start),
        channel,
        status,
        field: field(source, written.field.as_ref())?,
        pattern,
        all,
        verdict: verdict(source, &written.verdict, channel)?,
        because: written.because.clone(),
        help: written.help.clone(),
    })
}

fn status(source: Source<'_>, written: &WrittenSignal) -> Result<Vec<u16>, RowError> {
    written
        .status
        .iter()
        .map(|status| match u16::try_from(*status.get_ref()) {
            Ok(code) if (100..1000).contains(&code) => Ok(code),
            _ => {
                let message = format!("must be HTTP statuses: `{}`", status.get_ref());
                Err(source.error(status.span(), "signal.status", message))
            }
        })
        .collect()
}

fn field(source: Source<'_>, word: Option<&Spanned<String>>) -> Result<Field, RowError> {
    let Some(word) = word else { return Ok(Field::Any) };
    let text = word.get_ref();
    if let Some(name) = text.strip_prefix("header:") {
        return name.trim().parse::<HeaderName>().map(Field::Header).map_err(|_| {
            let message = format!("is not the name of a header: `{name}`");
            source.error(word.span(), "signal.where", message)
        });
    }
    match text.as_str() {
        "code" => Ok(Field::Code),
        "type" => Ok(Field::Type),
        "error" => Ok(Field::Error),
        "message" => Ok(Field::Message),
        "any" => Ok(Field::Any),
        _ => {
            let message = format!("must be `code`, `type`, `error`, `message`, `header:NAME` or `any`: `{text}`");
            Err(source.error(word.span(), "signal.where", message))
        }
    }
}

fn pattern(source: Source<'_>, written: &WrittenSignal) -> Result<Pattern, RowError> {
    let contains = texts(source, written.contains.as_ref(), "signal.contains", false)?;
    let equals = texts(source, written.equals.as_ref(), "signal.equals", false)?;
    let prefix = texts(source, written.prefix.as_ref(), "signal.prefix", false)?;
    match (contains, equals, prefix) {
        (Some(texts), None, None) => Ok(Pattern::Contains(Needles::new(texts))),
        (None, Some(texts), None) => Ok(Pattern::Equals(texts)),
        (None, None, Some(texts)) => Ok(Pattern::Prefix(texts)),
        (None, None, None) => Ok(Pattern::Present),
        _ => {
            let message = "only one of `contains`, `equals` and `prefix` is read in one signal";
            Err(source.error(written.name.span(), "signal.contains", message))
        }
    }
}

fn texts(
    source: Source<'_>,
    written: Option<&Spanned<OneOrMany>>,
    key: &str,
    may_be_empty: bool,
) -> Result<Option<Vec<String>>, RowError> {
    let Some(written) = written else { return Ok(None) };
    let texts = written.get_ref().lowered();
    if texts.iter().any(|text| text.trim().is_empty()) || (texts.is_empty() && !may_be_empty) {
        return Err(source.error(written.span(), key, "must not hold an empty text"));
    }
    Ok(Some(texts))
}

fn verdict(source: Source<'_>, word: &Spanned<String>, channel: Channel) -> Result<Verdict, RowError> {
    let refuse = |message: String| Err(source.error(word.span(), "signal.verdict", message));
    let Some(verdict) = Verdict::parse(word.get_ref()) else {
        let names: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.as_str()).collect();
        return refuse(format!("must be one of {}: `{}`", names.join(", "), word.get_ref()));
    };
    if verdict.is_read_on(channel) {
        Ok(verdict)
    } else {
        refuse(format!(
            "is never a verdict of the channel `{}`: `{}`",
            channel.as_str(),
            word.get_ref()
        ))
    }
}

const CHANNELS: [(&str, Channel); 4] = [
    ("inference", Channel::Inference),
    ("stream", Channel::Stream),
    ("token", Channel::Token),
    ("device", Channel::Device),
];
