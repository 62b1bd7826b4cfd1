//! How long the classifier takes for one answer, and how often it allocates.
#![allow(missing_docs, clippy::print_stdout, reason = "a measurement")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use evergrant_engine::provider::{Row, Table};
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Evidence, Reading, classify};
use http::{HeaderMap, HeaderName, HeaderValue};

/// An answer as it comes from the wire.
struct Answer {
    name: &'static str,
    provider: &'static str,
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn read(&self, row: Option<&Row>) -> Reading {
        let evidence = Evidence::read(self.status, &self.headers, &self.body);
        classify(row, Channel::Inference, &evidence, NOW)
    }
}

/// A sentence of a length that fills the body up to 1 KiB, an envelope with much in it, and a mebibyte.
fn answers() -> Vec<Answer> {
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

fn bench(criterion: &mut Criterion) {
    let table = Table::built_in();
    for answer in answers() {
        for row in [None, table.row(&answer.provider.into())] {
            let row = row.map(|row| &**row);
            let name = format!("{}-{}", answer.name, if row.is_some() { "row" } else { "generic" });
            // The first call compiles the tables.
            black_box(answer.read(row));
            let counted = allocation_counter::measure(|| drop(black_box(answer.read(row))));
            let read = allocation_counter::measure(|| {
                black_box(Evidence::read(answer.status, &answer.headers, &answer.body));
            });
            println!("allocations {name} {} {}", counted.count_total, read.count_total);
            criterion.bench_function(&name, |bencher| {
                bencher.iter_custom(|times| {
                    let begun = on_the_processor();
                    for _ in 0..times {
                        black_box(answer.read(black_box(row)));
                    }
                    on_the_processor() - begun
                });
            });
        }
    }
}

/// How long this thread has been on a processor: what else runs on the machine does not count.
fn on_the_processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_500))
        .sample_size(60);
    targets = bench
}
criterion_main!(benches);

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
