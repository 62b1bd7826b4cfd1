//! The built-in tables of signals that belong to no provider, compiled on first use.

use std::sync::LazyLock;

use super::matching::Compiled;
use crate::provider::{Tier, parse_signals};

/// For inference: unmistakable markers of any provider and of the common envelopes, and what the standards and the
/// envelopes' own classes say.
pub(super) static INFERENCE: LazyLock<Compiled> = LazyLock::new(|| compiled(COMMON_FILES, STANDARD_FILES));
/// For token and device endpoints: the known authorization servers, RFC 6749 and RFC 8628.
pub(super) static TOKENS: LazyLock<Compiled> = LazyLock::new(|| compiled(SERVER_FILES, OAUTH_FILES));

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

fn compiled(common: &'static [File], standard: &'static [File]) -> Compiled {
    // A test reads every embedded table; one that could not be read would be missing here, never a panic.
    let of_tier = |files: &'static [File], tier| {
        files
            .iter()
            .filter_map(move |(file, text)| parse_signals(file, text, tier).ok())
            .flatten()
    };
    let signals = of_tier(common, Tier::Common).chain(of_tier(standard, Tier::Standard));
    Compiled::new(signals.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_table_can_be_read() {
        for (file, text) in [COMMON_FILES, STANDARD_FILES, SERVER_FILES, OAUTH_FILES].concat() {
            assert!(!parse_signals(file, text, Tier::Common).unwrap().is_empty(), "{file}");
        }
    }
}
