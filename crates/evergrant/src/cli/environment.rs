//! The process's environment, read once and handed on as data.

/// What the environment held when the process began.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    variables: Vec<(String, String)>,
}

impl Environment {
    /// Reads it; variables that are not UTF-8 are none of ours.
    pub(crate) fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    /// The variable, unless it is absent or empty.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.variables
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// All of it, for the driver's settings.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (String, String)> + '_ {
        self.variables.iter().cloned()
    }
}
