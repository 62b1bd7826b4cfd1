//! Help, completions, manual, wrong usage, and streams that close.

use crate::assert_exchange;
use crate::scratch::Scratch;

const COMMANDS: [&str; 20] = [
    "login",
    "add",
    "list",
    "status",
    "token",
    "refresh",
    "remove",
    "logout",
    "enable",
    "disable",
    "rename",
    "priority",
    "reset",
    "serve",
    "explain",
    "providers",
    "doctor",
    "sandbox",
    "completions",
    "man",
];

#[tokio::test]
async fn every_command_has_help() {
    let scratch = Scratch::new();
    let overview = scratch.run(&["--help"]).await.expect(0);
    for command in COMMANDS {
        assert!(
            overview.stdout.contains(&format!("  {command} ")),
            "{command} is missing: {overview}"
        );
        let long = scratch.run(&[command, "--help"]).await.expect(0);
        assert!(long.stdout.contains(&format!("Usage: evergrant {command}")), "{long}");
        assert_eq!(long.stderr, "", "{long}");
        let short = scratch.run(&[command, "-h"]).await.expect(0);
        assert!(short.stdout.len() <= long.stdout.len(), "{short}");
    }
    assert!(!scratch.home().exists(), "help made a home");
}

#[tokio::test]
async fn completions_and_manual_know_every_command() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = scratch.run(&["completions", shell]).await.expect(0).stdout;
        assert!(COMMANDS.iter().all(|command| script.contains(command)), "{shell}");
    }
    let manual = scratch.run(&["man"]).await.expect(0).stdout;
    assert!(COMMANDS.iter().all(|command| manual.contains(command)));
    let out = scratch.home().join("man1");
    scratch.run(&["man", "--out", out.to_str().unwrap()]).await.expect(0);
    for command in COMMANDS {
        let page = std::fs::read_to_string(out.join(format!("evergrant-{command}.1"))).unwrap();
        assert!(page.contains(".TH evergrant-"), "{page}");
    }
}

#[tokio::test]
async fn wrong_usage_exits_2() {
    let scratch = Scratch::new();
    assert_exchange!(scratch.run(&["login"]).await, @r#"
    $ evergrant login
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      <PROVIDER>

    Usage: evergrant login <PROVIDER>

    For more information, try '--help'.
    "#);
    assert_exchange!(scratch.run(&["login", "xai-oauth", "--timeout", "soon", "--json"]).await, @r#"
    $ evergrant login xai-oauth --timeout soon --json
    exit 2
    --- stdout
    {"error":{"code":"usage","message":"invalid value 'soon' for '--timeout <S>': invalid digit found in string","remedy":{"kind":"run","sentence":"see how it is used","command":"evergrant login --help"}}}
    "#);
    assert_exchange!(scratch.run(&["--json", "logn"]).await, @r#"
    $ evergrant --json logn
    exit 2
    --- stdout
    {"error":{"code":"usage","message":"unrecognized subcommand 'logn'","remedy":{"kind":"run","sentence":"see how it is used","command":"evergrant --help"}}}
    "#);
    assert_exchange!(scratch.run(&["man", "nothing"]).await, @r#"
    $ evergrant man nothing
    exit 2
    --- stderr
    error: no such command: `nothing`
    "#);
    for arguments in [
        &["login"][..],
        &["add", "xai", "--stdin", "--env", "X"],
        &["--json"],
        &["status", "--colour"],
    ] {
        scratch.run(arguments).await.expect(2);
    }
}

#[tokio::test]
async fn colours_only_where_they_are_wanted() {
    let mut scratch = Scratch::new();
    let arguments = ["man", "nothing"];
    let escape = |text: &str| text.contains('\x1b');
    assert!(!escape(&scratch.run(&arguments).await.stderr));
    assert!(escape(
        &scratch.run(&["man", "nothing", "--color", "always"]).await.stderr
    ));
    assert!(escape(&scratch.run(&["--color=always", "--help"]).await.stdout));
    scratch.set("NO_COLOR", "1");
    assert!(!escape(&scratch.run(&arguments).await.stderr));
    assert!(!escape(
        &scratch.run(&["man", "nothing", "--color", "never"]).await.stderr
    ));
}

#[tokio::test]
async fn a_reader_that_has_gone_is_no_fault() {
    let scratch = Scratch::new();
    for arguments in [
        &["--help"][..],
        &["completions", "bash"],
        &["man"],
        &["sandbox", "scenarios", "--json"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let exchange = scratch.run_into(arguments, writer).await.expect(0);
        assert_eq!(exchange.stderr, "", "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_under_stdout_is_said() {
    let scratch = Scratch::new();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let exchange = scratch.run_into(&["completions", "bash"], full).await;
    assert_exchange!(exchange, @r#"
    $ evergrant completions bash
    exit 1
    --- stderr
    error: cannot write to stdout: No space left on device (os error 28)
    "#);
}

#[tokio::test]
async fn a_log_filter_that_cannot_be_read_is_said() {
    let mut scratch = Scratch::new();
    scratch.set("EVERGRANT_LOG", "evergrant=loudly");
    assert_exchange!(scratch.run(&["man"]).await, @r#"
    $ evergrant man
    exit 2
    --- stderr
    error: `EVERGRANT_LOG` cannot be read: error parsing level filter: expected one of "off", "error", "warn", "info", "debug", "trace", or a number 0-5
      help: give a level (error, warn, info, debug, trace), or `target=level` pairs
      try: EVERGRANT_LOG=debug evergrant status
    "#);
}
