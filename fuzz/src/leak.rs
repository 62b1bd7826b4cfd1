//! A second opinion on what looks like a secret, so that the one in the product is not its own judge.

/// The first thing in a text that looks like a key, a token or an address.
pub(crate) fn leak(text: &str) -> Option<&str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.@+/=".contains(c)))
        .find(|word| {
            let tail = |lead: &str| word.find(lead).map_or(0, |at| word.len() - at - lead.len());
            let is_key = ["sk-", "sk_", "xai-", "gsk_", "hf_", "ghp_", "AIza"]
                .iter()
                .any(|lead| tail(lead) >= 20);
            let is_token = tail("eyJ") >= 30 && word.matches('.').count() >= 2;
            let is_address = word.split_once('@').is_some_and(|(name, host)| {
                // Dots and signs alone are nobody's name and no host.
                let says_something = |text: &str| text.contains(|c: char| c.is_ascii_alphanumeric());
                let labels = host.split('.').filter(|label| says_something(label));
                says_something(name) && !host.contains('@') && labels.count() >= 2
            });
            is_key || is_token || is_address
        })
}
