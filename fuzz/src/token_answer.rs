//! A token answer that is cut grants nothing, and none shows its tokens.

use std::sync::LazyLock;

use bytes::Bytes;
use evergrant_engine::login::read_token_answer;
use evergrant_engine::provider::{Row, Table};
use evergrant_engine::verdict::Evidence;
use evergrant_engine::verdict::Shape;

use super::written;

/// Reads an answer of the token endpoint, whole and cut.
pub fn token_answer(data: &[u8]) {
    let answer = written::read(data);
    for row in ROWS.iter() {
        let Some(oauth) = row.oauth() else { continue };
        let reply = |body: &[u8], truncated| evergrant_engine::wire::Reply {
            status: 200,
            headers: answer.headers.clone(),
            body: Bytes::copy_from_slice(body),
            truncated,
        };
        let Ok(whole) = read_token_answer(oauth, &reply(answer.body, false)) else {
            continue;
        };
        let access = whole.access_token.expose().clone();
        assert!(!access.is_empty() && access.bytes().all(|byte| byte.is_ascii_graphic()));
        for token in [
            Some(&whole.access_token),
            whole.refresh_token.as_ref(),
            whole.id_token.as_ref(),
        ] {
            assert!(token.is_none_or(|token| format!("{token:?}") == "Secret(..)"));
        }
        let is_json = Evidence::read(200, &answer.headers, answer.body).shape() == Shape::Json;
        if is_json {
            for cut in 0..answer.body.len().min(2_048) {
                if let Ok(part) = read_token_answer(oauth, &reply(&answer.body[..cut], false)) {
                    assert_eq!(part, whole, "cut at {cut}");
                }
            }
        }
        assert!(
            read_token_answer(oauth, &reply(answer.body, true)).is_err(),
            "what was cut on the way is not used"
        );
    }
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let table = Table::built_in();
    ["xai-oauth", "openai-codex"]
        .into_iter()
        .filter_map(|id| table.row(&id.into()).map(|row| (**row).clone()))
        .collect()
});
