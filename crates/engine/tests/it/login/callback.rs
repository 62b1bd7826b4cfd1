//! The redirect's query and what users paste.

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{Callback, State};
use evergrant_engine::provider::{Quirk, Row};
use evergrant_engine::secret::Secret;

use crate::rows::{acme, acme_that};

fn state() -> State {
    State::from_entropy(&Secret::new([9; 32]))
}

fn read(query: &str) -> Result<Callback, Failure> {
    Callback::read(&acme(), &query.replace("STATE", state().expose()), &state())
}

fn paste(row: &Row, text: &str) -> Result<Callback, Failure> {
    Callback::paste(row, &text.replace("STATE", state().expose()), &state())
}

#[track_caller]
fn check_refused(answer: Result<Callback, Failure>, says: &str) {
    let failure = answer.unwrap_err();
    assert_eq!(failure.code, Code::StateMismatch);
    assert!(failure.message.contains(says), "{}", failure.message);
    assert!(!failure.message.contains("SplxlOB"), "no code in a message");
}

#[test]
fn a_genuine_answer_is_read() {
    let expected = Callback::Code("Splx+lOB/= eZ".trim_end_matches(" eZ").into());
    assert_eq!(read("code=Splx%2BlOB%2F%3D&state=STATE").unwrap(), expected);
    assert_eq!(
        read("?state=STATE&iss=https%3A%2F%2Fauth.acme.example&code=Splx%2BlOB%2F%3D").unwrap(),
        expected
    );
}

#[test]
fn an_answer_of_another_login_is_refused() {
    check_refused(read("code=SplxlOB&state=other"), "another login");
    check_refused(read("code=SplxlOB&state="), "another login");
    check_refused(read("code=SplxlOB"), "no `state`");
    check_refused(read("error=access_denied"), "no `state`");
    check_refused(read("error=access_denied&state=x"), "another login");
    check_refused(read(""), "no `state`");
    check_refused(read("state=STATE"), "no `code`");
    check_refused(read("code=&state=STATE"), "no `code`");
    check_refused(read("code=SplxlOB&code=b&state=STATE"), "twice");
    check_refused(read("code=SplxlOB&state=x&state=STATE"), "twice");
    check_refused(
        read("code=SplxlOB&state=STATE&iss=https://evil.example"),
        "another issuer",
    );
    check_refused(read(&format!("code={}&state=STATE", "a".repeat(20_000))), "too long");
}

#[test]
fn a_denial_is_told_and_cleaned() {
    let denied = read("error=access_denied&error_description=no%1b%5B31m%0Away&state=STATE").unwrap();
    let failure = denied.into_code(&acme()).unwrap_err();
    assert_eq!(failure.code, Code::LoginDenied);
    assert_eq!(failure.message, "the login was denied: `access_denied: no [31m way`");
}

#[test]
fn what_is_pasted_is_understood() {
    let row = acme();
    for text in [
        "http://127.0.0.1:56121/callback?code=abc&state=STATE",
        "  'http://127.0.0.1:56121/callback?code=abc&state=STATE#'\n",
        "?code=abc&state=STATE",
        "code=abc&state=STATE",
        "127.0.0.1:56121/callback?state=STATE&code=abc",
        "abc#STATE",
    ] {
        assert_eq!(paste(&row, text).unwrap(), Callback::Code("abc".into()), "{text}");
    }
    check_refused(paste(&row, "abc"), "paste the whole address");
    check_refused(paste(&row, ""), "paste the whole address");
    let shown = "SplxlOBeZQQYbYS6WxSbIA";
    assert_eq!(
        paste(&row, shown).unwrap(),
        Callback::Code(shown.into()),
        "bound by the verifier"
    );
    check_refused(
        paste(&row, "http://127.0.0.1/callback?code=abc&state=x"),
        "another login",
    );
}

#[test]
fn a_code_shown_in_the_page_is_taken_where_the_row_says_so() {
    let row = acme_that(Quirk::CodeWithStateFragment);
    for text in [
        "abc#STATE",
        "abc",
        "https://console.example/code/callback?code=abc#STATE",
        "?code=abc%23STATE",
        "?code=abc&state=STATE",
    ] {
        assert_eq!(paste(&row, text).unwrap(), Callback::Code("abc".into()), "{text}");
    }
    check_refused(paste(&row, "abc#other"), "another login");
    check_refused(paste(&row, "two words"), "paste the whole address");
}
