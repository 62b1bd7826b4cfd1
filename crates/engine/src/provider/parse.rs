//! From a row as it is written to a row that can be believed.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use toml::Spanned;
use url::Url;

use super::fault::{RowError, Source};
use super::hosts::Hosts;
use super::parse_oauth::oauth;
use super::parse_pause::pauses;
use super::parse_signal::signals;
use super::row::{ApiKeyAuth, Auth, ModelGlob, Origin, Row};
use super::signal::{Signal, Tier};
use super::value::{header_name, secure_url, within};
use super::written::WrittenRow;
use crate::credential::ProviderId;

/// What a row's file holds.
#[derive(Clone, Debug)]
pub enum RowFile {
    /// A provider of its own, or one that takes a built-in row's place.
    Row(Box<Row>),
    /// Nothing but an id and signals: they are added to the row of that id.
    Signals {
        /// The row's id.
        id: ProviderId,
        /// The signals, of the user's tier.
        signals: Vec<Arc<Signal>>,
        /// What is wrong if no row has that id.
        otherwise: RowError,
    },
}

impl RowFile {
    /// Reads a file; errors name file, line and key.
    pub fn parse(file_name: &str, text: &str, origin: Origin) -> Result<Self, RowError> {
        let source = Source { file: file_name, text };
        let written: WrittenRow = toml::from_str(text).map_err(|error| source.toml_error(&error))?;
        let tier = match origin {
            Origin::BuiltIn => Tier::Provider,
            Origin::File(_) => Tier::User,
        };
        let signals = signals(source, tier, &written.signal)?;
        let id = id(source, &written.id)?;
        if written.base_url.is_none() && written.auth.is_none() && written.oauth.is_none() {
            let otherwise = source.error(
                written.id.span(),
                "base_url",
                "is missing, and no other row has this id to which these signals could belong",
            );
            return Ok(Self::Signals { id, signals, otherwise });
        }
        row(source, written, id, signals, origin).map(|row| Self::Row(Box::new(row)))
    }
}

impl Row {
    /// Reads a complete row; errors name file, line and key.
    pub fn parse(file_name: &str, text: &str, origin: Origin) -> Result<Self, RowError> {
        match RowFile::parse(file_name, text, origin)? {
            RowFile::Row(row) => Ok(*row),
            RowFile::Signals { otherwise, .. } => Err(otherwise),
        }
    }
}

fn row(
    source: Source<'_>,
    written: WrittenRow,
    id: ProviderId,
    signals: Vec<Arc<Signal>>,
    origin: Origin,
) -> Result<Row, RowError> {
    let Some(base) = &written.base_url else {
        return Err(source.error(written.id.span(), "base_url", "is missing"));
    };
    let base_url = secure_url(source, base, "base_url")?;
    let hosts = hosts(source, &written, &base_url)?;
    within(source, &hosts, &base_url, base, "base_url")?;
    let auth = auth(source, &written, &hosts)?;
    let pauses = pauses(source, written.cooldown.as_ref(), written.limits_by_model.as_ref())?;
    Ok(Row {
        name: written.name.clone().unwrap_or_else(|| id.to_string()),
        id,
        base_url,
        hosts,
        auth,
        models: written.models.unwrap_or_default().into_iter().map(ModelGlob).collect(),
        default_model: written.default_model,
        probe: written.probe.map(|probe| path(source, probe)).transpose()?,
        headers: headers(source, written.headers.unwrap_or_default())?,
        replayable: written.replayable.unwrap_or_default(),
        errors_in_200: written.errors_in_200.unwrap_or(false),
        local_hours: local_hours(source, written.local_hours)?,
        surfaces: written.surfaces.unwrap_or_default(),
        first_byte: written.first_byte_secs.map(Duration::from_secs),
        plan_page: page(source, written.plan_page, "plan_page")?,
        billing_page: page(source, written.billing_page, "billing_page")?,
        keys_page: page(source, written.keys_page, "keys_page")?,
        key_provider: None,
        pauses,
        signals,
        origin,
    })
}

fn id(source: Source<'_>, id: &Spanned<String>) -> Result<ProviderId, RowError> {
    let text = id.get_ref();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if text.is_empty() || !text.chars().all(plain) {
        let message = "must be one or more of `a-z`, `0-9`, `-`, `_` and `.`";
        return Err(source.error(id.span(), "id", message));
    }
    Ok(ProviderId::from(text.as_str()))
}

