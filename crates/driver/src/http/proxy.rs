//! Which proxy a connection goes through, and what it is told about us.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::remedy::Remedy;
use http::HeaderValue;
use url::Url;

use super::no_proxy::NoProxy;
use super::settings::NetworkSettings;
use super::target::Target;

/// The proxies in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    exempt: NoProxy,
}

/// One proxy; every connection through it is a CONNECT tunnel, so that a refusal is known to have reached nobody else.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    /// Where the proxy itself is; it may be spoken to over TLS.
    pub(super) target: Target,
    /// `Proxy-Authorization`, from the address's user and password.
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxies {
    /// Reads the settings; an address that is no proxy's is an error that names its variable.
    pub(super) fn parse(settings: &NetworkSettings) -> Result<Self, Failure> {
        Ok(Self {
            https: parse("HTTPS_PROXY", settings.https_proxy.as_deref())?,
            http: parse("HTTP_PROXY", settings.http_proxy.as_deref())?,
            exempt: NoProxy::parse(settings.no_proxy.as_deref().unwrap_or("")),
        })
    }

    /// The proxy on the way to the target, if there is one.
    pub(super) fn towards(&self, target: &Target) -> Option<&Proxy> {
        let proxy = if target.secure { &self.https } else { &self.http };
        proxy
            .as_ref()
            .filter(|_| stands(Protection::Proxy) && !self.exempt.exempts(target))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.target.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.target)
    }
}

fn parse(variable: &str, text: Option<&str>) -> Result<Option<Proxy>, Failure> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let with_scheme = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    // The address may carry a password, so the message names the variable and never its value.
    let invalid = |_| {
        let message = format!("`{variable}` is not the address of an http or https proxy");
        let place = format!("the environment variable `{variable}`");
        Failure::new(Code::ConfigInvalid, message).with_remedy(Remedy::EditFile { place })
    };
    let url: Url = with_scheme.parse().map_err(|_| invalid(()))?;
    let target = Target::of(&url).map_err(|_| invalid(()))?;
    Ok(Some(Proxy {
        target,
        authorization: authorization(&url),
    }))
}

fn authorization(url: &Url) -> Option<HeaderValue> {
    let password = url.password().unwrap_or("");
    if url.username().is_empty() && password.is_empty() {
        return None;
    }
    let mut pair = percent_decoded(url.username());
    pair.push(b':');
    pair.extend(percent_decoded(password));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn percent_decoded(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match after {
            [high, low, ..] if *first == b'%' => digit(high).zip(digit(low)),
            _ => None,
        };
        decoded.push(escaped.map_or(*first, |(high, low)| high << 4 | low));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(https: &str, no_proxy: &str) -> Result<Proxies, Failure> {
        Proxies::parse(&NetworkSettings {
            https_proxy: Some(https.to_owned()),
            no_proxy: Some(no_proxy.to_owned()),
            ..NetworkSettings::default()
        })
    }

    fn target(url: &str) -> Target {
        Target::of(&url.parse().unwrap()).unwrap()
    }

    #[test]
    fn https_goes_through_the_https_proxy_alone() {
        let proxies = proxies("proxy.example:3128", "direct.example").unwrap();
        let chosen = proxies.towards(&target("https://x.ai")).unwrap();
        assert_eq!(chosen.to_string(), "http://proxy.example:3128");
        assert!(proxies.towards(&target("http://x.ai")).is_none());
        assert!(proxies.towards(&target("https://direct.example")).is_none());
    }

    #[test]
    fn the_password_is_decoded_for_the_proxy_and_never_shown() {
        let proxies = proxies("http://me:c%61n%2Fary%zz@proxy.example", "").unwrap();
        let proxy = proxies.towards(&target("https://x.ai")).unwrap();
        let value = proxy.authorization.clone().unwrap();
        assert_eq!(value, format!("Basic {}", STANDARD.encode("me:can/ary%zz")));
        assert!(!format!("{proxies:?} {proxy}").contains(&STANDARD.encode("me:can/ary%zz")));
    }

    #[test]
    fn a_bad_address_names_its_variable_and_not_its_value() {
        for bad in [
            "socks5://me:canary@h:1",
            "http://me:canary@",
            "http://me:canary@h:99999",
        ] {
            let failure = proxies(bad, "").unwrap_err();
            assert_eq!(failure.code, Code::ConfigInvalid);
            assert!(failure.message.contains("HTTPS_PROXY"), "{failure}");
            assert!(!format!("{failure:?}").contains("canary"), "{failure:?}");
        }
    }
}
