//! Whole logins against the sandbox: each flow, and how each can end.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::sign_in::{Person, SignInEvent, sign_in};
use evergrant_engine::failure::Code;
use evergrant_engine::provider::{Flow, Row};
use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Config, Order};
use tokio::sync::oneshot;

use super::bench::{Bench, Who};

#[tokio::test]
async fn the_browser_comes_back_and_the_grant_is_kept() {
    let bench = Bench::start(Config::default()).await;
    let (events, result) = bench.login(Who::Opens).await;
    assert_eq!(result, Ok(Flow::Browser), "the row's first flow");
    assert!(matches!(
        &events[..],
        [SignInEvent::Authorize {
            flow: Flow::Browser,
            ..
        }]
    ));
    let [grant] = &bench.kept()[..] else {
        panic!("one grant is kept");
    };
    assert!(grant.refresh_token.is_some() && grant.id_token.is_some());
    assert_eq!(grant.lifetime, Some(Duration::from_secs(6 * 3_600)));
    assert_eq!(grant.login.subject.as_deref(), Some("user-1"));
    assert_eq!(grant.login.account.as_deref(), Some("team-user-1"));
    assert_eq!(grant.login.authority.token_host, "127.0.0.1");
    let seen = bench.control().counters();
    assert_eq!((seen.authorize, seen.token_requests, seen.discoveries), (1, 1, 1));
}

#[tokio::test]
async fn what_is_pasted_works_alone_and_beside_the_listener() {
    for flow in [Flow::Paste, Flow::Browser] {
        let bench = Bench::by(flow).await;
        let (_, result) = bench.login(Who::Pastes(&["", "  {}\n"])).await;
        assert_eq!(result, Ok(flow));
        assert_eq!(bench.kept().len(), 1);
    }
}

#[tokio::test]
async fn a_paste_login_works_although_its_port_is_taken() {
    let mut bench = Bench::by(Flow::Paste).await;
    let holder = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut row = Row::clone(&bench.row);
    if let evergrant_engine::provider::Auth::OAuth(oauth) = &mut row.auth {
        oauth.redirect.port = holder.local_addr().unwrap().port();
    }
    bench.row = Arc::new(row);
    assert_eq!(bench.login(Who::Pastes(&["{}"])).await.1, Ok(Flow::Paste));
    bench.options.flow = Some(Flow::Browser);
    assert_eq!(bench.login(Who::Sleeps).await.1.unwrap_err().code, Code::AddressInUse);
}

#[tokio::test]
async fn a_wrong_paste_ends_a_script_and_not_a_person() {
    let mut bench = Bench::by(Flow::Paste).await;
    let wrong = "http://127.0.0.1:1/callback?code=canary&state=other";
    let (_, result) = bench
        .login(Who::Pastes(&[
            "http://127.0.0.1:1/callback?code=canary&state=other",
            "{}",
        ]))
        .await;
    let failure = result.unwrap_err();
    assert_eq!(failure.code, Code::StateMismatch);
    assert!(!format!("{failure:?}").contains("canary"), "{wrong}");
    assert_eq!(bench.control().counters().token_requests, 0);

    bench.options.paste_again = true;
    let (events, result) = bench
        .login(Who::Pastes(&["?code=a&state=other", "nonsense", "{}"]))
        .await;
    assert_eq!(result, Ok(Flow::Paste));
    let refused = events
        .iter()
        .filter(|event| matches!(event, SignInEvent::PasteRefused(_)));
    assert_eq!(refused.count(), 2);
    let (_, result) = bench.login(Who::Pastes(&["nonsense"])).await;
    assert_eq!(
        result.unwrap_err().code,
        Code::StateMismatch,
        "the last word before the end of the lines"
    );
    assert_eq!(bench.login(Who::Pastes(&[])).await.1.unwrap_err().code, Code::Usage);
}

