//! The `[oauth]` table of a row, believed key by key.

use std::time::Duration;

use toml::Spanned;
use url::Url;

use super::fault::{RowError, Source};
use super::hosts::Hosts;
use super::quirk::{Quirk, Quirks};
use super::row::{BodyForm, DeviceDialect, Endpoints, Flow, OAuth, Redirect};
use super::value::{header_name, secure_url, within, word_of};
use super::written::WrittenOAuth;

/// Reads the table; its URLs must lie within the row's hosts.
pub(super) fn oauth(source: Source<'_>, table: &Spanned<WrittenOAuth>, hosts: &Hosts) -> Result<OAuth, RowError> {
    let written = table.get_ref();
    let url = |text: &Option<Spanned<String>>, key: &str| endpoint(source, hosts, text.as_ref(), key);
    let endpoints = Endpoints {
        authorization: url(&written.authorization_endpoint, "oauth.authorization_endpoint")?,
        token: url(&written.token_endpoint, "oauth.token_endpoint")?,
        device_authorization: url(
            &written.device_authorization_endpoint,
            "oauth.device_authorization_endpoint",
        )?,
        revocation: url(&written.revocation_endpoint, "oauth.revocation_endpoint")?,
    };
    let issuer = url(&written.issuer, "oauth.issuer")?;
    if issuer.is_none() && endpoints.token.is_none() {
        let message = "is missing: an issuer for discovery, or the endpoints themselves";
        return Err(source.error(table.span(), "oauth.issuer", message));
    }
    if written.client_id.get_ref().is_empty() {
        return Err(source.error(written.client_id.span(), "oauth.client_id", "must not be empty"));
    }
    Ok(OAuth {
        issuer,
        endpoints,
        client_id: written.client_id.get_ref().clone(),
        scope: written.scope.clone(),
        redirect: redirect(source, written)?,
        flows: flows(source, written)?,
        authorize_params: written.authorize_params.clone().into_iter().collect(),
        quirks: quirks(source, &written.quirks)?,
        lead: written.lead_secs.map(Duration::from_secs),
        reuse_grace: Duration::from_secs(written.reuse_grace_secs.unwrap_or(0)),
        terminal: written.terminal.clone().unwrap_or_default(),
        exchange_timeout: written
            .exchange_timeout_secs
            .map_or(EXCHANGE_TIMEOUT, Duration::from_secs)
            .max(EXCHANGE_TIMEOUT),
        callback_origins: origins(source, &written.callback_origins)?,
        port_fallback: written.port_fallback,
        hard_end: written.hard_end_days.map(days),
        idle: written.idle_days.map(days),
        serialize_client: one_of(
            source,
            written.serialize.as_ref(),
            "oauth.serialize",
            &[("client", true)],
        )?
        .unwrap_or(false),
        refresh_body: one_of(
            source,
            written.refresh_body.as_ref(),
            "oauth.refresh_body",
            &[("form", BodyForm::Form), ("json", BodyForm::Json)],
        )?
        .unwrap_or_default(),
        refresh_token_header: written
            .refresh_token_header
            .as_ref()
            .map(|name| header_name(source, name, "oauth.refresh_token_header"))
            .transpose()?,
        device: one_of(
            source,
            written.device.as_ref(),
            "oauth.device",
            &[("rfc8628", DeviceDialect::Rfc8628), ("codex", DeviceDialect::Codex)],
        )?
        .unwrap_or_default(),
    })
}

impl Redirect {
    /// Reads a loopback redirect URI (RFC 8252 7.3): http, a loopback host and an explicit port.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url: Url = text
            .parse()
            .map_err(|error| format!("is not a URL ({error}): `{text}`"))?;
        let refuse = |why: &str| Err(format!("{why}: `{text}`"));
        if url.scheme() != "http" {
            return refuse("must be http, because no certificate is issued for loopback");
        }
        let host = url.host_str().unwrap_or_default();
        if !["127.0.0.1", "[::1]", "localhost"].contains(&host) {
            return refuse("must be on `127.0.0.1`, `[::1]` or `localhost`");
        }
        // The URL type forgets a port 80 that was written out, so the text itself is asked.
        let rest = text.get("http://".len() + host.len()..).unwrap_or_default();
        let Some(Ok(port)) = rest
            .strip_prefix(':')
            .map(|rest| rest.split(['/', '?']).next().unwrap_or_default().parse())
        else {
            return refuse("must name a port, 0 for any that is free");
        };
        if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return refuse("must have neither user, query nor fragment");
        }
        Ok(Self {
            host: host.to_owned(),
            port,
            path: url.path().to_owned(),
        })
    }
}

fn redirect(source: Source<'_>, written: &WrittenOAuth) -> Result<Redirect, RowError> {
    let Some(text) = &written.redirect else {
        return Ok(Redirect {
            host: "127.0.0.1".to_owned(),
            port: 0,
            path: "/callback".to_owned(),
        });
    };
    Redirect::parse(text.get_ref()).map_err(|message| source.error(text.span(), "oauth.redirect", message))
}

fn flows(source: Source<'_>, written: &WrittenOAuth) -> Result<Vec<Flow>, RowError> {
    let words = [
        ("browser", Flow::Browser),
        ("device", Flow::Device),
        ("paste", Flow::Paste),
    ];
    let Some(listed) = &written.flows else {
        return Ok(vec![Flow::Browser, Flow::Paste]);
    };
    if listed.get_ref().is_empty() {
        return Err(source.error(listed.span(), "oauth.flows", "must name at least one flow"));
    }
    listed
        .get_ref()
        .iter()
        .map(|word| word_of(source, word, "oauth.flows", &words))
        .collect()
}

fn quirks(source: Source<'_>, listed: &[Spanned<String>]) -> Result<Quirks, RowError> {
    let quirks: Result<Vec<_>, _> = listed
        .iter()
        .map(|word| word_of(source, word, "oauth.quirks", &Quirk::ALL))
        .collect();
    quirks.map(Quirks::new)
}

fn origins(source: Source<'_>, listed: &[Spanned<String>]) -> Result<Vec<String>, RowError> {
    listed
        .iter()
        .map(|text| {
            let url = secure_url(source, text, "oauth.callback_origins")?;
            let origin = url.origin().ascii_serialization();
            if origin == *text.get_ref() {
                Ok(origin)
            } else {
                let message = format!("must be an origin without path: `{origin}`");
                Err(source.error(text.span(), "oauth.callback_origins", message))
            }
        })
        .collect()
}

fn endpoint(
    source: Source<'_>,
    hosts: &Hosts,
    text: Option<&Spanned<String>>,
    key: &str,
) -> Result<Option<Url>, RowError> {
    let Some(text) = text else { return Ok(None) };
    let url = secure_url(source, text, key)?;
    within(source, hosts, &url, text, key)?;
    Ok(Some(url))
}

fn one_of<T: Copy>(
    source: Source<'_>,
    word: Option<&Spanned<String>>,
    key: &str,
    words: &[(&str, T)],
) -> Result<Option<T>, RowError> {
    word.map(|word| word_of(source, word, key, words)).transpose()
}

const fn days(days: u64) -> Duration {
    Duration::from_secs(days.saturating_mul(86_400))
}

/// 20 s: authorization servers under load have been seen to take more than ten, and a code is spent by the first try.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(20);
