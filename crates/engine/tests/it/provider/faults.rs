//! Rows that cannot be read: the error names file, line and key.

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Origin, RowError, RowFile, Table};

use super::rows::ACME;

fn fault(text: &str) -> RowError {
    let origin = Origin::File("acme.toml".to_owned());
    RowFile::parse("acme.toml", text, origin).expect_err(text)
}

/// The row of the contract with one text replaced must be refused at that line, under that key.
#[track_caller]
fn check(from: &str, to: &str, line: u32, key: &str, says: &str) {
    assert!(ACME.contains(from), "{from}");
    let error = fault(&ACME.replacen(from, to, 1));
    assert_eq!(
        (error.file.as_str(), error.line, error.key.as_str()),
        ("acme.toml", line, key),
        "{error}"
    );
    assert!(error.message.contains(says), "{error}");
}

#[test]
fn unknown_keys() {
    check("name = \"Acme LLM\"", "colour = \"red\"", 2, "colour", "unknown field");
    check("scope =", "scopes =", 12, "scopes", "unknown field");
    check("all = []", "non = []", 27, "non", "unknown field");
}

#[test]
fn unknown_words() {
    check("\"unauthenticated\"", "\"stale\"", 28, "signal.verdict", "`stale`");
    check("\"inference\"", "\"websocket\"", 23, "signal.channel", "`websocket`");
    check("\"any\"", "\"body\"", 25, "signal.where", "`body`");
    check("\"echo-code-challenge\"", "\"echo\"", 16, "oauth.quirks", "`echo`");
    check("\"device\"", "\"telex\"", 14, "oauth.flows", "`telex`");
    check("auth = \"oauth\"", "auth = \"basic\"", 5, "auth", "`basic`");
    check(
        "lead_secs = 300",
        "serialize = \"grant\"",
        17,
        "oauth.serialize",
        "`grant`",
    );
}

#[test]
fn verdicts_of_another_channel() {
    check(
        "\"unauthenticated\"",
        "\"grant-dead\"",
        28,
        "signal.verdict",
        "never a verdict of the channel `inference`",
    );
}

#[test]
fn plain_http_and_foreign_hosts() {
    check(
        "http://127.0.0.1:9000/v1",
        "http://acme.example/v1",
        3,
        "base_url",
        "must be https",
    );
    check(
        "http://127.0.0.1:9000/v1",
        "https://acme.example/v1",
        3,
        "base_url",
        "none of `hosts`",
    );
    check(
        "http://127.0.0.1:9000/v1",
        "ftp://127.0.0.1/v1",
        3,
        "base_url",
        "must be an https URL",
    );
    check(
        "issuer = \"http://127.0.0.1:9000\"",
        "issuer = \"https://evil.example\"",
        10,
        "oauth.issuer",
        "none of `hosts`",
    );
    check(
        "lead_secs = 300",
        "token_endpoint = \"https://evil.example/t\"",
        17,
        "oauth.token_endpoint",
        "none of `hosts`",
    );
    check(
        "[\"127.0.0.1\"]",
        "[\"http://127.0.0.1\"]",
        4,
        "hosts",
        "without scheme",
    );
    check("[\"127.0.0.1\"]", "[]", 4, "hosts", "at least one");
}

#[test]
fn redirects_that_are_not_loopback() {
    check(
        "http://127.0.0.1:0/callback",
        "https://127.0.0.1:0/callback",
        13,
        "oauth.redirect",
        "must be http",
    );
    check(
        "http://127.0.0.1:0/callback",
        "http://acme.example:1/callback",
        13,
        "oauth.redirect",
        "must be on",
    );
    check(
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1/callback",
        13,
        "oauth.redirect",
        "must name a port",
    );
}

#[test]
fn empty_and_wrong_values() {
    check("id = \"acme\"", "id = \"\"", 1, "id", "one or more");
    check("id = \"acme\"", "id = \"Ac me\"", 1, "id", "one or more");
    check(
        "client_id = \"evergrant\"",
        "client_id = \"\"",
        11,
        "oauth.client_id",
        "must not be empty",
    );
    check("status = [403]", "status = [42]", 24, "signal.status", "`42`");
    check(
        "lead_secs = 300",
        "lead_secs = \"long\"",
        17,
        "lead_secs",
        "invalid type",
    );
    check(
        "probe = \"/models\"",
        "probe = \"models\"",
        7,
        "probe",
        "begins with `/`",
    );
    for hours in ["15", "-13", "99999999999"] {
        check(
            "probe = \"/models\"",
            &format!("local_hours = {hours}"),
            7,
            "local_hours",
            "-12 to 14",
        );
    }
    check(
        "\"Token could not be validated\"",
        "[]",
        26,
        "signal.contains",
        "empty text",
    );
    check("all = []", "equals = \"x\"", 22, "signal.contains", "only one of");
    check(
        "issuer = \"http://127.0.0.1:9000\"",
        "",
        9,
        "oauth.issuer",
        "is missing",
    );
    check(
        "base_url = \"http://127.0.0.1:9000/v1\"\n",
        "",
        1,
        "base_url",
        "is missing",
    );
}

#[test]
fn a_signal_that_looks_for_nothing() {
    let text = "id = \"xai\"\n[[signal]]\nname = \"x\"\nverdict = \"overloaded\"\n";
    let error = fault(text);
    assert_eq!((error.line, error.key.as_str()), (3, "signal.contains"));
}

#[test]
fn two_signals_of_one_name() {
    let second = "\n[[signal]]\nname = \"acme-stale\"\nstatus = [500]\nverdict = \"overloaded\"\n";
    let error = fault(&format!("{ACME}{second}"));
    assert_eq!((error.line, error.key.as_str()), (31, "signal.name"), "{error}");
}

#[test]
fn mistakes_of_syntax() {
    let error = fault("id = \"acme\"\nname = \n");
    assert_eq!((error.file.as_str(), error.line), ("acme.toml", 2), "{error}");
}

#[test]
fn signals_for_a_provider_that_does_not_exist() {
    let text = "# mine\nid = \"acme\"\n[[signal]]\nname = \"x\"\nstatus = [500]\nverdict = \"overloaded\"\n";
    let file = RowFile::parse("acme.toml", text, Origin::File("acme.toml".to_owned())).unwrap();
    let error = Table::built_in().with([file]).unwrap_err();
    assert_eq!((error.line, error.key.as_str()), (2, "base_url"));
}

#[test]
fn an_error_becomes_a_failure_that_names_the_place() {
    let failure = Failure::from(fault("id = \"acme\"\ncolour = 1\n"));
    assert_eq!(failure.code, Code::RowInvalid);
    assert_eq!(failure.code.exit(), 2);
    assert!(failure.message.starts_with("acme.toml:2: `colour`"), "{failure}");
    assert_eq!(failure.remedy.unwrap().sentence(), "mend acme.toml:2");
}