fn hosts(source: Source<'_>, written: &WrittenRow, base_url: &Url) -> Result<Hosts, RowError> {
    let Some(listed) = &written.hosts else {
        return Ok(Hosts::new(base_url.host_str().map(str::to_owned)));
    };
    for host in listed.get_ref() {
        let is_host = !host.is_empty() && !host.contains(['/', '@', '*', ' ']) && !host.starts_with('.');
        if !is_host || host.rsplit_once(':').is_some_and(|(head, _)| !head.contains(':')) {
            let message = format!("must be host names or addresses without scheme, port or path: `{host}`");
            return Err(source.error(listed.span(), "hosts", message));
        }
    }
    if listed.get_ref().is_empty() {
        return Err(source.error(listed.span(), "hosts", "must name at least one host"));
    }
    Ok(Hosts::new(listed.get_ref().iter().cloned()))
}

fn auth(source: Source<'_>, written: &WrittenRow, hosts: &Hosts) -> Result<Auth, RowError> {
    let Some(word) = &written.auth else {
        return Err(source.error(written.id.span(), "auth", "is missing: it is `oauth` or `api-key`"));
    };
    match (word.get_ref().as_str(), &written.oauth) {
        ("oauth", Some(table)) => Ok(Auth::OAuth(Box::new(oauth(source, table, hosts)?))),
        ("oauth", None) => Err(source.error(word.span(), "oauth", "is missing: `auth = \"oauth\"` needs the table")),
        ("api-key", Some(table)) => Err(source.error(table.span(), "oauth", "is only read with `auth = \"oauth\"`")),
        ("api-key", None) => api_key(source, written).map(Auth::ApiKey),
        (other, _) => {
            let message = format!("must be `oauth` or `api-key`: `{other}`");
            Err(source.error(word.span(), "auth", message))
        }
    }
}

fn api_key(source: Source<'_>, written: &WrittenRow) -> Result<ApiKeyAuth, RowError> {
    let key_env = match &written.key_env {
        None => Vec::new(),
        Some(names) => {
            if let Some(name) = names
                .get_ref()
                .iter()
                .find(|name| name.is_empty() || name.contains('='))
            {
                let message = format!("must be names of environment variables: `{name}`");
                return Err(source.error(names.span(), "key_env", message));
            }
            names.get_ref().clone()
        }
    };
    let header = match &written.header {
        None => http::header::AUTHORIZATION,
        Some(name) => header_name(source, name, "header")?,
    };
    Ok(ApiKeyAuth {
        key_env,
        header,
        optional: written.key_optional.unwrap_or(false),
    })
}

fn headers(
    source: Source<'_>,
    written: std::collections::BTreeMap<Spanned<String>, String>,
) -> Result<HeaderMap, RowError> {
    let mut headers = HeaderMap::new();
    for (name, value) in written {
        let key = format!("headers.{}", name.get_ref());
        let parsed = header_name(source, &name, &key)?;
        let Ok(value) = HeaderValue::from_str(&value) else {
            return Err(source.error(name.span(), key, "is not the value of a header"));
        };
        headers.append(parsed, value);
    }
    Ok(headers)
}

/// A page that people open: its address is shown as it is written.
fn page(source: Source<'_>, page: Option<Spanned<String>>, key: &str) -> Result<Option<String>, RowError> {
    let Some(page) = page else { return Ok(None) };
    secure_url(source, &page, key)?;
    Ok(Some(page.into_inner()))
}

/// A clock's offset, of those that are in use on earth.
fn local_hours(source: Source<'_>, hours: Option<Spanned<i64>>) -> Result<i8, RowError> {
    let Some(hours) = hours else { return Ok(0) };
    let within = i8::try_from(*hours.get_ref())
        .ok()
        .filter(|hours| (-12..=14).contains(hours));
    within.ok_or_else(|| {
        let message = format!("must be whole hours east of UTC, -12 to 14: `{}`", hours.get_ref());
        source.error(hours.span(), "local_hours", message)
    })
}

fn path(source: Source<'_>, path: Spanned<String>) -> Result<String, RowError> {
    if path.get_ref().starts_with('/') {
        Ok(path.into_inner())
    } else {
        Err(source.error(path.span(), "probe", "must be a path that begins with `/`"))
    }
}
