//! What the surroundings say about the network: proxies and a certificate authority, as plain data.

use std::fmt;

/// The network's settings, each as its variable has it.
///
/// ```
/// use evergrant_driver::http::NetworkSettings;
/// use evergrant_driver::settings::Settings;
///
/// # let folder = tempfile::tempdir()?;
/// // A program that knows its proxy better than the environment does.
/// let mut settings = Settings::load(Some(folder.path().join("home")), [])?;
/// settings.network = NetworkSettings {
///     https_proxy: Some("http://me:secret@proxy.example:3128".to_owned()),
///     ..NetworkSettings::default()
/// };
/// assert!(!format!("{:?}", settings.network).contains("secret"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NetworkSettings {
    /// `HTTPS_PROXY`: the proxy for https addresses.
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY`: the proxy for http addresses; loopback is not exempt by itself.
    pub http_proxy: Option<String>,
    /// `NO_PROXY`: hosts that are reached directly.
    pub no_proxy: Option<String>,
    /// `SSL_CERT_FILE`: a PEM file whose certificates replace the platform's roots.
    pub ca_file: Option<String>,
}

impl NetworkSettings {
    /// Reads the settings from a table of variables; capitals win over small letters, and empty is unset.
    ///
    /// ```
    /// use evergrant_driver::http::NetworkSettings;
    ///
    /// let settings = NetworkSettings::from_variables(|name| match name {
    ///     "https_proxy" => Some("http://proxy.example:3128".to_owned()),
    ///     _ => None,
    /// });
    /// assert_eq!(settings.https_proxy.as_deref(), Some("http://proxy.example:3128"));
    /// assert_eq!(settings.ca_file, None);
    /// ```
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let either = |name: &str| set(name).or_else(|| set(&name.to_ascii_lowercase()));
        Self {
            https_proxy: either("HTTPS_PROXY"),
            http_proxy: either("HTTP_PROXY"),
            no_proxy: either("NO_PROXY"),
            ca_file: set("SSL_CERT_FILE"),
        }
    }
}

impl fmt::Debug for NetworkSettings {
    /// Shows which are set: a proxy's address can carry a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkSettings")
            .field("https_proxy", &self.https_proxy.is_some())
            .field("http_proxy", &self.http_proxy.is_some())
            .field("no_proxy", &self.no_proxy)
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_win_and_empty_is_unset() {
        let settings = NetworkSettings::from_variables(|name| match name {
            "HTTPS_PROXY" => Some("http://upper:1".to_owned()),
            "https_proxy" => Some("http://lower:1".to_owned()),
            "HTTP_PROXY" => Some(" ".to_owned()),
            "http_proxy" => Some("http://lower:2".to_owned()),
            _ => None,
        });
        assert_eq!(settings.https_proxy.as_deref(), Some("http://upper:1"));
        assert_eq!(settings.http_proxy.as_deref(), Some("http://lower:2"));
        assert_eq!(settings.no_proxy, None);
    }

    #[test]
    fn debug_hides_a_proxys_password() {
        let settings = NetworkSettings {
            https_proxy: Some("http://me:canary@proxy:1".to_owned()),
            ..NetworkSettings::default()
        };
        assert!(!format!("{settings:?}").contains("canary"));
    }
}
