//! Credentials that cannot be used, each with what makes it usable again.

use evergrant_sandbox::Order;

use super::patient::Patient;

#[tokio::test]
async fn a_grant_that_its_provider_ended() {
    let mut patient = Patient::sound().await;
    patient.sandbox.control().revoke_logins(None);
    patient.scratch.run(&["refresh", "acme/default"]).await.expect(3);
    patient
        .is_told_and_mended("credential acme/default", "warn", "quarantined")
        .await;
}

#[tokio::test]
async fn a_login_that_gave_no_refresh_token() {
    let mut patient = Patient::empty().await;
    let control = patient.sandbox.control();
    control.reconfigure(|config| config.access_token_lifetime_secs = 1);
    control.arm("no-refresh-token-in-answer").unwrap();
    patient.logs_in().await;
    control.reconfigure(|config| config.access_token_lifetime_secs = 7200);
    control.disarm_all();
    patient.shell("sleep 1.1").await;
    patient
        .is_told_and_mended("credential acme/default", "fault", "needs-login")
        .await;
}

#[tokio::test]
async fn a_renewal_whose_outcome_is_unknown() {
    let mut patient = Patient::empty().await;
    patient
        .sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 3);
    patient.logs_in().await;
    patient
        .sandbox
        .control()
        .arm(Order::new("answer-lost").times(1))
        .unwrap();
    patient.scratch.run(&["refresh", "acme/default"]).await.expect(5);
    patient.sandbox.control().reconfigure(|config| {
        config.access_token_lifetime_secs = 7200;
        config.reuse_grace_secs = 60;
    });
    patient.shell("sleep 3.1").await;
    patient
        .is_told_and_mended("credential acme/default", "warn", "outcome-unknown")
        .await;
}

#[tokio::test]
async fn a_plan_that_does_not_cover_it() {
    let mut patient = Patient::sound().await;
    patient.sandbox.control().arm("entitlement").unwrap();
    patient.scratch.run(&["doctor", "--probe"]).await.expect(1);
    patient
        .is_told("credential acme/default", "fault", "not-entitled")
        .await;
    // The user changes the plan, as the sentence says.
    patient.sandbox.control().disarm_all();
    patient
        .is_told_and_mended("credential acme/default", "fault", "not-entitled")
        .await;
}

#[tokio::test]
async fn a_key_that_is_refused() {
    let mut patient = Patient::empty().await;
    patient
        .scratch
        .run_with(&["add", "acme-key"], b"sk-not-one-of-the-sandbox")
        .await
        .expect(0);
    patient.scratch.run(&["doctor", "--probe"]).await.expect(1);
    patient.typed = "sk-sandbox-0000000000000000".to_owned();
    patient
        .is_told_and_mended("credential acme-key/default", "warn", "cooling")
        .await;
}

#[tokio::test]
async fn a_credential_that_was_switched_off() {
    let mut patient = Patient::sound().await;
    patient.scratch.run(&["disable", "acme/default"]).await.expect(0);
    patient
        .is_told_and_mended("credential acme/default", "warn", "you switched `default` off")
        .await;
}

#[tokio::test]
async fn a_variable_of_a_key_that_is_not_set() {
    let mut patient = Patient::empty().await;
    patient
        .scratch
        .run(&["add", "acme-key", "--env", "MY_KEY"])
        .await
        .expect(0);
    patient.typed = "sk-sandbox-0000000000000000\n".to_owned();
    patient
        .is_told_and_mended("credential acme-key/default", "fault", "`MY_KEY` is not set")
        .await;
}

#[tokio::test]
async fn a_borrowed_file_that_has_vanished() {
    let mut patient = Patient::empty().await;
    let file = patient.scratch.home().parent().unwrap().join("auth.json");
    let tree = serde_json::json!({"version": 1, "providers": {"acme": {"tokens": {"access_token": "lent", "refresh_token": "theirs"}}}});
    std::fs::write(&file, tree.to_string()).unwrap();
    let from = file.to_str().unwrap();
    patient
        .scratch
        .run(&["import", "hermes", "--from", from])
        .await
        .expect(0);
    patient.is_clean().await;
    std::fs::remove_file(&file).unwrap();
    patient
        .is_told_and_mended("credential acme/default", "warn", "cannot be read")
        .await;
}
