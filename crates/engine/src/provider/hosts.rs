//! Which hosts may be sent a provider's credentials.

use url::Url;

/// The hosts of a row; a name also allows its subdomains, an address only itself.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// From the names of a row; they are compared in lower case.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// Whether a secret may be sent to this URL: its host is listed, over https or on loopback.
    pub fn allows(&self, url: &Url) -> bool {
        // Parsing an http or https address lowers its host's case.
        let Some(host) = url.host_str() else {
            return false;
        };
        let secure = url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
        let bare = url.username().is_empty() && url.password().is_none();
        secure && bare && self.0.iter().any(|allowed| matches(allowed, host))
    }

    /// The names, for messages.
    pub fn names(&self) -> &[String] {
        &self.0
    }
}

fn matches(allowed: &str, host: &str) -> bool {
    let is_name = || allowed.parse::<std::net::IpAddr>().is_err() && !allowed.starts_with('[');
    host == allowed || (host.strip_suffix(allowed).is_some_and(|head| head.ends_with('.')) && is_name())
}

/// Whether the URL's host is this machine itself: a loopback address or `localhost`.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, allowed: bool) {
        let hosts = Hosts::new(["x.ai".to_owned(), "127.0.0.1".to_owned()]);
        assert_eq!(hosts.allows(&url.parse().unwrap()), allowed, "{url}");
    }

    #[test]
    fn a_name_allows_its_subdomains_and_nothing_that_looks_like_it() {
        check("https://x.ai/", true);
        check("https://auth.x.ai/oauth2/token", true);
        check("https://AUTH.X.AI/", true);
        check("https://evil-x.ai/", false);
        check("https://x.ai.evil.example/", false);
        check("http://x.ai/", false);
        check("https://user@x.ai/", false);
        check("http://127.0.0.1:9/", true);
        check("https://1.127.0.0.1.example/", false);
    }
}
