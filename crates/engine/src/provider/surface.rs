//! Which API surface a path belongs to, and whether a provider has it.

use super::row::Row;

impl Row {
    /// Whether the provider is known not to have what stands at this path below its base; what is not known may be there.
    pub fn lacks(&self, path: &str) -> bool {
        let known = !self.surfaces.is_empty();
        known && surface(path).is_some_and(|surface| self.surfaces.iter().all(|has| has != surface))
    }
}

/// The surface's word in `surfaces` of a row; `None` for paths of no surface that rows tell of.
fn surface(path: &str) -> Option<&'static str> {
    let below = |base: &str| {
        path.strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    SURFACES
        .into_iter()
        .find(|(base, _)| below(base))
        .map(|(_, surface)| surface)
}

/// Where each surface stands.
const SURFACES: [(&str, &str); 7] = [
    ("/chat/completions", "chat"),
    ("/responses", "responses"),
    ("/messages", "messages"),
    ("/embeddings", "embeddings"),
    ("/images", "images"),
    ("/audio", "audio"),
    ("/models", "models"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_belongs_to_one_surface_or_none() {
        assert_eq!(surface("/chat/completions"), Some("chat"));
        assert_eq!(surface("/messages/count_tokens"), Some("messages"));
        assert_eq!(surface("/images/generations"), Some("images"));
        assert_eq!(surface("/responses-of-mine"), None);
        assert_eq!(surface("/files"), None);
    }
}
