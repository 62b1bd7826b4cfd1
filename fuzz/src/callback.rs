//! Only an answer with this login's state yields a code, and no refusal shows one.

use std::sync::LazyLock;

use evergrant_engine::login::{Callback, State};
use evergrant_engine::provider::{Row, Table};
use evergrant_engine::secret::Secret;
use url::form_urlencoded;

/// Reads a query, and the same as something pasted; `STATE` stands for the state of the login.
pub fn callback(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let state = State::from_entropy(&Secret::new([9; 32]));
    let text = text.replace("STATE", state.expose());
    for row in ROWS.iter() {
        let read = Callback::read(row, &text, &state);
        if let Ok(Callback::Code(code)) = &read {
            let named = |key: &str| {
                let pairs = form_urlencoded::parse(text.trim_start_matches('?').as_bytes());
                pairs
                    .filter(|(name, _)| name == key)
                    .map(|(_, value)| value.into_owned())
                    .collect::<Vec<_>>()
            };
            assert_eq!(named("code").len(), 1, "{text}");
            assert!(
                text.contains(state.expose()) || named("state") == [state.expose().clone()],
                "{text}"
            );
            assert!(code.expose().bytes().all(|byte| byte.is_ascii_graphic()));
        }
        let pasted = Callback::paste(row, &text, &state);
        for answer in [read, pasted] {
            match answer {
                Ok(code @ Callback::Code(_)) => {
                    assert_eq!(format!("{code:?}"), "Code(Secret(..))");
                    code.into_code(row).expect("a code is one");
                }
                Ok(denied @ Callback::Denied { .. }) => {
                    let failure = denied.into_code(row).expect_err("a denial has no code");
                    assert!(failure.message.chars().count() < 500, "{}", failure.message);
                    assert!(!failure.message.contains(char::is_control), "{}", failure.message);
                }
                Err(failure) => assert!(!failure.message.contains(state.expose()), "{}", failure.message),
            }
        }
    }
}

/// One that shows codes in a page, and one that does not.
static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let table = Table::built_in();
    ["anthropic-oauth", "xai-oauth"]
        .into_iter()
        .filter_map(|id| table.row(&id.into()).map(|row| (**row).clone()))
        .collect()
});
