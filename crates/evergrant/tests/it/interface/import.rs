//! Logins of other tools, as the command line borrows them, takes them over and gives them back.

use std::path::PathBuf;
use std::time::Duration;

use evergrant_sandbox::Running;
use evergrant_sandbox::client::HttpClient;
use serde_json::{Value, json};

use crate::scratch::{Scratch, sandbox};

/// Hermes, with a login at the sandbox that evergrant knows nothing of.
struct Hermes {
    file: PathBuf,
    endpoint: String,
    client: HttpClient,
}

impl Hermes {
    async fn logs_in(sandbox: &Running, scratch: &Scratch) -> Self {
        let folder = scratch.home().parent().unwrap().join(".hermes");
        std::fs::create_dir(&folder).unwrap();
        let client = HttpClient::new();
        let found = format!("{}/.well-known/openid-configuration", sandbox.issuer());
        let found = client.get(&found).await.unwrap().json().unwrap();
        let at = |name: &str| found[name].as_str().unwrap().to_owned();
        let fields = [("client_id", "evergrant"), ("scope", "openid offline_access")];
        let device = client.post_form(&at("device_authorization_endpoint"), &fields).await;
        let hermes = Self {
            file: folder.join("auth.json"),
            endpoint: at("token_endpoint"),
            client,
        };
        let code = device.unwrap().json().unwrap()["device_code"]
            .as_str()
            .unwrap()
            .to_owned();
        let grant_type = "urn:ietf:params:oauth:grant-type:device_code";
        loop {
            let answer = hermes.asks(&[("grant_type", grant_type), ("device_code", &code)]).await;
            if answer["access_token"].is_string() {
                hermes.keeps(&answer);
                return hermes;
            }
            assert!(answer["error"].is_string(), "{answer}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn renews(&self) {
        let tree: Value = serde_json::from_str(&self.text()).unwrap();
        let token = tree["providers"]["acme"]["tokens"]["refresh_token"].as_str().unwrap();
        let answer = self
            .asks(&[("grant_type", "refresh_token"), ("refresh_token", token)])
            .await;
        self.keeps(&answer);
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap()
    }

    async fn asks(&self, fields: &[(&str, &str)]) -> Value {
        let fields = [fields, &[("client_id", "evergrant")]].concat();
        let answer = self.client.post_form(&self.endpoint, &fields).await.unwrap();
        answer.json().unwrap()
    }

    fn keeps(&self, answer: &Value) {
        let tokens = json!({"access_token": answer["access_token"], "refresh_token": answer["refresh_token"]});
        let tree = json!({"version": 1, "providers": {"acme": {"tokens": tokens}}});
        std::fs::write(&self.file, tree.to_string()).unwrap();
    }
}

#[tokio::test]
async fn a_login_is_borrowed_taken_over_and_given_back() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let hermes = Hermes::logs_in(&sandbox, &scratch).await;
    let borrowed = scratch.run(&["import", "hermes", "--json"]).await.expect(0).json();
    let one = &borrowed["imported"][0];
    assert_eq!(
        (&one["how"], &one["kind"], &one["undo"]),
        (&json!("borrowed"), &json!("borrowed"), &Value::Null)
    );
    let status = scratch.run(&["status", "acme", "--json"]).await.expect(0).json();
    assert_eq!(status["credentials"][0]["owner"], "hermes");
    assert_eq!(status["credentials"][0]["source"], "import:hermes");
    assert_eq!(status["credentials"][0]["next_refresh_at"], Value::Null);
    let text = scratch.run(&["status", "acme"]).await.expect(0).stdout;
    assert!(text.contains("owned by hermes"), "{text}");
    let first = scratch.run(&["token", "acme"]).await.expect(0).stdout;
    hermes.renews().await;
    let second = scratch.run(&["token", "acme"]).await.expect(0).stdout;
    assert_ne!(first, second, "it is read again");
    assert!(hermes.text().contains(second.trim()));
    assert_eq!(sandbox.control().counters().refreshes, 1, "the one of its owner");
    // Taken over it is renewed here, once.
    let taken = scratch
        .run(&["import", "hermes", "--take", "--json"])
        .await
        .expect(0)
        .json();
    let one = &taken["imported"][0];
    assert_eq!(
        (&one["how"], &one["undo"]),
        (&json!("taken"), &json!("evergrant import hermes --undo"))
    );
    assert!(!hermes.text().contains("refresh_token"));
    assert!(std::fs::metadata(one["backup"].as_str().unwrap()).is_ok());
    scratch.run(&["refresh", "acme/default"]).await.expect(0);
    let third = scratch.run(&["token", "acme"]).await.expect(0).stdout;
    assert_ne!(second, third);
    // And given back it is Hermes's again.
    let undone = scratch
        .run(&["import", "hermes", "--undo", "--json"])
        .await
        .expect(0)
        .json();
    assert_eq!(undone["imported"][0]["how"], "returned");
    hermes.renews().await;
    scratch.run(&["token", "acme"]).await.expect(0);
    let seen = sandbox.control().counters();
    assert_eq!(
        (
            seen.refreshes,
            seen.rotations,
            seen.refresh_reuses,
            seen.families_revoked
        ),
        (3, 3, 0, 0)
    );
}

#[tokio::test]
async fn what_is_said_of_it() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let user = scratch.home().parent().unwrap().display().to_string();
    let said = async |arguments: &[&str], exit| {
        let exchange = scratch.run(arguments).await.expect(exit);
        assert_eq!(exchange.stdout, "", "{exchange}");
        exchange.stderr.replace(&user, "[user]")
    };
    let missing = said(&["import", "hermes"], 2).await;
    assert_eq!(
        missing,
        "error: hermes keeps no logins at [user]/.hermes/auth.json: there is no such file\n  \
         help: say where hermes keeps them, or log in with hermes first\n  \
         try: evergrant import hermes --from PATH\n"
    );
    said(&["import", "claude"], 2).await;
    said(&["import", "hermes", "--take", "--undo"], 2).await;
    let hermes = Hermes::logs_in(&sandbox, &scratch).await;
    let place = "[user]/.hermes/auth.json";
    assert_eq!(
        said(&["import", "hermes"], 0).await,
        format!("borrowed `default` at acme: hermes owns and renews it, and {place} is read again when it changes\n")
    );
    assert_eq!(
        said(&["import", "hermes"], 0).await,
        "`default` at acme is here already\n"
    );
    let taken = said(&["import", "hermes", "--take"], 0).await;
    let lines: Vec<_> = taken.lines().collect();
    assert_eq!(
        lines[0],
        "took `default` at acme: it is ours from now on, and hermes must log in again to have one of its own"
    );
    assert!(
        lines[1].starts_with(&format!("  what {place} held is kept in {place}.evergrant-")),
        "{taken}"
    );
    assert_eq!(lines[2..], ["  undo: evergrant import hermes --undo"]);
    assert!(!hermes.text().contains("refresh_token"));
    let empty = said(&["import", "hermes"], 2).await;
    assert!(
        empty.starts_with(&format!("error: {place} holds nothing that can be imported\n")),
        "{empty}"
    );
    let undone = said(&["import", "hermes", "--undo"], 0).await;
    assert_eq!(
        undone,
        "gave `default` at acme back to hermes, which renews it from now on; here it is borrowed\n  \
         undo: evergrant import hermes --take\n"
    );
    let nothing = said(&["import", "hermes", "--undo"], 2).await;
    assert!(
        nothing.contains(&format!("nothing that was taken from {place} is left to be given back")),
        "{nothing}"
    );
}

