//! An order to break something: the scenario's name, how often, for whom, and its parameters.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::catalogue::Fault;
use super::listing;
use crate::failure::SandboxError;

/// `{"name": .., "times": N or null, ...parameters}`, as it is posted to `/_sandbox/scenario`.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
pub struct Order {
    /// The scenario's name.
    pub name: String,
    /// How many requests it hits; absent means until it is removed.
    #[serde(default)]
    pub times: Option<u64>,
    /// The scenario's own parameters and the filters that all scenarios know.
    #[serde(flatten)]
    pub parameters: Map<String, Value>,
}

impl Order {
    /// The scenario without a limit and with its default parameters.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            times: None,
            parameters: Map::new(),
        }
    }

    /// Limits it to this many requests.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Sets a parameter.
    #[must_use]
    pub fn with(mut self, parameter: &str, value: impl Into<Value>) -> Self {
        self.parameters.insert(parameter.to_owned(), value.into());
        self
    }

    /// The fault that is meant, once name and parameters are known to be right.
    pub(crate) fn fault(&self) -> Result<Fault, SandboxError> {
        let fault = Fault::from_name(&self.name).ok_or_else(|| SandboxError::UnknownScenario(self.name.clone()))?;
        for (parameter, value) in &self.parameters {
            listing::check(fault, parameter, value).map_err(|reason| SandboxError::Parameter {
                scenario: self.name.clone(),
                parameter: parameter.clone(),
                reason,
            })?;
        }
        Ok(fault)
    }
}

impl From<&str> for Order {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

/// The parameters of an armed scenario, read with their defaults.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters(pub(crate) Map<String, Value>);

impl Parameters {
    /// A number, or its default.
    pub(crate) fn number(&self, name: &str, default: u64) -> u64 {
        self.0.get(name).and_then(Value::as_u64).unwrap_or(default)
    }

    /// The status to answer with, or its default.
    pub(crate) fn status(&self, default: u16) -> u16 {
        u16::try_from(self.number("status", default.into())).unwrap_or(default)
    }

    /// A text, or its default.
    pub(crate) fn text<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.0.get(name).and_then(Value::as_str).unwrap_or(default)
    }

    /// A text, if it was given.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }
}
