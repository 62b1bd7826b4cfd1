//! The closed set of ways in which a provider departs from the standards.

/// One departure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quirk {
    /// The token endpoint wants `code_challenge` and `code_challenge_method` again beside the verifier.
    EchoCodeChallenge,
    /// Answers carry no `expires_in`; the access token is a JWT whose `exp` tells.
    NoExpiresInUseJwtExp,
    /// The redirect or the page shows `CODE#STATE` as one string.
    CodeWithStateFragment,
    /// The revocation endpoint does not speak RFC 7009.
    RevokeNonStandard,
}

impl Quirk {
    /// All of them, with the word that a row uses.
    pub const ALL: [(&'static str, Self); 4] = [
        ("echo-code-challenge", Self::EchoCodeChallenge),
        ("no-expires-in-use-jwt-exp", Self::NoExpiresInUseJwtExp),
        ("code-with-state-fragment", Self::CodeWithStateFragment),
        ("revoke-non-standard", Self::RevokeNonStandard),
    ];
}

/// The quirks of one row.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Quirks(Vec<Quirk>);

impl Quirks {
    /// From a row's list.
    pub fn new(quirks: impl IntoIterator<Item = Quirk>) -> Self {
        Self(quirks.into_iter().collect())
    }

    /// Whether the provider has this one.
    pub fn has(&self, quirk: Quirk) -> bool {
        self.0.contains(&quirk)
    }
}
