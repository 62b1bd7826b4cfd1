//! The model that a path names: one reading for the route, the books and the terms of a key.

use http::Method;

use super::lenient_path::unescaped;

/// What a path says of a model.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathModel<'a> {
    /// Its name, as it stands there.
    pub written: &'a str,
    /// What is to be done with it, as in `/models/MODEL:generateContent`.
    pub deed: Option<&'a str>,
}

impl<'a> PathModel<'a> {
    /// The model of a path below a provider's base: all behind `/models/` where it is only read; where something is done with
    /// it, what stands before that.
    pub fn of(method: &Method, path: &'a str) -> Option<Self> {
        let named = below_version(path).strip_prefix("/models/")?;
        let found = match named.find(['/', ':']) {
            Some(end) if *method == Method::POST => Self {
                written: &named[..end],
                deed: named[end..].strip_prefix(':'),
            },
            Some(_) | None => Self {
                written: named,
                deed: None,
            },
        };
        (!found.written.is_empty()).then_some(found)
    }

    /// Its name.
    pub fn name(&self) -> String {
        unescaped(self.written).unwrap_or_else(|| self.written.to_owned())
    }
}

/// The path without a version that may stand before it, where the provider's base has none.
#[doc(hidden)]
pub fn below_version(path: &str) -> &str {
    let after = |version: &&str| path.strip_prefix(*version).filter(|rest| rest.starts_with('/'));
    VERSIONS.iter().find_map(after).unwrap_or(path)
}

/// The versions of the APIs in use.
const VERSIONS: [&str; 3] = ["/v1", "/v1beta", "/v1alpha"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &Method, path: &str, expected: Option<(&str, Option<&str>)>) {
        let found = PathModel::of(method, path);
        let found = found.as_ref().map(|model| (model.name(), model.deed));
        assert_eq!(found, expected.map(|(model, deed)| (model.to_owned(), deed)), "{path}");
    }

    #[test]
    fn a_path_names_a_model_and_what_is_done_with_it() {
        for base in ["", "/v1beta", "/v1"] {
            let check = |method, path: &str, expected| check(&method, &format!("{base}{path}"), expected);
            let done = Some(("gemini-3", Some("generateContent")));
            check(Method::POST, "/models/gemini-3:generateContent", done);
            check(Method::POST, "/models/gemini%2D3:generateContent", done);
            check(Method::POST, "/models/gemini-3/x:y", Some(("gemini-3", None)));
            check(Method::GET, "/models/gemini-3", Some(("gemini-3", None)));
            check(Method::GET, "/models/maker/llama:8b", Some(("maker/llama:8b", None)));
            check(Method::POST, "/models/", None);
            check(Method::POST, "/models/:x", None);
            check(Method::POST, "/chat/completions", None);
        }
    }
}
