//! The environment as the app handed it in; the driver reads no other.

use std::collections::BTreeMap;
use std::fmt;

use crate::http::NetworkSettings;

/// Variables by name; their values may be secrets and are never printed.
///
/// ```
/// use evergrant_driver::settings::Environment;
///
/// let environment = Environment::new([("OPENAI_API_KEY".to_owned(), "sk-secret".to_owned())]);
/// assert!(!format!("{environment:?}").contains("sk-secret"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Takes what the app read.
    ///
    /// ```
    /// use evergrant_driver::settings::Environment;
    ///
    /// // A program that does not trust its surroundings hands in what it chose.
    /// let chosen = Environment::new([("HTTPS_PROXY".to_owned(), "http://proxy.example:3128".to_owned())]);
    /// assert_eq!(chosen.value("OPENAI_API_KEY"), None);
    /// ```
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// A variable that is set and not empty.
    ///
    /// ```
    /// use evergrant_driver::settings::Environment;
    ///
    /// let environment = Environment::new([("KEY", "sk-1"), ("EMPTY", "")].map(|(name, value)| (name.into(), value.into())));
    /// assert_eq!((environment.value("KEY"), environment.value("EMPTY")), (Some("sk-1"), None));
    /// ```
    pub fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// What the network layer must know: proxies and certificates, in capitals or, as curl has it, in lower case.
    ///
    /// ```
    /// use evergrant_driver::settings::Environment;
    ///
    /// let environment = Environment::new([("no_proxy".to_owned(), "localhost".to_owned())]);
    /// assert_eq!(environment.network().no_proxy.as_deref(), Some("localhost"));
    /// ```
    pub fn network(&self) -> NetworkSettings {
        // Set by a CGI server from a request's header `Proxy`, this one is not believed.
        let forged = |name: &str| name == "HTTP_PROXY" && self.value("REQUEST_METHOD").is_some();
        NetworkSettings::from_variables(|name| self.value(name).filter(|_| !forged(name)).map(str::to_owned))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Environment({} variables)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::new(
            variables
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn proxies_are_read_in_both_cases() {
        let network = environment(&[
            ("https_proxy", "http://a:1"),
            ("HTTP_PROXY", "http://b:2"),
            ("NO_PROXY", ""),
        ])
        .network();
        assert_eq!(network.https_proxy.as_deref(), Some("http://a:1"));
        assert_eq!(network.http_proxy.as_deref(), Some("http://b:2"));
        assert_eq!(network.no_proxy, None);
        let both = environment(&[("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://b:2")]).network();
        assert_eq!(both.https_proxy.as_deref(), Some("http://a:1"));
    }

    #[test]
    fn a_request_header_sets_no_proxy() {
        let network = environment(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil:1")]).network();
        assert_eq!(network.http_proxy, None);
    }

    #[test]
    fn debug_shows_no_value() {
        assert_eq!(
            format!("{:?}", environment(&[("KEY", "canary")])),
            "Environment(1 variables)"
        );
    }
}
