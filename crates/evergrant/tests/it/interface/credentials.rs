//! Keys and grants as they are added, shown, changed and taken away.

use crate::assert_exchange;
use crate::scratch::{Scratch, sandbox};

/// The keys of one credential in `status --json`.
const SHAPE: [&str; 15] = [
    "id",
    "provider",
    "label",
    "source",
    "kind",
    "account",
    "health",
    "why",
    "until",
    "generation",
    "expires_at",
    "next_refresh_at",
    "hard_end_at",
    "last_error",
    "remedy",
];

#[tokio::test]
async fn an_empty_home_is_no_fault() {
    let scratch = Scratch::new();
    assert_exchange!(scratch.run(&["status"]).await, @r#"
    $ evergrant status
    exit 0
    --- stderr
    no credentials yet: `evergrant login PROVIDER` or `evergrant add PROVIDER` makes one
    "#);
    assert_exchange!(scratch.run(&["list", "--json"]).await, @r#"
    $ evergrant list --json
    exit 0
    --- stdout
    {"credentials":[],"revocations":[]}
    "#);
    assert_exchange!(scratch.run(&["status", "xai-oauth"]).await, @r#"
    $ evergrant status xai-oauth
    exit 3
    --- stderr
    error: no usable credential for xai-oauth
      help: log in at xai-oauth: only a new login helps
      try: evergrant login xai-oauth
    "#);
    assert_exchange!(scratch.run(&["status", "xai"]).await, @r#"
    $ evergrant status xai
    exit 3
    --- stderr
    error: no usable credential for xai
      help: add an API key for xai
      try: evergrant add xai
    "#);
    assert_exchange!(scratch.run(&["token", "xai-oauth"]).await, @r#"
    $ evergrant token xai-oauth
    exit 3
    --- stderr
    error: there is no credential for xai-oauth
      help: log in at xai-oauth: only a new login helps
      try: evergrant login xai-oauth
    "#);
    assert_exchange!(scratch.run(&["token", "xai", "--json"]).await, @r#"
    $ evergrant token xai --json
    exit 3
    --- stdout
    {"error":{"code":"no-credential","message":"there is no credential for xai","remedy":{"kind":"add-key","sentence":"add an API key for xai","command":"evergrant add xai"}}}
    "#);
    assert_exchange!(scratch.run(&["token", "nobody"]).await, @r#"
    $ evergrant token nobody
    exit 2
    --- stderr
    error: there is no provider `nobody`
      help: choose one that is listed, or add a row to `providers.d`
      try: evergrant providers
    "#);
}

#[tokio::test]
async fn a_grant_shows_everything_but_its_secrets() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let seen = sandbox.control().counters().requests;
    let exchange = scratch.run(&["status", "acme", "--json"]).await.expect(0);
    let credential = &exchange.json()["credentials"][0];
    for key in SHAPE {
        assert!(credential.get(key).is_some(), "{key} is missing: {exchange}");
    }
    assert_eq!(credential["health"], "ready");
    assert_eq!(credential["kind"], "grant");
    assert_exchange!(scratch.run(&["status"]).await, @r#"
    $ evergrant status
    exit 0
    --- stdout
    acme/default  ready
      kind        grant
      source      login:device
      account     team-user-1
      generation  1
      expires     [span] ([time])
      renewal     [span] ([time])
      id          [id]
    "#);
    assert_exchange!(scratch.run(&["list"]).await, @r#"
    $ evergrant list
    exit 0
    --- stdout
    PROVIDER  LABEL    KIND   HEALTH  EXPIRES        SOURCE        ID
    acme      default  grant  ready   [span]  login:device  [id]
    "#);
    assert_eq!(sandbox.control().counters().requests, seen, "status asked the provider");
}

#[tokio::test]
async fn a_token_is_all_that_token_prints() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let plain = scratch.run(&["token", "acme"]).await.expect(0);
    assert_eq!(plain.stderr, "");
    let json = scratch.run(&["token", "acme", "--json"]).await.expect(0).json();
    assert_eq!(plain.stdout.trim_end(), json["access_token"]);
    assert_eq!(plain.stdout.lines().count(), 1);
    for key in ["expires_at", "credential", "label"] {
        assert!(json[key].is_string(), "{json}");
    }
    assert_eq!(sandbox.control().counters().refreshes, 0);
    scratch.run(&["refresh", "acme/default"]).await.expect(0);
    assert_eq!(sandbox.control().counters().refreshes, 1);
    assert_ne!(scratch.run(&["token", "acme"]).await.expect(0).stdout, plain.stdout);
}

#[tokio::test]
async fn a_token_that_is_too_short_lived_is_renewed_once() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 10);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 3600);
    // A tenth of its life must have passed; until then it is as good as a new one.
    while sandbox.control().counters().refreshes == 0 {
        scratch.run(&["token", "acme", "--min-valid", "9"]).await.expect(0);
    }
    scratch.run(&["token", "acme", "--min-valid", "9"]).await.expect(0);
    assert_eq!(sandbox.control().counters().refreshes, 1);
}

#[tokio::test]
async fn a_key_comes_from_stdin_or_stays_where_it_is() {
    let sandbox = sandbox().await;
    let mut scratch = Scratch::with(&sandbox);
    assert_exchange!(scratch.run_with(&["add", "acme-key", "--stdin"], b"sk-sandbox-0000000000000000\n").await, @r#"
    $ evergrant add acme-key --stdin
    exit 0
    --- stderr
    added `default` at acme-key
    "#);
    let token = scratch.run(&["token", "acme-key"]).await.expect(0);
    assert_eq!(token.stdout, "sk-sandbox-0000000000000000\n");
    assert_exchange!(scratch.run_with(&["add", "acme-key"], b"your-api-key").await, @r#"
    $ evergrant add acme-key
    exit 2
    --- stderr
    error: what was given is a placeholder, not a key
      help: give the key itself, as acme-key showed it when it was made
      try: evergrant add acme-key
    "#);
    assert_exchange!(scratch.run_with(&["add", "acme-key"], b"").await, @r#"
    $ evergrant add acme-key
    exit 2
    --- stderr
    error: nothing came from stdin: the key is expected there
    "#);
    assert_exchange!(scratch.run_with(&["add", "acme"], b"sk-sandbox-0000000000000000").await, @r#"
    $ evergrant add acme
    exit 2
    --- stderr
    error: acme takes no API key
      help: log in at acme: only a new login helps
      try: evergrant login acme
    "#);
    scratch.set("MY_KEY", "sk-from-the-environment");
    scratch
        .run(&["add", "acme-key", "--env", "MY_KEY", "--label", "here"])
        .await
        .expect(0);
    let token = scratch.run(&["token", "acme-key/here"]).await.expect(0);
    assert_eq!(token.stdout, "sk-from-the-environment\n");
}

#[tokio::test]
async fn a_credential_can_be_curated() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    scratch.run(&["rename", "acme/default", "work"]).await.expect(0);
    let disabled = scratch.run(&["disable", "work", "--json"]).await.expect(0).json();
    assert_eq!(disabled["health"], "disabled");
    scratch.run(&["status", "acme"]).await.expect(3);
    scratch.run(&["token", "acme"]).await.expect(3);
    scratch.run(&["enable", "work"]).await.expect(0);
    let moved = scratch
        .run(&["priority", "acme/work", "-5", "--json"])
        .await
        .expect(0)
        .json();
    assert_eq!(moved["priority"], -5);
    scratch.run(&["reset", "work"]).await.expect(0);
    assert_exchange!(scratch.run(&["enable", "nothing"]).await, @r#"
    $ evergrant enable nothing
    exit 2
    --- stderr
    error: there is no credential `nothing`
      help: choose one that is listed
      try: evergrant list
    "#);
    assert_exchange!(scratch.run(&["logout", "work"]).await, @r#"
    $ evergrant logout work
    exit 0
    --- stderr
    logged out `work` of acme
    "#);
    assert_eq!(sandbox.control().counters().revocations, 2, "refresh and access token");
    assert_eq!(
        scratch.run(&["list", "--json"]).await.expect(0).json()["credentials"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
}

#[tokio::test]
async fn a_dead_grant_says_that_only_a_login_helps() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    sandbox.control().revoke_logins(None);
    assert_exchange!(scratch.run(&["refresh", "acme/default"]).await, @r#"
    $ evergrant refresh acme/default
    exit 3
    --- stderr
    error: Sandbox (acme) has ended the login of `default`
      help: log in at acme: only a new login helps
      try: evergrant login acme --label default
    "#);
    assert_exchange!(scratch.run(&["refresh", "acme/default", "--json"]).await, @r#"
    $ evergrant refresh acme/default --json
    exit 3
    --- stdout
    {"error":{"code":"grant-dead","message":"Sandbox (acme) has ended the login of `default`","remedy":{"kind":"login","sentence":"log in at acme: only a new login helps","command":"evergrant login acme --label default"}}}
    "#);
    assert_eq!(sandbox.control().counters().refreshes, 1);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let health = &scratch.run(&["status", "acme", "--json"]).await.expect(0).json()["credentials"][0]["health"];
    assert_eq!(health, "ready");
}

#[tokio::test]
async fn a_key_is_never_told_to_log_in() {
    let scratch = Scratch::new();
    scratch.run(&["add", "openai", "--env", "UNSET_HERE"]).await.expect(0);
    assert_exchange!(scratch.run(&["token", "openai"]).await, @r#"
    $ evergrant token openai
    exit 3
    --- stderr
    error: the environment variable `UNSET_HERE` is not set
      help: set the environment variable `UNSET_HERE` to an API key that openai accepts
    "#);
    assert_exchange!(scratch.run(&["token", "openai/work"]).await, @r#"
    $ evergrant token openai/work
    exit 3
    --- stderr
    error: there is no credential `work` for openai, but `default`
      help: choose one that is listed
      try: evergrant list
    "#);
    assert_exchange!(scratch.run(&["refresh", "openai/default"]).await, @r#"
    $ evergrant refresh openai/default
    exit 2
    --- stderr
    error: `default` at openai is an API key: it needs no renewal
    "#);
}

#[tokio::test]
async fn what_stands_for_a_key_is_not_kept() {
    let scratch = Scratch::new();
    for placeholder in ["<YOUR_KEY>", "${OPENAI_API_KEY}", "{{ key }}"] {
        let refused = scratch
            .run_with(&["add", "openai"], placeholder.as_bytes())
            .await
            .expect(2);
        assert!(refused.stderr.contains("is a placeholder"), "{}", refused.stderr);
    }
    // Whoever gives the key where its variable's name belongs finds it in no message and no store.
    let refused = scratch
        .run(&["add", "openai", "--env", "sk-0000000000000000"])
        .await
        .expect(2);
    assert!(
        refused.stderr.contains("no name of an environment variable"),
        "{}",
        refused.stderr
    );
    assert!(!refused.stderr.contains("sk-0000"), "{}", refused.stderr);
    let listed = scratch.run(&["list", "--json"]).await.expect(0);
    assert_eq!(listed.stdout, "{\"credentials\":[],\"revocations\":[]}\n");
}

#[tokio::test]
async fn a_label_can_be_seen_and_typed() {
    let scratch = Scratch::new();
    scratch.run(&["add", "openai", "--env", "UNSET_HERE"]).await.expect(0);
    for label in ["", " ", "two words"] {
        scratch
            .run(&["add", "openai", "--env", "UNSET_HERE", "--label", label])
            .await
            .expect(2);
        scratch.run(&["rename", "openai/default", label]).await.expect(2);
        scratch.run(&["login", "xai-oauth", "--label", label]).await.expect(2);
    }
    let listed = scratch.run(&["list", "--json"]).await.expect(0).json();
    assert_eq!(listed["credentials"].as_array().unwrap().len(), 1);
    assert_eq!(listed["credentials"][0]["label"], "default");
}
