//! What kind of thing a request asks for, as its path says: a closed set, so that no client can make it grow.

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Operation {
    /// `chat/completions`
    ChatCompletions,
    /// `completions`
    Completions,
    /// `responses`
    Responses,
    /// `messages`
    Messages,
    /// `embeddings`
    Embeddings,
    /// `images`
    Images,
    /// `audio`
    Audio,
    /// `files`
    Files,
    /// `models`
    Models,
    /// Anything else at a provider.
    Other,
    /// The gateway's own pages, and what leads nowhere.
    Own,
}

impl Operation {
    /// Every operation, in the order of their numbers.
    pub(super) const ALL: [Self; 11] = [
        Self::ChatCompletions,
        Self::Completions,
        Self::Responses,
        Self::Messages,
        Self::Embeddings,
        Self::Images,
        Self::Audio,
        Self::Files,
        Self::Models,
        Self::Other,
        Self::Own,
    ];

    /// The operation of a path.
    pub(in crate::gateway) fn of(path: &str) -> Self {
        let below = match path.strip_prefix("/p/") {
            Some(rest) => rest
                .split_once('/')
                .map(|(_, below)| below.strip_prefix("v1/").unwrap_or(below)),
            None => path.strip_prefix("/v1/"),
        };
        let Some(below) = below else { return Self::Own };
        let first = below.as_bytes().split(|byte| *byte == b'/').next();
        match first.unwrap_or_default() {
            b"chat" => Self::ChatCompletions,
            b"completions" => Self::Completions,
            b"responses" => Self::Responses,
            b"messages" => Self::Messages,
            b"embeddings" => Self::Embeddings,
            b"images" => Self::Images,
            b"audio" => Self::Audio,
            b"files" => Self::Files,
            b"models" => Self::Models,
            _ => Self::Other,
        }
    }

    /// Its word.
    pub(in crate::gateway) const fn as_str(self) -> &'static str {
        match self {
            Self::ChatCompletions => "chat-completions",
            Self::Completions => "completions",
            Self::Responses => "responses",
            Self::Messages => "messages",
            Self::Embeddings => "embeddings",
            Self::Images => "images",
            Self::Audio => "audio",
            Self::Files => "files",
            Self::Models => "models",
            Self::Other => "other",
            Self::Own => "own",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_what_is_asked_for() {
        for (path, expected) in [
            ("/v1/chat/completions", Operation::ChatCompletions),
            ("/v1/completions", Operation::Completions),
            ("/p/acme/responses/resp_1", Operation::Responses),
            ("/p/acme/v1/messages/count_tokens", Operation::Messages),
            ("/v1/models", Operation::Models),
            ("/v1/models/a", Operation::Models),
            ("/v1/audio/speech", Operation::Audio),
            ("/v1/realtime", Operation::Other),
            ("/v1/", Operation::Other),
            ("/metrics", Operation::Own),
            ("/p/acme", Operation::Own),
            ("/", Operation::Own),
        ] {
            assert_eq!(Operation::of(path), expected, "{path}");
        }
        assert!(
            (0..)
                .zip(Operation::ALL)
                .all(|(at, operation)| operation as usize == at)
        );
    }
}