#[tokio::test]
async fn a_borrowed_token_that_nobody_renews_ends_in_the_remedy() {
    let sandbox = sandbox().await;
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 1);
    let scratch = Scratch::with(&sandbox);
    let hermes = Hermes::logs_in(&sandbox, &scratch).await;
    scratch.run(&["import", "hermes"]).await.expect(0);
    let exchange = loop {
        let exchange = scratch.run(&["token", "acme", "--json"]).await;
        if exchange.exit != Some(0) {
            break exchange.expect(3).json();
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(exchange["error"]["code"], "needs-login");
    assert_eq!(exchange["error"]["remedy"]["command"], "evergrant import hermes --take");
    let status = scratch.run(&["status", "acme", "--json"]).await.expect(3).json();
    assert_eq!(
        status["credentials"][0]["remedy"]["command"],
        "evergrant import hermes --take"
    );
    scratch.run(&["refresh", "acme/default"]).await.expect(3);
    assert_eq!(sandbox.control().counters().refreshes, 0);
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 600);
    hermes.renews().await;
    scratch.run(&["status", "acme"]).await.expect(0);
    scratch.run(&["token", "acme"]).await.expect(0);
    assert_eq!(sandbox.control().counters().refreshes, 1);
}

#[tokio::test]
async fn what_was_taken_over_is_not_removed_while_the_tools_copy_is_set_aside() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let hermes = Hermes::logs_in(&sandbox, &scratch).await;
    scratch.run(&["import", "hermes", "--take"]).await.expect(0);
    let refused = scratch
        .run(&["remove", "acme/default", "--json"])
        .await
        .expect(2)
        .json();
    assert_eq!(
        refused["error"]["remedy"]["command"], "evergrant import hermes --undo",
        "{refused}"
    );
    assert_eq!(
        scratch.run(&["status", "acme", "--json"]).await.expect(0).json()["credentials"][0]["kind"],
        "grant"
    );
    scratch.run(&["import", "hermes", "--undo"]).await.expect(0);
    scratch.run(&["remove", "acme/default"]).await.expect(0);
    assert!(hermes.text().contains("refresh_token"), "the tool has its login again");
}

#[tokio::test]
async fn a_pipe_and_an_endless_device_are_no_files_of_a_tool() {
    let scratch = Scratch::new();
    let pipe = scratch.home().parent().unwrap().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for from in [pipe.to_str().unwrap(), "/dev/zero"] {
        for way in [
            &["import", "hermes", "--from", from][..],
            &["import", "hermes", "--take", "--from", from],
        ] {
            let refused = tokio::time::timeout(Duration::from_secs(30), scratch.run(way)).await;
            let refused = refused.expect("it hangs").expect(2);
            assert!(refused.stderr.contains("no ordinary file"), "{refused}");
        }
    }
}
