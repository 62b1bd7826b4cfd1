//! Token answers: lifetimes, identities, and what a renewal keeps.

use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::login::{AnswerFault, Nonce, TokenAnswer, TokenHint, read_token_answer, refresh, revocation};
use evergrant_engine::provider::{BodyForm, Quirk, Row};
use evergrant_engine::secret::Secret;
use evergrant_engine::time::Moment;
use evergrant_engine::wire::Reply;
use url::Url;

use crate::rows::{acme, acme_that, acme_with, body, jwt, reply};

fn answer(row: &Row, text: &str) -> TokenAnswer {
    read_token_answer(row.oauth().unwrap(), &reply(200, text)).unwrap()
}

fn endpoint() -> Url {
    "https://auth.acme.example/token".parse().unwrap()
}

#[track_caller]
fn check_lifetime(expires_in: &str, secs: Option<u64>) {
    let found = answer(&acme(), &format!(r#"{{"access_token":"a","expires_in":{expires_in}}}"#)).lifetime;
    assert_eq!(found, secs.map(Duration::from_secs), "{expires_in}");
}

#[test]
fn expires_in_is_read_as_servers_write_it() {
    check_lifetime("3600", Some(3_600));
    check_lifetime("\"3600\"", Some(3_600));
    check_lifetime("3599.9", Some(3_599));
    check_lifetime("0", None);
    check_lifetime("-1", None);
    check_lifetime("1800000000", None);
    check_lifetime("1e300", None);
    check_lifetime("\"soon\"", None);
    check_lifetime("\"inf\"", None);
    check_lifetime("null", None);
    check_lifetime("[]", None);
}

#[test]
fn a_jwt_tells_its_lifetime_by_its_own_clock() {
    let token = jwt(r#"{"iat":1700000000,"exp":1700000900}"#);
    let untold = format!(r#"{{"access_token":"{token}"}}"#);
    assert_eq!(answer(&acme(), &untold).lifetime, Some(Duration::from_secs(900)));
    let told = format!(r#"{{"access_token":"{token}","expires_in":60}}"#);
    assert_eq!(answer(&acme(), &told).lifetime, Some(Duration::from_secs(60)));
    let quirk = acme_that(Quirk::NoExpiresInUseJwtExp);
    assert_eq!(answer(&quirk, &told).lifetime, Some(Duration::from_secs(900)));
}

#[test]
fn a_jwt_without_iat_is_measured_by_the_servers_date() {
    let token = jwt(r#"{"exp":784111900}"#);
    let mut reply = reply(200, &format!(r#"{{"access_token":"{token}"}}"#));
    let row = acme();
    assert_eq!(read_token_answer(row.oauth().unwrap(), &reply).unwrap().lifetime, None);
    reply
        .headers
        .insert("date", "Sun, 06 Nov 1994 08:49:37 GMT".parse().unwrap());
    let lifetime = read_token_answer(row.oauth().unwrap(), &reply).unwrap().lifetime;
    assert_eq!(lifetime, Some(Duration::from_secs(784_111_900 - 784_111_777)));
}

#[track_caller]
fn check_identity(access: &str, identity: Option<&str>, subject: Option<&str>, account: Option<&str>) {
    let identity = identity.map(|claims| format!(r#","id_token":"{}""#, jwt(claims)));
    let text = format!(
        r#"{{"access_token":"{}"{}}}"#,
        jwt(access),
        identity.unwrap_or_default()
    );
    let found = answer(&acme(), &text);
    assert_eq!((found.subject.as_deref(), found.account.as_deref()), (subject, account));
}

#[test]
fn identities() {
    check_identity(
        r#"{"sub":"u","team_id":"t","principal_id":"p"}"#,
        None,
        Some("u"),
        Some("t"),
    );
    check_identity(r#"{"sub":"u","principal_id":"p"}"#, None, Some("u"), Some("p"));
    check_identity(r#"{"sub":"u"}"#, Some(r#"{"sub":"i"}"#), Some("i"), None);
    check_identity(
        "{}",
        Some(r#"{"sub":"i","https://acme.example/auth":{"user_id":"x","acme_account_id":"c"}}"#),
        Some("i"),
        Some("c"),
    );
    check_identity("{}", None, None, None);
}

#[test]
fn an_identity_token_of_another_request_is_noticed() {
    let nonce = Nonce::from_entropy(&Secret::new([3; 32]));
    let with = |claims: &str| {
        answer(
            &acme(),
            &format!(r#"{{"access_token":"a","id_token":"{}"}}"#, jwt(claims)),
        )
    };
    assert!(with(&format!(r#"{{"nonce":"{}"}}"#, nonce.expose())).answers(&nonce));
    assert!(with("{}").answers(&nonce));
    assert!(!with(r#"{"nonce":"other"}"#).answers(&nonce));
}

#[test]
fn a_renewal_keeps_what_the_answer_leaves_out() {
    let row = acme();
    let first = answer(
        &row,
        r#"{"access_token":"a1","refresh_token":"r1","id_token":"i1","scope":"s","expires_in":60}"#,
    );
    let grant = first.into_grant(row.oauth().unwrap(), &endpoint(), Moment::default());
    assert_eq!(grant.login.authority.token_host, "auth.acme.example");
    assert_eq!(grant.login.authority.client_id, "evergrant");
    let renewed = answer(&row, r#"{"access_token":"a2"}"#).renew(&grant, Moment::default());
    assert_eq!(renewed.access_token, "a2".into());
    assert_eq!(renewed.refresh_token, Some("r1".into()));
    assert_eq!(renewed.id_token, Some("i1".into()));
    assert_eq!(renewed.scope.as_deref(), Some("s"));
    assert_eq!(renewed.lifetime, None, "the old lifetime is not that of the new token");
    let rotated = answer(&row, r#"{"access_token":"a3","refresh_token":"r3"}"#).renew(&grant, Moment::default());
    assert_eq!(rotated.refresh_token, Some("r3".into()));
}

#[test]
fn tokens_are_read_in_whatever_dress_they_come() {
    let row = acme();
    let form = answer(&row, "access_token=a%2B1&refresh_token=r1&expires_in=60");
    let marked = answer(
        &row,
        "\u{feff} {\"access_token\":\"a+1\",\"refresh_token\":\"r1\",\"expires_in\":60}",
    );
    assert_eq!(form.access_token, "a+1".into());
    assert_eq!(
        form,
        TokenAnswer {
            token_type: "Bearer".to_owned(),
            ..marked
        }
    );

    let read = |body: &'static [u8]| {
        let answer = Reply {
            body: Bytes::from_static(body),
            ..reply(200, "")
        };
        read_token_answer(row.oauth().unwrap(), &answer)
    };
    let beside = read(b"{\"access_token\":\"a\",\"refresh_token\":\"r\",\"name\":\"Jos\xe9\"}").unwrap();
    assert_eq!(beside.refresh_token, Some("r".into()));
    assert_eq!(
        read(b"{\"access_token\":\"a\",\"refresh_token\":\"r\xe9\"}"),
        Err(AnswerFault::NotJson)
    );
    assert_eq!(read(b"refresh_token=r"), Err(AnswerFault::NotJson));
}

#[test]
fn a_refresh_is_encoded_as_the_row_says() {
    let token = Secret::from("r+1");
    let form = refresh(&acme(), &endpoint(), &token).unwrap();
    assert_eq!(
        body(&form),
        "grant_type=refresh_token&client_id=evergrant&refresh_token=r%2B1"
    );

    let row = acme_with(|oauth| oauth.refresh_body = BodyForm::Json);
    let json = refresh(&row, &endpoint(), &token).unwrap();
    assert_eq!(
        body(&json),
        r#"{"client_id":"evergrant","grant_type":"refresh_token","refresh_token":"r+1"}"#
    );
    assert_eq!(json.headers["content-type"], "application/json");

    let row = acme_with(|oauth| oauth.refresh_token_header = Some(http::HeaderName::from_static("x-refresh")));
    let header = refresh(&row, &endpoint(), &token).unwrap();
    assert_eq!(body(&header), "grant_type=refresh_token&client_id=evergrant");
    assert_eq!(header.headers["x-refresh"], "r+1");
    assert!(header.headers["x-refresh"].is_sensitive());
    assert!(!format!("{header:?}").contains("r+1"));
    assert!(refresh(&row, &endpoint(), &"r\n1".into()).is_err());
}

#[test]
fn a_revocation_is_encoded_as_the_row_says() {
    let token = Secret::from("r1");
    let form = revocation(&acme(), &endpoint(), &token, TokenHint::Refresh).unwrap();
    assert_eq!(
        body(&form),
        "token=r1&token_type_hint=refresh_token&client_id=evergrant"
    );
    let row = acme_that(Quirk::RevokeNonStandard);
    let json = revocation(&row, &endpoint(), &token, TokenHint::Access).unwrap();
    assert_eq!(
        body(&json),
        r#"{"client_id":"evergrant","token":"r1","token_type_hint":"access_token"}"#
    );
}

#[test]
fn no_secret_goes_to_a_host_that_is_not_allowed() {
    let elsewhere: Url = "https://evil-acme.example/token".parse().unwrap();
    assert!(refresh(&acme(), &elsewhere, &"r".into()).is_err());
    assert!(revocation(&acme(), &elsewhere, &"r".into(), TokenHint::Refresh).is_err());
}
