//! The numbers of `/metrics`, read as a scraper reads them.

use std::collections::BTreeMap;

use evergrant_sandbox::client::HttpClient;

use super::desk::Serving;

/// One scrape.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// Values by name and labels, as they are written.
    values: BTreeMap<String, f64>,
    pub(crate) text: String,
}

impl Numbers {
    /// Scrapes.
    pub(crate) async fn of(gateway: &Serving) -> Self {
        let reply = HttpClient::new().get(&gateway.url("/metrics")).await.unwrap();
        assert_eq!(reply.status, 200, "{}", reply.text());
        Self::read(reply.text())
    }

    /// Reads a scrape's text, every line of which must be one of the form.
    pub(crate) fn read(text: String) -> Self {
        let mut values = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
            let before = values.insert(series.to_owned(), value.parse().unwrap());
            assert_eq!(before, None, "twice: {line}");
        }
        Self { values, text }
    }

    /// A value; nothing that was not counted yet is 0.
    pub(crate) fn value(&self, series: &str) -> f64 {
        self.values.get(series).copied().unwrap_or(0.0)
    }

    /// The sum of every series of that name that has all these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[&str]) -> f64 {
        let wanted = |series: &&String| {
            let (found, told) = series.split_once('{').unwrap_or((series, ""));
            found == name && labels.iter().all(|label| told.contains(label))
        };
        self.values
            .keys()
            .filter(wanted)
            .map(|series| self.values[series])
            .sum()
    }

    /// Every series without its value.
    pub(crate) fn series(&self) -> Vec<&str> {
        self.values.keys().map(String::as_str).collect()
    }

    /// Every family's name, with the ending that its samples have.
    pub(crate) fn families(&self) -> Vec<&str> {
        let named = self.text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        named.filter_map(|told| told.split(' ').next()).collect()
    }

    /// Scrapes until this holds: what a client has read to its end is counted when the gateway hears of it.
    pub(crate) async fn until(gateway: &Serving, holds: impl Fn(&Self) -> bool) -> Self {
        for _ in 0..500 {
            let numbers = Self::of(gateway).await;
            if holds(&numbers) {
                return numbers;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("{}", Self::of(gateway).await.text);
    }
}
