//! `config.toml`, `providers.d` and the environment.

use std::fs;

use super::patient::Patient;

async fn configured(text: &str) -> Patient {
    let patient = Patient::sound().await;
    patient.scratch.write("config.toml", text);
    patient
}

#[tokio::test]
async fn a_configuration_that_is_no_toml() {
    let mut patient = configured("[chat]\nmodel = \"m\"\nprovider = acme\n").await;
    patient
        .is_told_and_mended("configuration", "fault", "config.toml:3")
        .await;
    let text = fs::read_to_string(patient.path("config.toml")).unwrap();
    assert_eq!(text, "[chat]\nmodel = \"m\"\n# provider = acme\n", "the rest stays");
}

#[tokio::test]
async fn a_misspelt_key() {
    let mut patient = configured("[serve]\nlissten = [\"127.0.0.1:0\"]\n").await;
    patient
        .is_told_and_mended("configuration", "fault", "unknown field `lissten`")
        .await;
    let text = fs::read_to_string(patient.path("config.toml")).unwrap();
    assert_eq!(text, "[serve]\nlisten = [\"127.0.0.1:0\"]\n");
}

#[tokio::test]
async fn a_route_to_nobody_and_a_task_for_nobody() {
    let mut patient = configured(
        "[route]\n\"m-*\" = [\"acme\"]\n\"n-*\" = [\"nobody\"]\n\n[tasks]\ntitle = { provider = \"amce\" }\n",
    )
    .await;
    patient
        .is_told("configuration", "fault", "there is no provider `amce`")
        .await;
    patient
        .is_told_and_mended("configuration", "fault", "there is no provider `nobody`")
        .await;
    let text = fs::read_to_string(patient.path("config.toml")).unwrap();
    assert!(
        text.contains("title = { provider = \"acme\" }") && text.contains("\n# \"n-*\""),
        "{text}"
    );
}

#[tokio::test]
async fn a_pipe_in_place_of_the_configuration() {
    let mut patient = Patient::sound().await;
    patient.shell("mkfifo -m 600 \"$EVERGRANT_HOME/config.toml\"").await;
    patient
        .is_told_and_mended("configuration", "fault", "no ordinary file")
        .await;
}

#[tokio::test]
async fn a_row_with_a_key_that_is_unknown() {
    let mut patient = Patient::sound().await;
    patient
        .scratch
        .write("providers.d/bad.toml", &format!("{ROW}colour = 3\n"));
    patient.is_told_and_mended("providers", "fault", "`colour`").await;
}

#[tokio::test]
async fn a_row_with_a_plain_host() {
    let mut patient = Patient::sound().await;
    patient
        .scratch
        .write("providers.d/bad.toml", &ROW.replace("https", "http"));
    patient.is_told_and_mended("providers", "fault", "must be https").await;
}

#[tokio::test]
async fn two_rows_of_one_provider() {
    let mut patient = Patient::sound().await;
    patient.scratch.write("providers.d/one.toml", ROW);
    patient.scratch.write("providers.d/two.toml", ROW);
    patient.is_told_and_mended("providers", "fault", "has its row in").await;
}

#[tokio::test]
async fn a_row_whose_file_was_taken_away() {
    let mut patient = Patient::sound().await;
    fs::rename(patient.path("providers.d/acme.toml"), patient.path("acme.toml")).unwrap();
    patient
        .is_told_and_mended("credential acme/default", "fault", "no provider `acme`")
        .await;
}

#[tokio::test]
async fn faults_in_several_places_are_told_at_once() {
    let mut patient = configured("[chatt]\n").await;
    patient
        .scratch
        .write("providers.d/bad.toml", &ROW.replace("https", "http"));
    patient
        .first
        .push("export HTTPS_PROXY=socks5://proxy.example".to_owned());
    fs::remove_file(patient.path("key")).unwrap();
    for (check, says) in [
        ("configuration", "chatt"),
        ("providers", "must be https"),
        ("network", "HTTPS_PROXY"),
        ("key", "is gone"),
    ] {
        patient.is_told(check, "fault", says).await;
    }
    patient.is_told_and_mended("key", "fault", "is gone").await;
}

#[tokio::test]
async fn a_proxy_that_is_none() {
    let mut patient = Patient::sound().await;
    patient
        .first
        .push("export https_proxy=socks5://me:canary@proxy.example".to_owned());
    let told = patient
        .is_told_and_mended("network", "fault", "`HTTPS_PROXY` is not the address")
        .await;
    assert!(!told.to_string().contains("canary"), "{told}");
}

#[tokio::test]
async fn certificates_that_are_not_there() {
    let mut patient = Patient::sound().await;
    patient.first.push("export SSL_CERT_FILE=/nowhere/ca.pem".to_owned());
    patient
        .is_told_and_mended("network", "fault", "`SSL_CERT_FILE` cannot be used")
        .await;
}

#[tokio::test]
async fn a_key_of_the_store_that_is_not_set() {
    let mut patient = Patient::empty().await;
    patient
        .scratch
        .write("config.toml", "[store]\nkey = \"env:STORE_KEY\"\n");
    let key = "11".repeat(32);
    patient
        .shell(&format!("STORE_KEY={key} evergrant login acme --flow device"))
        .await;
    patient.typed = format!("{key}\n");
    patient
        .is_told_and_mended("key", "fault", "`STORE_KEY` is not set")
        .await;
}

#[tokio::test]
async fn no_home_at_all_is_told() {
    let patient = Patient::empty().await;
    let told = patient
        .shell("unset EVERGRANT_HOME HOME; evergrant doctor --json")
        .await;
    assert_eq!(told.0, Some(1), "{}", told.1);
    assert!(told.1.contains("export EVERGRANT_HOME="), "{}", told.1);
}

const ROW: &str =
    "id = \"bad\"\nbase_url = \"https://api.bad.example/v1\"\nauth = \"api-key\"\nkey_env = [\"BAD_KEY\"]\n";
