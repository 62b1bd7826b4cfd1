//! What is typed, what comes out, and how it ends.

use evergrant_sandbox::{Config, Sandbox};

use crate::assert_exchange;
use crate::gateway::upstream::Upstream;
use crate::scratch::{Scratch, sandbox};

#[tokio::test]
async fn one_answer_is_streamed_and_the_conversation_goes_on() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let first = scratch.run(&["chat", "hello"]).await;
    assert_exchange!(first, @r"
    $ evergrant chat hello
    exit 0
    --- stdout
    You said: hello
    ");
    let second = scratch.run(&["chat", "and more", "--resume", "--json"]).await.expect(0);
    let events = second.json_lines();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds[1], kinds[2]), ("conversation", "answer", "text"));
    assert_eq!(*kinds.last().unwrap(), "end");
    assert_eq!(events[1]["provider"], "acme");
    assert_eq!(events[1]["credential"], "default");
    assert_eq!(events.last().unwrap()["ending"], "whole");
    let text: String = events.iter().filter_map(|event| event["text"].as_str()).collect();
    assert_eq!(text, "You said: and more");
    let id = events[0]["id"].as_str().unwrap();
    let third = scratch
        .run(&["chat", "once more", "--resume", &id[..6]])
        .await
        .expect(0);
    assert_eq!(third.stdout, "You said: once more\n");
}

#[tokio::test]
async fn what_is_piped_in_stands_behind_the_prompt() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let both = scratch.run_with(&["chat", "review this"], b"a diff\n").await.expect(0);
    assert_eq!(both.stdout, "You said: review this\n\na diff\n");
    let piped = scratch.run_with(&["chat"], b"only this").await.expect(0);
    assert_eq!(piped.stdout, "You said: only this\n");
    let nothing = scratch.run_with(&["chat"], b" \n").await;
    assert_exchange!(nothing, @r"
    $ evergrant chat
    exit 2
    --- stderr
    error: there is nothing to ask: neither a prompt nor text on stdin
      help: see how it is used
      try: evergrant chat --help
    ");
}

#[tokio::test]
async fn a_stale_token_is_repaired_and_nothing_is_said_of_it() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    sandbox.control().expire(sandbox.control().config().wording);
    let told = scratch.run(&["chat", "hello"]).await.expect(0);
    assert_eq!((told.stdout.as_str(), told.stderr.as_str()), ("You said: hello\n", ""));
    assert_eq!(sandbox.control().counters().refreshes, 1);
}

#[tokio::test]
async fn a_failure_has_the_words_and_the_exit_code_of_every_other_command() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    assert_exchange!(scratch.run(&["chat", "-p", "acme", "hello"]).await, @r"
    $ evergrant chat -p acme hello
    exit 3
    --- stderr
    error: there is no credential for acme
      help: log in at acme: only a new login helps
      try: evergrant login acme
    ");
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    assert_exchange!(scratch.run(&["chat", "-p", "nowhere", "hello"]).await, @r"
    $ evergrant chat -p nowhere hello
    exit 2
    --- stderr
    error: there is no provider `nowhere`
      help: choose one that is listed, or add a row to `providers.d`
      try: evergrant providers
    ");
    assert_exchange!(scratch.run(&["chat", "hello", "--resume", "nowhere"]).await, @r"
    $ evergrant chat hello --resume nowhere
    exit 2
    --- stderr
    error: there is no conversation `nowhere`
      help: choose one from the list; a prompt stands before `--resume`, or after an id
      try: evergrant chat --resume
    ");
    sandbox.control().arm("entitlement").unwrap();
    let refused = scratch.run(&["chat", "hello", "--json"]).await.expect(4);
    let last = refused.json_lines().pop().unwrap();
    assert_eq!(last["error"]["code"], "not-entitled", "{last}");
    assert_eq!(sandbox.control().counters().refreshes, 0);
}

#[tokio::test]
async fn a_request_that_is_at_fault_itself_is_told_in_the_providers_words() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    assert_exchange!(scratch.run(&["chat", "-p", "acme", "-m", "nothing-1", "hello"]).await, @r#"
    $ evergrant chat -p acme -m nothing-1 hello
    exit 2
    --- stderr
    error: Sandbox (acme) does not offer this model here: "model_not_found; The model `nothing-1` does not exist or your team does not have access to it; invalid_request_error"
      help: ask for another model: acme does not offer this one here
    "#);
    let events = scratch
        .run(&["chat", "-p", "acme", "-m", "nothing-1", "hello", "--json"])
        .await
        .expect(2)
        .json_lines();
    assert_eq!(events.len(), 2, "no answer began: {events:?}");
    assert_eq!(events[1]["error"]["code"], "unknown-model");
}

#[tokio::test]
async fn an_error_inside_the_stream_is_told_like_any_other() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    sandbox.control().arm("stream-error-late").unwrap();
    assert_exchange!(scratch.run(&["chat", "hello"]).await, @r"
    $ evergrant chat hello
    exit 4
    --- stdout
    You sa
    --- stderr
    error: Sandbox (acme) accepts `default`, but its plan or policy does not allow this: the rest of the answer is missing
      help: the account's plan or policy at acme does not allow it and a new token cannot help: change the plan, or add an API key for acme-key
      try: evergrant add acme-key
    ");
}

#[tokio::test]
async fn a_model_is_asked_of_whoever_serves_it() {
    let delta = serde_json::json!({"choices": [{"index": 0, "delta": {"content": "here"}}]});
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let answer = format!("{head}data: {delta}\n\ndata: [DONE]\n\n").into_bytes();
    let upstream = Upstream::answering(vec![vec![answer]]).await;
    upstream.scratch.write(
        "providers.d/own.toml",
        "id = \"own\"\nname = \"Own\"\nbase_url = \"http://127.0.0.1:9/v1\"\nhosts = [\"127.0.0.1\"]\n\
         auth = \"api-key\"\nkey_env = [\"OWN_API_KEY\"]\nmodels = [\"own-*\"]\n",
    );
    upstream
        .scratch
        .write("config.toml", "[chat]\nprovider = \"own\"\nmodel = \"own-1\"\n");
    let told = upstream.scratch.run(&["chat", "-m", "raw-1", "hello"]).await.expect(0);
    assert_eq!(told.stdout, "here\n");
    let own = upstream
        .scratch
        .run(&["chat", "-p", "own", "-m", "raw-1", "hello"])
        .await
        .expect(3);
    assert!(own.stderr.contains("there is no credential for own"), "{own}");
}

#[tokio::test]
async fn the_tasks_bounds_are_read_from_the_configuration() {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let scratch = Scratch::with(&sandbox);
    scratch.write("config.toml", "[tasks]\ntitle = { timeout_secs = 0 }\n");
    let refused = scratch.run(&["chat", "hello"]).await.expect(2);
    assert!(
        refused
            .stderr
            .contains("config.toml:2: `tasks.title.timeout_secs`: `0` is not from 1 to 600"),
        "{refused}"
    );
}
