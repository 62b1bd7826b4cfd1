//! What the classifier is measured with.

use evergrant_engine::provider::Row;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Reading, classify};
use http::{HeaderMap, HeaderName, HeaderValue};

/// An answer as it comes from the wire.
pub(super) struct Answer {
    name: &'static str,
    pub(super) provider: &'static str,
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// Reads and judges it.
    pub(super) fn read(&self, row: Option<&Row>) -> Reading {
        let evidence = Evidence::read(self.status, &self.headers, &self.body);
        classify(row, Channel::Inference, &evidence, NOW)
    }

    /// What it is called, read with that row or without one.
    pub(super) fn name(&self, row: Option<&Row>) -> String {
        format!("{}-{}", self.name, if row.is_some() { "row" } else { "generic" })
    }
}

/// A sentence of a length that fills the body up to 1 KiB, an envelope with much in it, and a mebibyte.
pub(super) fn answers() -> Vec<Answer> {
    let sentence =
        r#"{"error":{"message":"FILL","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#;
    let envelope = r#"{"error":{"code":429,"message":"FILL","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaDimensions":{"location":"global","model":"large"},"quotaValue":"250"}]},{"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"Learn more about quotas","url":"https://ai.google.dev/gemini-api/docs/rate-limits"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}]}}"#;
    let filled = |template: &str, words: &str| {
        let room = KIB - (template.len() - "FILL".len());
        let message: String = words.chars().cycle().take(room).collect();
        template.replace("FILL", &message).into_bytes()
    };
    let mut mebibyte = filled(sentence, WORDS);
    mebibyte.truncate(mebibyte.len() - 1);
    mebibyte.extend_from_slice(br#","input":"#);
    mebibyte.push(b'"');
    mebibyte.resize(KIB * KIB, b'a');
    let answer = |name, provider, body| Answer {
        name,
        provider,
        status: 429,
        headers: headers(),
        body,
    };
    vec![
        answer("sentence", "openai", filled(sentence, WORDS)),
        answer("envelope", "gemini", filled(envelope, WORDS)),
        answer("mebibyte", "openai", mebibyte),
    ]
}

fn headers() -> HeaderMap {
    HEADERS
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

const KIB: usize = 1_024;
/// What fills a message, as providers write.
const WORDS: &str = "You exceeded your current quota, please check your plan and billing details. For more information on this \
    error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors. Your organization's limit \
    is shared by all of its projects, so that another project's requests count as well. ";
/// What comes with an answer.
const HEADERS: &[(&str, &str)] = &[
    ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ("content-type", "application/json; charset=utf-8"),
    ("content-length", "1024"),
    ("x-request-id", "req_00000000000000000000000000000000"),
    ("openai-processing-ms", "12"),
    ("openai-version", "2020-10-01"),
    ("x-ratelimit-limit-requests", "10000"),
    ("x-ratelimit-remaining-requests", "9999"),
    ("x-ratelimit-reset-requests", "6ms"),
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains; preload",
    ),
    ("server", "cloudflare"),
    ("cf-ray", "0000000000000000-FRA"),
];
/// 2026-01-01T00:00:00Z.
const NOW: Timestamp = Timestamp::from_secs(1_767_225_600);
