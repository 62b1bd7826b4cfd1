//! What the holder of a client key may do: each limit holds only where it is set.

use evergrant_engine::credential::ProviderId;
use evergrant_engine::provider::ModelGlob;
use evergrant_engine::time::Timestamp;

/// The terms of a client key.
///
/// ```
/// use evergrant_driver::client_key::KeyTerms;
///
/// let terms = KeyTerms { models: vec!["grok-*".to_owned()], ..KeyTerms::default() };
/// assert!(terms.allows_model("grok-4.3") && !terms.allows_model("gpt-5"));
/// assert!(terms.allows_provider(&"openai".into()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyTerms {
    /// The providers that may be asked; none: all.
    pub providers: Vec<ProviderId>,
    /// Patterns of the models that may be asked for, `*` standing for any run of characters; none: all.
    pub models: Vec<String>,
    /// Requests within any 60 s.
    pub requests_per_minute: Option<u32>,
    /// Requests at one time.
    pub concurrency: Option<u32>,
    /// Tokens, in and out, within a day (UTC).
    pub tokens_per_day: Option<u64>,
    /// From when on the key is refused.
    pub expires_at: Option<Timestamp>,
    /// Whether it is for the gateway's metrics, and for nothing else.
    pub metrics: bool,
}

impl KeyTerms {
    /// Whether this provider may be asked.
    ///
    /// ```
    /// use evergrant_driver::client_key::KeyTerms;
    ///
    /// let terms = KeyTerms { providers: vec!["xai".into()], ..KeyTerms::default() };
    /// assert!(terms.allows_provider(&"xai".into()) && !terms.allows_provider(&"openai".into()));
    /// ```
    pub fn allows_provider(&self, provider: &ProviderId) -> bool {
        !self.metrics && (self.providers.is_empty() || self.providers.contains(provider))
    }

    /// Whether this model may be asked for.
    ///
    /// ```
    /// use evergrant_driver::client_key::KeyTerms;
    ///
    /// let terms = KeyTerms { models: vec!["gpt-5*".to_owned()], ..KeyTerms::default() };
    /// assert!(terms.allows_model("gpt-5-mini") && !terms.allows_model("gpt-4o"));
    /// ```
    pub fn allows_model(&self, model: &str) -> bool {
        let matches = |glob: &String| ModelGlob(glob.clone()).matches(model);
        self.models.is_empty() || self.models.iter().any(matches)
    }

    /// Whether the key is over by then.
    ///
    /// ```
    /// use evergrant_driver::Timestamp;
    /// use evergrant_driver::client_key::KeyTerms;
    ///
    /// let terms = KeyTerms { expires_at: Some(Timestamp::from_secs(100)), ..KeyTerms::default() };
    /// assert!(!terms.has_expired(Timestamp::from_secs(99)) && terms.has_expired(Timestamp::from_secs(100)));
    /// ```
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}
