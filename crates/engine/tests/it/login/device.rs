//! The device flow, answer by answer.

use std::time::Duration;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{DevicePoll, PollStep, device_request, poll_endpoint, read_device_answer};
use evergrant_engine::provider::{DeviceDialect, Endpoints, Row};
use evergrant_engine::time::Moment;
use evergrant_engine::verdict::Verdict;
use url::Url;

use crate::rows::{acme, acme_with, body, reading, reply};

const CODE: &str = r#"{"device_code":"D","user_code":"WDJB-MJHT","verification_uri":"https://acme.example/device",
    "verification_uri_complete":"https://acme.example/device?c=1","expires_in":600,"interval":7}"#;

fn endpoint() -> Url {
    "https://auth.acme.example/device/code".parse().unwrap()
}

fn at(secs: u64) -> Moment {
    Moment::default().plus(Duration::from_secs(secs))
}

fn begun(row: &Row, code: &str) -> PollStep {
    let code = read_device_answer(row, &endpoint(), &reply(200, code)).unwrap();
    DevicePoll::begin(row, code, &at(0))
}

fn answered(row: &Row, step: PollStep, verdict: Verdict, text: &str, now: u64) -> PollStep {
    let PollStep::Wait { then, .. } = step else {
        panic!("polled after the end");
    };
    then.answered(row, &endpoint(), &reply(400, text), &reading(verdict), None, &at(now))
}

#[track_caller]
fn after(step: &PollStep) -> u64 {
    match step {
        PollStep::Wait { after, .. } => after.as_secs(),
        PollStep::Granted(_) | PollStep::Exchange { .. } | PollStep::Failed(_) => panic!("it does not wait: {step:?}"),
    }
}

#[track_caller]
fn failed(step: PollStep) -> Failure {
    match step {
        PollStep::Failed(failure) => failure,
        PollStep::Wait { .. } | PollStep::Granted(_) | PollStep::Exchange { .. } => panic!("it goes on: {step:?}"),
    }
}

#[test]
fn requests_are_those_of_the_rfc() {
    let row = acme();
    let request = device_request(&row, &endpoint()).unwrap();
    assert_eq!(body(&request), "client_id=evergrant&scope=openid+offline_access");
    let PollStep::Wait { after, then } = begun(&row, CODE) else {
        panic!("it must wait first");
    };
    assert_eq!(after, Duration::from_secs(7));
    assert_eq!(
        body(&then.request(&row, &endpoint()).unwrap()),
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=D&client_id=evergrant"
    );
    assert!(
        then.request(&row, &"https://evil.example/token".parse().unwrap())
            .is_err()
    );
}

#[test]
fn optional_fields_may_be_absent() {
    let bare = r#"{"device_code":"D","user_code":"U","verification_uri":"https://acme.example/d"}"#;
    let code = read_device_answer(&acme(), &endpoint(), &reply(200, bare)).unwrap();
    assert_eq!(code.interval, Duration::from_secs(5));
    assert_eq!(code.expires_in, Duration::from_secs(900));
    assert_eq!(code.verification_uri_complete, None);
}

#[track_caller]
fn check_refused(answer: &str, says: &str) {
    let failure = read_device_answer(&acme(), &endpoint(), &reply(200, answer)).unwrap_err();
    assert_eq!(failure.code, Code::TokenExchangeInvalid);
    assert!(failure.message.contains(says), "{}", failure.message);
}

