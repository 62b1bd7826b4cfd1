//! `NO_PROXY`: which hosts are reached without a proxy, in every form that curl, Go and Python read.

use std::net::IpAddr;

use url::Host;

use super::target::Target;

/// The exemptions; empty exempts nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    place: Place,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Place {
    /// `*`
    Anywhere,
    /// `name`, `.name` and `*.name` all mean the name and everything below it.
    Name(String),
    /// An address alone has all its bits in the prefix.
    Network { address: IpAddr, prefix: u8 },
}

impl NoProxy {
    /// Reads a list parted by commas or blanks; what cannot be read exempts nothing.
    pub(super) fn parse(text: &str) -> Self {
        let words = text.split(|c: char| c == ',' || c.is_whitespace());
        Self(words.filter(|word| !word.is_empty()).filter_map(entry).collect())
    }

    /// Whether the target is reached directly.
    pub(super) fn exempts(&self, target: &Target) -> bool {
        self.0
            .iter()
            .any(|entry| entry.port.is_none_or(|port| port == target.port) && covers(&entry.place, &target.host))
    }
}

fn entry(word: &str) -> Option<Entry> {
    let whole = |place| Some(Entry { place, port: None });
    if let Some(place) = network(word) {
        return whole(place);
    }
    if let Some((place, port)) = word.rsplit_once(':') {
        let port = Some(port.parse().ok()?);
        let place = network(place).or_else(|| name(place))?;
        return Some(Entry { place, port });
    }
    whole(name(word)?)
}

fn network(word: &str) -> Option<Place> {
    let (address, prefix) = match word.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix.parse::<u8>().ok()?)),
        None => (word, None),
    };
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address: IpAddr = bare.unwrap_or(address).parse().ok()?;
    let all = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.unwrap_or(all);
    (prefix <= all).then_some(Place::Network { address, prefix })
}

fn name(word: &str) -> Option<Place> {
    if word == "*" {
        return Some(Place::Anywhere);
    }
    let word = word.strip_prefix('*').unwrap_or(word);
    let word = word.trim_matches('.').to_ascii_lowercase();
    (!word.is_empty() && !word.contains(['/', '*'])).then_some(Place::Name(word))
}

fn covers(place: &Place, host: &Host<String>) -> bool {
    match (place, host) {
        (Place::Anywhere, _) => true,
        (Place::Name(name), Host::Domain(host)) => {
            let host = host.trim_end_matches('.');
            host.strip_suffix(name.as_str())
                .is_some_and(|head| head.is_empty() || head.ends_with('.'))
        }
        (Place::Network { address, prefix }, Host::Ipv4(host)) => within(*address, *prefix, IpAddr::V4(*host)),
        (Place::Network { address, prefix }, Host::Ipv6(host)) => within(*address, *prefix, IpAddr::V6(*host)),
        (Place::Name(_), Host::Ipv4(_) | Host::Ipv6(_)) | (Place::Network { .. }, Host::Domain(_)) => false,
    }
}

fn within(network: IpAddr, prefix: u8, host: IpAddr) -> bool {
    let same = |network: u128, host: u128, bits: u32| {
        let rest = bits - u32::from(prefix);
        network.checked_shr(rest) == host.checked_shr(rest)
    };
    match (network, host) {
        (IpAddr::V4(network), IpAddr::V4(host)) => same(u32::from(network).into(), u32::from(host).into(), 32),
        (IpAddr::V6(network), IpAddr::V6(host)) => same(u128::from(network), u128::from(host), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_exempts_what_it_names_and_nothing_else() {
        let table = [
            ("", "https://x.ai", false),
            ("*", "https://x.ai", true),
            ("*", "http://[::1]:9", true),
            ("x.ai", "https://x.ai", true),
            ("x.ai", "https://api.x.ai", true),
            ("x.ai", "https://API.X.AI", true),
            ("x.ai", "https://x.ai.", true),
            ("x.ai.", "https://x.ai", true),
            ("X.AI", "https://x.ai", true),
            ("x.ai", "https://max.ai", false),
            ("x.ai", "https://x.ai.example", false),
            (".x.ai", "https://x.ai", true),
            (".x.ai", "https://api.x.ai", true),
            ("*.x.ai", "https://api.x.ai", true),
            ("api.x.ai", "https://x.ai", false),
            ("x.ai:443", "https://x.ai", true),
            ("x.ai:443", "https://x.ai:8443", false),
            ("x.ai:junk", "https://x.ai", false),
            ("localhost", "http://localhost:9", true),
            ("localhost", "http://127.0.0.1:9", false),
            ("127.0.0.1", "http://127.0.0.1:9", true),
            ("127.0.0.1", "http://127.0.0.2:9", false),
            ("127.0.0.1:9", "http://127.0.0.1:9", true),
            ("127.0.0.1:9", "http://127.0.0.1:8", false),
            ("127.0.0.0/8", "http://127.9.9.9:9", true),
            ("127.0.0.0/8", "http://128.0.0.1", false),
            ("10.0.0.0/33", "http://10.0.0.0", false),
            ("0.0.0.0/0", "http://192.0.2.1", true),
            ("::/0", "http://[2001:db8::1]", true),
            ("::/0", "http://192.0.2.1", false),
            ("::1", "http://[::1]:9", true),
            ("[::1]", "http://[::1]:9", true),
            ("[::1]:9", "http://[::1]:9", true),
            ("[::1]:9", "http://[::1]:8", false),
            ("2001:db8::/32", "https://[2001:db8::1]", true),
            ("2001:db8::/32", "https://[2001:db9::1]", false),
            ("a.example, x.ai", "https://x.ai", true),
            ("a.example x.ai", "https://x.ai", true),
            (",,", "https://x.ai", false),
            (".", "https://x.ai", false),
        ];
        for (text, url, exempt) in table {
            let target = Target::of(&url.parse().unwrap()).unwrap();
            assert_eq!(NoProxy::parse(text).exempts(&target), exempt, "NO_PROXY={text} {url}");
        }
    }
}
