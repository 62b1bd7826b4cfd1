//! The switches and gauges over HTTP.

use evergrant_sandbox::{Config, Running, Sandbox, scenarios};
use http::Method;
use serde_json::{Value, json};

use crate::visitor::Visitor;

impl Visitor {
    async fn switch(&self, path: &str, body: Value) -> (u16, Value) {
        let reply = self.http.post_json(&self.url(path), &body).await.unwrap();
        (reply.status.as_u16(), reply.json().unwrap())
    }

    async fn gauge(&self, path: &str) -> Value {
        self.http.get(&self.url(path)).await.unwrap().json().unwrap()
    }
}

#[tokio::test]
async fn scenarios_are_armed_listed_and_removed() {
    let visitor = Visitor::new().await;
    let order = json!({"name": "rate-limit", "times": 2, "retry_after_secs": 9});
    let (status, armed) = visitor.switch("/_sandbox/scenario", order.clone()).await;
    assert_eq!((status, &armed), (200, &json!([order])));
    assert_eq!(
        visitor.chat("sk-sandbox-0000000000000000").await.header("retry-after"),
        "9"
    );
    assert_eq!(visitor.gauge("/_sandbox/scenario").await[0]["times"], 1);
    let url = visitor.url("/_sandbox/scenario/rate-limit");
    let removed = visitor.http.send(Method::DELETE, &url, "", "".into()).await.unwrap();
    assert_eq!(removed.json().unwrap()["removed"], 1);
    let (status, refused) = visitor.switch("/_sandbox/scenario", json!({"name": "x"})).await;
    assert_eq!(status, 400);
    assert!(refused["error"].as_str().unwrap().contains("unknown scenario"));
    let forever = json!({"name": "slow", "times": null, "delay_ms": 1});
    assert_eq!(visitor.switch("/_sandbox/scenario", forever).await.0, 200);
}

#[tokio::test]
async fn the_list_names_every_scenario_once() {
    let visitor = Visitor::new().await;
    let listed = visitor.gauge("/_sandbox/scenarios").await;
    let known = scenarios();
    assert_eq!(listed.as_array().unwrap().len(), known.len());
    let mut names: Vec<&str> = known.iter().map(|scenario| scenario.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), known.len());
    assert!(known.iter().all(|scenario| !scenario.description.is_empty()));
}

#[tokio::test]
async fn the_index_names_every_path_and_scenario_and_its_example_works() {
    let visitor = Visitor::new().await;
    let reply = visitor.http.get(&visitor.url("/_sandbox")).await.unwrap();
    assert_eq!(reply.status, 200);
    let text = reply.text();
    let document = visitor.gauge("/_sandbox/index.json").await;
    for scenario in scenarios() {
        assert!(text.contains(&format!("  {} ", scenario.name)), "{}", scenario.name);
        assert!(
            document["scenarios"]
                .as_array()
                .unwrap()
                .contains(&json!(scenario.name))
        );
    }
    for listed in document["paths"].as_array().unwrap() {
        let path = listed["path"].as_str().unwrap();
        assert!(text.contains(path), "{path}");
        if listed["method"] == "GET" {
            let reply = visitor.http.get(&visitor.url(path)).await.unwrap();
            assert_eq!(reply.status, 200, "{path}");
        }
    }
    let body = document["example"].as_str().unwrap().split('\'').nth(1).unwrap();
    let (status, armed) = visitor
        .switch("/_sandbox/scenario", serde_json::from_str(body).unwrap())
        .await;
    assert_eq!((status, &armed[0]["name"]), (200, &json!("rate-limit")));
}

#[tokio::test]
async fn counters_log_state_and_captures_tell_what_was_seen() {
    let visitor = Visitor::new().await;
    let tokens = visitor.login().await;
    visitor.refresh(&tokens.refresh).await;
    let counters = visitor.gauge("/_sandbox/counters").await;
    assert_eq!(counters["refreshes"], 1);
    assert_eq!(counters["token_by_grant_type"]["authorization_code"], 1);
    assert_eq!(counters["requests"], 3, "the panel is not counted");
    let log = visitor.gauge("/_sandbox/log").await;
    assert_eq!(log[2]["grant_type"], "refresh_token");
    assert_eq!(log[2]["refresh_fingerprint"].as_str().unwrap().len(), 8);
    assert!(!log.to_string().contains(&tokens.refresh));
    let state = visitor.gauge("/_sandbox/state").await;
    assert_eq!(state["families"][0]["rotations"], 1);
    let captured = visitor.gauge("/_sandbox/token-requests").await;
    assert_eq!(captured.as_array().unwrap().len(), 2);
    assert_eq!(
        visitor
            .gauge("/_sandbox/authorize-queries")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn expire_advance_revoke_reset_and_config_work_from_outside() {
    let visitor = Visitor::new().await;
    let token = visitor.login().await.access;
    let (_, expired) = visitor
        .switch("/_sandbox/expire", json!({"wording": "stale-401"}))
        .await;
    assert_eq!(expired["expired"], 1);
    assert_eq!(visitor.chat(&token).await.status, 401);
    assert_eq!(visitor.switch("/_sandbox/expire", json!({"wording": "x"})).await.0, 400);
    let change = json!({"access_token_lifetime_secs": 900, "chunks": 2});
    let (status, config) = visitor.switch("/_sandbox/config", change).await;
    assert_eq!((status, &config["access_token_lifetime_secs"]), (200, &json!(900)));
    let token = visitor.login().await.access;
    visitor.switch("/_sandbox/advance", json!({"secs": 901})).await;
    assert_eq!(visitor.chat(&token).await.status, 401);
    let (_, revoked) = visitor.switch("/_sandbox/revoke", json!({})).await;
    assert_eq!(revoked["revoked"], 2);
    visitor.switch("/_sandbox/reset", json!({"grants": true})).await;
    assert_eq!(visitor.gauge("/_sandbox/counters").await["requests"], 0);
    assert_eq!(visitor.gauge("/_sandbox/state").await["families"], json!([]));
    assert_eq!(visitor.switch("/_sandbox/nonsense", json!({})).await.0, 400);
}

async fn configured(text: &str) -> Running {
    Sandbox::start(Config::from_toml(text).unwrap()).await.unwrap()
}

#[tokio::test]
async fn a_configuration_file_sets_everything_up() {
    let sandbox = configured(
        "seed = 1\nreuse_grace_secs = 30\nwording = \"stale-code\"\n\
         [[scenarios]]\nname = \"rate-limit\"\ntimes = 1\nretry_after_secs = 4\n",
    )
    .await;
    let control = sandbox.control();
    assert_eq!(control.armed()[0].name, "rate-limit");
    assert_eq!(control.config().reuse_grace_secs, 30);
    assert!(sandbox.provider_row("x").contains("reuse_grace_secs = 30"));
    assert!(Config::from_toml("no_such_key = 1").is_err());
    let unknown = Config::from_toml("[[scenarios]]\nname = \"x\"\n").unwrap();
    assert!(Sandbox::start(unknown).await.is_err());
}
