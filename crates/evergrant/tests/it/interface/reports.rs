//! `providers`, `doctor` and `sandbox`: what can be had, how it is, and something to try it on.

use evergrant_sandbox::client::HttpClient;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::assert_exchange;
use crate::scratch::{Scratch, sandbox, signal};

#[tokio::test]
async fn the_table_shows_the_built_in_rows_and_the_users() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let table = scratch.run(&["providers"]).await.expect(0).stdout;
    let row = table.lines().find(|line| line.starts_with("xai-oauth ")).unwrap();
    assert!(
        row.contains("browser, device, paste") && row.ends_with("built-in"),
        "{row}"
    );
    assert!(
        table
            .lines()
            .any(|line| line.starts_with("acme ") && line.ends_with("providers.d/acme.toml"))
    );
    let json = scratch.run(&["providers", "--json"]).await.expect(0).json();
    let ids: Vec<&str> = json["providers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap())
        .collect();
    for id in ["acme", "acme-key", "openai", "xai", "xai-oauth"] {
        assert!(ids.contains(&id), "{ids:?}");
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_used_is_named() {
    let scratch = Scratch::new();
    scratch.write(
        "providers.d/bad.toml",
        "id = \"bad\"\nname = \"Bad\"\nbase_url = \"http://example.com/v1\"\n",
    );
    assert_exchange!(scratch.run(&["list"]).await, @r#"
    $ evergrant list
    exit 0
    --- stderr
    warning: [home]/providers.d/bad.toml:3: `base_url`: must be https, plain http is for loopback only: `http://example.com/v1`; until that is mended, nothing is done with its provider
      try: mv [home]/providers.d/bad.toml [home]/providers.d/bad.toml.aside
    no credentials yet: `evergrant login PROVIDER` or `evergrant add PROVIDER` makes one
    "#);
    let doctor = scratch.run(&["doctor", "--json"]).await.expect(1).json();
    let levels: Vec<&Value> = doctor["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| &finding["level"])
        .collect();
    assert!(levels.contains(&&Value::from("fault")), "{doctor}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_healthy_home_has_no_faults() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let seen = sandbox.control().counters().requests;
    assert_exchange!(scratch.run(&["doctor"]).await, @r#"
    $ evergrant doctor
    exit 0
    --- stdout
    ok     configuration: there is no [home]/config.toml: the defaults hold
    ok     providers: every row is in order: [count], of which your own: 2
    ok     network: connections are made directly, with the platform's certificates
    ok     home: [home] is ours alone, on a local disk
    ok     permissions: everything in it is ours alone
    ok     file system: there is room to save what a renewal receives
    ok     gateway: no gateway of this home is announced
    ok     key: the store's key comes from the key file [home]/key
    ok     store: [home]/evergrant.db can be read, credentials in it: 1
    ok     clock: it is [time] by the wall clock
    ok     locks: nobody is renewing at the moment
    ok     journals: no renewal was cut off
    ok     credential acme/default: ready, its token serves until [time]
    "#);
    let doctor = scratch.run(&["doctor", "--json"]).await.expect(0).json();
    for finding in doctor["findings"].as_array().unwrap() {
        for key in ["check", "level", "message", "remedy"] {
            assert!(finding.get(key).is_some(), "{finding}");
        }
    }
    assert_eq!(sandbox.control().counters().requests, seen, "doctor asked the provider");
    sandbox.control().revoke_logins(None);
    scratch.run(&["refresh", "acme/default"]).await.expect(3);
    assert_exchange!(scratch.run(&["doctor"]).await, @r#"
    $ evergrant doctor
    exit 0
    --- stdout
    ok     configuration: there is no [home]/config.toml: the defaults hold
    ok     providers: every row is in order: [count], of which your own: 2
    ok     network: connections are made directly, with the platform's certificates
    ok     home: [home] is ours alone, on a local disk
    ok     permissions: everything in it is ours alone
    ok     file system: there is room to save what a renewal receives
    ok     gateway: no gateway of this home is announced
    ok     key: the store's key comes from the key file [home]/key
    ok     store: [home]/evergrant.db can be read, credentials in it: 1
    ok     clock: it is [time] by the wall clock
    ok     locks: nobody is renewing at the moment
    ok     journals: no renewal was cut off
    warn   credential acme/default: quarantined: Sandbox (acme) has ended the login of `default` at [time] (terminal); the access token serves until it expires
           help: log in at acme: only a new login helps
           try: evergrant login acme --label default
    "#);
}

#[tokio::test]
async fn a_probe_asks_each_provider() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    scratch
        .run_with(&["add", "acme-key"], b"sk-not-one-of-the-sandbox")
        .await
        .expect(0);
    let exchange = scratch.run(&["doctor", "--probe"]).await.expect(1);
    let asked: Vec<&str> = exchange
        .stdout
        .lines()
        .skip_while(|line| !line.contains("endpoints "))
        .collect();
    insta::assert_snapshot!(asked.join("\n"), @r#"
    ok     endpoints acme-key: 127.0.0.1 can be reached
    fault  probe acme-key/default: Sandbox (acme-key) does not accept `default` as it is now
           help: replace the API key `default`: acme-key does not accept it
           try: evergrant add acme-key --label default
    ok     endpoints acme: the token endpoint is at 127.0.0.1
    ok     probe acme/default: Sandbox (acme) accepts it
    "#);
    sandbox.control().arm("entitlement").unwrap();
    let refused = scratch.run(&["doctor", "--probe", "--json"]).await.expect(1).json();
    let findings = refused["findings"].as_array().unwrap();
    let finding = findings
        .iter()
        .find(|finding| finding["check"] == "probe acme/default")
        .unwrap();
    assert_eq!(finding["remedy"]["kind"], "change-plan", "{finding}");
    assert_eq!(sandbox.control().counters().refreshes, 0);
}

#[cfg(unix)]
#[tokio::test]
async fn the_sandbox_gives_a_row_that_works() {
    let scratch = Scratch::new();
    let mut child = scratch
        .evergrant(&["sandbox", "--json", "--scenario", "stale-wke:times=1"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listening: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(listening["event"], "listening");
    scratch.write("providers.d/sandbox.toml", listening["row"].as_str().unwrap());
    scratch.run(&["login", "sandbox", "--flow", "device"]).await.expect(0);
    signal(&child, "INT");
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
}

#[cfg(unix)]
#[tokio::test]
async fn the_gateway_says_where_it_listens_and_drains() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--json"];
    let mut child = scratch.evergrant(&arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listening: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(listening["event"], "listening");
    let address = listening["address"].as_str().unwrap();
    let models = HttpClient::new()
        .get(&format!("http://{address}/p/acme/models"))
        .await
        .unwrap();
    assert_eq!(models.status, 200, "{}", models.text());
    let taken = scratch.run(&["serve", "--listen", address]).await;
    assert_exchange!(taken, @r#"
    $ evergrant serve --listen [address]
    exit 2
    --- stderr
    error: `[address]` is taken by another process
      help: end the other process, or listen on another port; 0 is any free one
      try: evergrant serve --listen [address]
    "#);
    signal(&child, "TERM");
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn an_unknown_scenario_is_said() {
    let scratch = Scratch::new();
    assert_exchange!(scratch.run(&["sandbox", "--scenario", "nonsense"]).await, @r#"
    $ evergrant sandbox --scenario nonsense
    exit 2
    --- stderr
    error: unknown scenario: `nonsense`
      help: see what it can break, and with which parameters
      try: evergrant sandbox scenarios
    "#);
    assert_exchange!(scratch.run(&["sandbox", "--scenario", "rate-limit:times=soon"]).await, @r#"
    $ evergrant sandbox --scenario rate-limit:times=soon
    exit 2
    --- stderr
    error: invalid value 'rate-limit:times=soon' for '--scenario <NAME[:KEY=VALUE,..]>': `times` is a number, not `soon`

    For more information, try '--help'.
    "#);
    assert_exchange!(scratch.run(&["sandbox", "--config", "missing.toml"]).await, @r#"
    $ evergrant sandbox --config missing.toml
    exit 2
    --- stderr
    error: invalid sandbox configuration: cannot read `missing.toml`: No such file or directory (os error 2)
    "#);
}
