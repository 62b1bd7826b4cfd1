//! The built-in tables of signals that belong to no provider, compiled on first use.

use std::sync::LazyLock;

use super::matching::Compiled;
use crate::provider::{Tier, parse_signals};

/// Unmistakable markers of any provider and of the common envelopes.
pub(super) static COMMON: LazyLock<Compiled> = LazyLock::new(|| compiled(COMMON_FILES, Tier::Common));
/// What the standards and the envelopes' own classes say.
pub(super) static STANDARD: LazyLock<Compiled> = LazyLock::new(|| compiled(STANDARD_FILES, Tier::Standard));
/// The known authorization servers, at their token and device endpoints.
pub(super) static SERVERS: LazyLock<Compiled> = LazyLock::new(|| compiled(SERVER_FILES, Tier::Common));
/// RFC 6749 and RFC 8628.
pub(super) static OAUTH: LazyLock<Compiled> = LazyLock::new(|| compiled(OAUTH_FILES, Tier::Standard));

/// File name and text.
type File = (&'static str, &'static str);

macro_rules! files {
    ($name:ident: $($file:literal),* $(,)?) => {
        pub(super) const $name: &[File] = &[
            $((concat!("built-in:", $file), include_str!(concat!("tables/", $file))),)*
        ];
    };
}

files!(COMMON_FILES: "credential.toml", "account.toml", "limits.toml", "edge.toml", "request.toml");
files!(STANDARD_FILES: "standard.toml");
files!(SERVER_FILES: "token.toml", "device.toml");
files!(OAUTH_FILES: "oauth.toml");

fn compiled(files: &[File], tier: Tier) -> Compiled {
    // A test reads every embedded table; one that could not be read would be missing here, never a panic.
    let signals = files
        .iter()
        .filter_map(|(file, text)| parse_signals(file, text, tier).ok())
        .flatten()
        .collect();
    Compiled::new(signals)
}