#[test]
fn bad_answers_are_refused_by_what_is_wrong_with_them() {
    check_refused("{}", "`device_code`");
    check_refused(
        r#"{"device_code":"D","verification_uri":"https://acme.example"}"#,
        "`user_code`",
    );
    check_refused(r#"{"device_code":"D","user_code":"U"}"#, "`verification_uri`");
    for page in [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://acme.example",
        "nowhere",
    ] {
        let answer = format!(r#"{{"device_code":"D","user_code":"U","verification_uri":"{page}"}}"#);
        check_refused(&answer, "`verification_uri`");
    }
    check_refused("<html>", "HTML");
}

#[test]
fn pending_then_granted() {
    let row = acme();
    let step = answered(&row, begun(&row, CODE), Verdict::Pending, "", 7);
    assert_eq!(after(&step), 7);
    let step = answered(
        &row,
        step,
        Verdict::Success,
        r#"{"access_token":"A","refresh_token":"R"}"#,
        14,
    );
    let PollStep::Granted(answer) = step else {
        panic!("{step:?}");
    };
    assert_eq!(answer.refresh_token, Some("R".into()));
}

#[test]
fn slow_down_adds_five_seconds_for_good() {
    let row = acme();
    let step = answered(&row, begun(&row, CODE), Verdict::SlowDown, "", 7);
    assert_eq!(after(&step), 12);
    let step = answered(&row, step, Verdict::SlowDown, "", 19);
    assert_eq!(after(&step), 17);
    assert_eq!(after(&answered(&row, step, Verdict::Pending, "", 36)), 17);
}

#[test]
fn faults_back_off_and_end() {
    let row = acme();
    let long = CODE.replace("600", "3600");
    let step = answered(&row, begun(&row, &long), Verdict::Transient, "busy", 7);
    assert_eq!(after(&step), 14);
    let step = answered(&row, step, Verdict::EdgeBlocked, "<html>", 21);
    assert_eq!(after(&step), 28);
    let step = answered(&row, step, Verdict::Pending, "", 49);
    assert_eq!(after(&step), 7);
    let mut step = step;
    for round in 0..10 {
        step = answered(&row, step, Verdict::Transient, "busy", 60 + round);
        assert!(after(&step) <= 60);
    }
    let PollStep::Wait { then, .. } = step else {
        panic!("{step:?}");
    };
    let last = Failure::new(Code::Unreachable, "no route");
    assert_eq!(failed(then.broken(&row, last.clone(), &at(71))), last);
}

#[test]
fn it_ends_by_expiry_denial_and_refusal() {
    let row = acme();
    let expired = failed(answered(&row, begun(&row, CODE), Verdict::DeviceCodeExpired, "", 7));
    assert_eq!(expired.code, Code::DeviceCodeExpired);
    let expired = failed(answered(&row, begun(&row, CODE), Verdict::Pending, "", 594));
    assert_eq!(
        expired.code,
        Code::DeviceCodeExpired,
        "no poll after the end of the code"
    );
    assert_eq!(
        failed(answered(&row, begun(&row, CODE), Verdict::AccessDenied, "", 7)).code,
        Code::LoginDenied
    );
    let refused = failed(answered(
        &row,
        begun(&row, CODE),
        Verdict::NotEntitled,
        "no tier, code D was",
        7,
    ));
    assert_eq!(refused.code, Code::NotEntitled);
    let unreadable = failed(answered(&row, begun(&row, CODE), Verdict::Success, "<html>", 7));
    assert_eq!(unreadable.code, Code::TokenExchangeInvalid);
}

#[test]
fn the_two_step_dialect_ends_in_an_exchange() {
    let row = acme_with(|oauth| oauth.device = DeviceDialect::Codex);
    let endpoint: Url = "https://auth.acme.example/api/accounts/deviceauth/usercode"
        .parse()
        .unwrap();
    let polled = poll_endpoint(
        &row,
        &Endpoints {
            device_authorization: Some(endpoint.clone()),
            ..Endpoints::default()
        },
    )
    .unwrap();
    assert_eq!(polled.path(), "/api/accounts/deviceauth/token");
    assert_eq!(
        body(&device_request(&row, &endpoint).unwrap()),
        r#"{"client_id":"evergrant"}"#
    );
    let code = read_device_answer(
        &row,
        &endpoint,
        &reply(200, r#"{"device_auth_id":"I","usercode":"ABCD","interval":"5"}"#),
    )
    .unwrap();
    assert_eq!(code.verification_uri.as_str(), "https://auth.acme.example/codex/device");
    let PollStep::Wait { after, then } = DevicePoll::begin(&row, code, &at(0)) else {
        panic!("it must wait first");
    };
    assert_eq!(after, Duration::from_secs(5));
    assert_eq!(
        body(&then.request(&row, &polled).unwrap()),
        r#"{"device_auth_id":"I","user_code":"ABCD"}"#
    );
    let good = format!(r#"{{"authorization_code":"C","code_verifier":"{}"}}"#, "v".repeat(43));
    let step = then.answered(
        &row,
        &polled,
        &reply(200, &good),
        &reading(Verdict::Success),
        None,
        &at(5),
    );
    let PollStep::Exchange { code, redirect_uri, .. } = step else {
        panic!("{step:?}");
    };
    assert_eq!(code, "C".into());
    assert_eq!(redirect_uri, "https://auth.acme.example/deviceauth/callback");
}