#[tokio::test]
async fn the_end_of_the_lines_does_not_end_a_browser_login() {
    let bench = Bench::by(Flow::Browser).await;
    let events = |event: SignInEvent| {
        if let SignInEvent::Authorize { url, .. } = event {
            tokio::spawn(async move {
                let browser = evergrant_sandbox::client::Browser::new(HttpClient::new());
                browser.visit(url.as_str()).await.unwrap();
            });
        }
    };
    let (closed, lines) = tokio::sync::mpsc::channel(1);
    drop(closed);
    let person = Person {
        events: &events,
        paste: Some(lines),
    };
    assert!(
        sign_in(bench.sign_in(), person, |grant, _| async { Ok(grant) })
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_thousand_wrong_states_during_a_login_change_nothing() {
    let bench = Bench::by(Flow::Browser).await;
    let events = |event: SignInEvent| {
        let SignInEvent::Authorize { url, .. } = event else {
            return;
        };
        tokio::spawn(async move {
            let (_, redirect) = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
            let client = HttpClient::new();
            for round in 0..1_000 {
                let wrong = format!("{redirect}?code=a&state=wrong-{round}");
                assert_eq!(client.get(&wrong).await.unwrap().status, 400);
            }
            let browser = evergrant_sandbox::client::Browser::new(client);
            browser.visit(url.as_str()).await.unwrap();
        });
    };
    let person = Person {
        events: &events,
        paste: None,
    };
    assert!(
        sign_in(bench.sign_in(), person, |grant, _| async { Ok(grant) })
            .await
            .is_ok()
    );
    assert_eq!(bench.control().counters().token_requests, 1);
}

#[tokio::test]
async fn a_denial_is_told() {
    let bench = Bench::start(Config {
        automatic_consent: false,
        ..Config::default()
    })
    .await;
    let events = |event: SignInEvent| {
        if let SignInEvent::Authorize { url, .. } = event {
            tokio::spawn(async move {
                let browser = evergrant_sandbox::client::Browser::new(HttpClient::new());
                let page = browser.visit(url.as_str()).await.unwrap();
                browser.press(&page, "deny").await.unwrap();
            });
        }
    };
    let person = Person {
        events: &events,
        paste: None,
    };
    let denied = sign_in(bench.sign_in(), person, |grant, _| async { Ok(grant) }).await;
    let failure = denied.unwrap_err();
    assert_eq!(failure.code, Code::LoginDenied);
    assert!(failure.message.contains("access_denied"), "{}", failure.message);
    assert_eq!(bench.control().counters().token_requests, 0);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_nobody_finishes_ends() {
    let bench = Bench::by(Flow::Browser).await;
    let failure = bench.login(Who::Sleeps).await.1.unwrap_err();
    assert_eq!(failure.code, Code::LoginTimeout);
    assert!(failure.message.contains("60s"), "{}", failure.message);
    assert!(bench.kept().is_empty());
}

#[tokio::test]
async fn the_device_flow_shows_its_code_and_waits() {
    let bench = Bench::start(Config {
        automatic_device_approval: false,
        ..Config::default()
    })
    .await;
    let control = bench.control();
    let mut headless = bench;
    headless.options.can_show_browser = false;
    let approver = control.clone();
    tokio::spawn(async move {
        while approver.counters().device_polls == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let waiting = approver.waiting_devices();
        approver.approve_device(&waiting[0]).unwrap();
    });
    let (events, result) = headless.login(Who::Sleeps).await;
    assert_eq!(result, Ok(Flow::Device), "the first flow that needs no display");
    let [
        SignInEvent::Device {
            user_code,
            verification_uri_complete,
            expires_in,
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert!(
        verification_uri_complete
            .as_ref()
            .unwrap()
            .as_str()
            .contains(user_code.as_str())
    );
    assert_eq!(*expires_in, Duration::from_secs(600));
    assert_eq!(control.counters().device_polls, 2, "nothing is polled after the grant");
    assert_eq!(headless.kept().len(), 1);
}

#[tokio::test]
async fn a_device_login_ends_by_denial_and_expiry() {
    for denied in [true, false] {
        let mut bench = Bench::start(Config {
            automatic_device_approval: false,
            ..Config::default()
        })
        .await;
        bench.options.flow = Some(Flow::Device);
        let control = bench.control();
        tokio::spawn(async move {
            while control.waiting_devices().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if denied {
                control.deny_device(&control.waiting_devices()[0]).unwrap();
            } else {
                control.advance(Duration::from_secs(601));
            }
        });
        let failure = bench.login(Who::Sleeps).await.1.unwrap_err();
        let expected = if denied {
            Code::LoginDenied
        } else {
            Code::DeviceCodeExpired
        };
        assert_eq!(failure.code, expected, "{failure:?}");
        assert!(bench.kept().is_empty());
    }
}

#[tokio::test]
async fn what_was_sent_is_finished_and_kept_although_the_caller_has_gone() {
    let bench = Bench::by(Flow::Browser).await;
    bench
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 300))
        .unwrap();
    let (kept, keeping) = oneshot::channel();
    let events = |event: SignInEvent| {
        if let SignInEvent::Authorize { url, .. } = event {
            tokio::spawn(async move {
                let browser = evergrant_sandbox::client::Browser::new(HttpClient::new());
                browser.visit(url.as_str()).await.unwrap();
            });
        }
    };
    let person = Person {
        events: &events,
        paste: None,
    };
    let control = bench.control();
    let login = sign_in(bench.sign_in(), person, |grant, _| async move {
        kept.send(grant).unwrap();
        Ok(())
    });
    tokio::select! {
        _ = login => panic!("the answer is slow"),
        () = async {
            while control.counters().token_requests == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        } => {}
    }
    assert!(keeping.await.unwrap().refresh_token.is_some());
}

#[tokio::test]
async fn a_flow_that_the_row_has_not_is_refused() {
    let mut bench = Bench::by(Flow::Device).await;
    let mut row = Row::clone(&bench.row);
    if let evergrant_engine::provider::Auth::OAuth(oauth) = &mut row.auth {
        oauth.flows = vec![Flow::Browser, Flow::Paste];
    }
    bench.row = Arc::new(row);
    let failure = bench.login(Who::Sleeps).await.1.unwrap_err();
    assert_eq!(failure.code, Code::Usage);
    assert!(failure.message.contains("`browser`, `paste`"), "{}", failure.message);
    bench.options.flow = None;
    bench.options.can_show_browser = false;
    assert_eq!(bench.login(Who::Pastes(&["{}"])).await.1, Ok(Flow::Paste));
}

#[tokio::test]
async fn a_code_that_is_shown_in_the_page_can_be_pasted_as_its_address() {
    let bench = Bench::start(Config {
        show_code: true,
        ..Config::default()
    })
    .await;
    let (paste, lines) = tokio::sync::mpsc::channel(1);
    let events = move |event: SignInEvent| {
        if let SignInEvent::Authorize { url, .. } = event {
            let paste = paste.clone();
            tokio::spawn(async move {
                let page = HttpClient::new().get(url.as_str()).await.unwrap().text();
                let (_, shown) = page.split_once("id=\"url\">").unwrap();
                let (shown, _) = shown.split_once('<').unwrap();
                paste.send(shown.replace("&amp;", "&")).await.unwrap();
            });
        }
    };
    let person = Person {
        events: &events,
        paste: Some(lines),
    };
    assert!(
        sign_in(bench.sign_in(), person, |grant, _| async { Ok(grant) })
            .await
            .is_ok()
    );
}
