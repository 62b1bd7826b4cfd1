//! Single values of a row, believed one by one: header names, URLs, words of a closed list.

use http::HeaderName;
use toml::Spanned;
use url::Url;

use super::fault::{RowError, Source};
use super::hosts::{Hosts, is_loopback};

/// A header's name.
pub(super) fn header_name(source: Source<'_>, name: &Spanned<String>, key: &str) -> Result<HeaderName, RowError> {
    name.get_ref().parse().map_err(|_| {
        let message = format!("is not the name of a header: `{}`", name.get_ref());
        source.error(name.span(), key, message)
    })
}

/// An https URL, or http on loopback, without user, password or fragment.
pub(super) fn secure_url(source: Source<'_>, text: &Spanned<String>, key: &str) -> Result<Url, RowError> {
    let refuse = |message: String| source.error(text.span(), key, message);
    let url: Url = text
        .get_ref()
        .parse()
        .map_err(|error| refuse(format!("is not a URL ({error}): `{}`", text.get_ref())))?;
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(refuse("must carry neither user, password nor fragment".to_owned()));
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(refuse(format!(
            "must be https, plain http is for loopback only: `{}`",
            text.get_ref()
        ))),
        _ => Err(refuse(format!("must be an https URL: `{}`", text.get_ref()))),
    }
}

/// Holds a URL to the row's hosts.
pub(super) fn within(
    source: Source<'_>,
    hosts: &Hosts,
    url: &Url,
    text: &Spanned<String>,
    key: &str,
) -> Result<(), RowError> {
    if hosts.allows(url) {
        return Ok(());
    }
    let message = format!(
        "its host is none of `hosts` ({}): `{}`",
        hosts.names().join(", "),
        text.get_ref()
    );
    Err(source.error(text.span(), key, message))
}

/// The value of that word, or an error that lists the words there are.
pub(super) fn word_of<T: Copy>(
    source: Source<'_>,
    word: &Spanned<String>,
    key: &str,
    words: &[(&str, T)],
) -> Result<T, RowError> {
    let found = words.iter().find(|(name, _)| name == word.get_ref());
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = words.iter().map(|(name, _)| format!("`{name}`")).collect();
        let message = format!("must be one of {}: `{}`", names.join(", "), word.get_ref());
        source.error(word.span(), key, message)
    })
}
