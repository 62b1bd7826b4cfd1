//! Five callers meet a stale token: chat, title, summary, gateway and `token` are repaired alike, because none can do it alone.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant_driver::client::AttemptRecorder;
use evergrant_driver::clock::{Clock, SystemClock, TestClock};
use evergrant_driver::history::History;
use evergrant_driver::settings::Settings;
use evergrant_driver::sign_in::{Person, SignInEvent, SignInOptions};
use evergrant_driver::{Driver, Flow, Hooks, ProviderId, Recorded, Target, Timestamp};
use evergrant_sandbox::client::{Browser, HttpClient};
use evergrant_sandbox::{Config, Control, Running, Sandbox, Wording};
use serde_json::json;

use crate::asking::{Heard, Partner, Wish, ask};
use crate::chat::Talk;
use crate::gateway::{ServeOptions, serve};
use crate::tasks::{Auxiliary, Occasion, perform};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Chat,
    Title,
    Summary,
    Gateway,
    Token,
}

/// How the token is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stale {
    /// It has expired, as can be known here.
    Expired,
    /// The provider refuses it in these words, although it should be good.
    Refused(Wording),
}

/// What the machines were told and what they said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trace {
    request: Vec<String>,
    renewal: Vec<String>,
}

struct Scene {
    _sandbox: Running,
    _home: tempfile::TempDir,
    control: Control,
    clock: Arc<TestClock>,
    settings: Settings,
    driver: Driver,
    steps: Arc<Mutex<Vec<Recorded>>>,
    attempts: AttemptRecorder,
}

impl Scene {
    async fn logged_in() -> Self {
        let sandbox = Sandbox::start(Config::default()).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("home");
        std::fs::create_dir_all(root.join("providers.d")).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        std::fs::write(root.join("providers.d/acme.toml"), sandbox.provider_row("acme")).unwrap();
        let settings = Settings::load(Some(root), []).unwrap();
        let clock = Arc::new(TestClock::new(SystemClock::new().now()));
        let (steps, attempts) = (Arc::default(), AttemptRecorder::default());
        let hooks = Hooks {
            clock: Some(Arc::clone(&clock) as Arc<dyn Clock>),
            recorder: Some(Arc::clone(&steps)),
            attempts: Some(Arc::clone(&attempts)),
        };
        let driver = Driver::open_with(settings.clone(), hooks).unwrap();
        let scene = Self {
            control: sandbox.control(),
            _sandbox: sandbox,
            _home: home,
            clock,
            settings,
            driver,
            steps,
            attempts,
        };
        scene.log_in().await;
        scene
    }

    async fn log_in(&self) {
        let options = SignInOptions {
            flow: Some(Flow::Browser),
            can_show_browser: true,
            paste_again: false,
            timeout: Duration::from_secs(30),
            key_provider: None,
        };
        let events = |event: SignInEvent| {
            if let SignInEvent::Authorize { url, .. } = event {
                tokio::spawn(async move { Browser::new(HttpClient::new()).visit(url.as_str()).await });
            }
        };
        let person = Person {
            events: &events,
            paste: None,
        };
        let provider = ProviderId::from("acme");
        self.driver.sign_in(&provider, None, options, person).await.unwrap();
    }

    fn grow_stale(&self, stale: Stale) {
        match stale {
            Stale::Expired => {
                self.clock.advance(Duration::from_secs(86_400));
                self.control.advance(Duration::from_secs(86_400));
            }
            Stale::Refused(wording) => {
                // A token that was minted just now would be tried once more before it is renewed.
                self.clock.advance(Duration::from_secs(300));
                self.control.expire(wording);
            }
        }
        self.steps.lock().unwrap().clear();
        self.attempts.lock().unwrap().clear();
    }

    fn partner(&self) -> Partner {
        Partner::find(Wish::default(), &self.driver, &self.settings).unwrap()
    }

    /// Asks as this caller does, and answers what it got; nothing if it was refused.
    async fn ask(&self, caller: Caller) -> Option<String> {
        let history = Arc::new(History::open(&self.settings.home).unwrap());
        let mut talk = Talk::new(history);
        let at = Timestamp::from_millis(0);
        match caller {
            Caller::Chat => {
                talk.say("hello", &self.partner(), at).unwrap();
                let mut text = String::new();
                let question = talk.question();
                let heard = |heard| {
                    if let Heard::Text(piece) = heard {
                        text.push_str(&piece);
                    }
                };
                let asked = ask(&self.driver, &self.partner(), &question, heard).await;
                asked.ok().map(|()| text)
            }
            Caller::Title | Caller::Summary => {
                for number in 0..4 {
                    talk.say(&format!("question {number}"), &self.partner(), at).unwrap();
                    talk.begins(&evergrant_driver::client::Trail::default(), "m", at)
                        .unwrap();
                    talk.hears("an answer", at).unwrap();
                    talk.ends(evergrant_driver::history::Ending::Whole).unwrap();
                }
                let (auxiliary, question) = if caller == Caller::Title {
                    (Auxiliary::Title, talk.title_question().unwrap())
                } else {
                    (
                        Auxiliary::Summary,
                        talk.compaction(1_000, Occasion::Asked).unwrap().question,
                    )
                };
                let partner = self.partner();
                let performed = perform(auxiliary, &self.driver, &self.settings, &partner, &question);
                performed.await.ok()
            }
            Caller::Gateway => self.through_the_gateway().await,
            Caller::Token => {
                let target = Target::parse("acme").unwrap();
                let token = self.driver.token(&target, Duration::ZERO).await.ok()?;
                Some(token.access_token.expose().clone())
            }
        }
    }

    async fn through_the_gateway(&self) -> Option<String> {
        let (tell, told) = tokio::sync::oneshot::channel();
        let tell = Mutex::new(Some(tell));
        let options = ServeOptions::at(vec!["127.0.0.1:0".parse().unwrap()]);
        let driver = self.driver.clone();
        let serving = tokio::spawn(async move {
            serve(driver, options, |address| {
                if let Some(tell) = tell.lock().unwrap().take() {
                    tell.send(address.to_owned()).unwrap();
                }
            })
            .await
        });
        let address = told.await.unwrap();
        let url = format!("http://{address}/v1/chat/completions");
        let question = json!({"model": "grok-4.3", "stream": true, "messages": [{"role": "user", "content": "hello"}]});
        let mut stream = HttpClient::new().stream(&url, &question).await.unwrap();
        let events = stream.rest().await.unwrap();
        serving.abort();
        let text: String = events.iter().map(|event| event.text()).collect();
        (!text.is_empty()).then_some(text)
    }

    fn trace(&self) -> Trace {
        let attempts = self.attempts.lock().unwrap();
        assert_eq!(attempts.len(), 1, "one request, one machine");
        Trace {
            request: attempts[0]
                .iter()
                .map(|step| format!("{} -> {}", name(&step.cue), name(&step.step.action)))
                .collect(),
            renewal: self
                .steps
                .lock()
                .unwrap()
                .iter()
                .map(|step| format!("{} -> {}", name(&step.input), name(&step.action)))
                .collect(),
        }
    }
}

/// The name of a variant, taken from how it is shown.
fn name(shown: &impl Debug) -> String {
    let shown = format!("{shown:?}");
    let shown = shown.strip_prefix("Input(").unwrap_or(&shown);
    shown.chars().take_while(|c| c.is_alphanumeric()).collect()
}

async fn trace_of(caller: Caller, stale: Stale) -> Trace {
    let scene = Scene::logged_in().await;
    scene.grow_stale(stale);
    let got = scene.ask(caller).await.unwrap_or_default();
    assert!(!got.is_empty(), "{caller:?} got nothing");
    let refreshes = scene.control.counters().refreshes;
    assert_eq!(refreshes, 1, "{caller:?} on {stale:?}: refreshes");
    println!("{caller:?}, {stale:?}: {refreshes} refresh");
    scene.trace()
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_with_an_expired_token_are_repaired_alike() {
    let token = trace_of(Caller::Token, Stale::Expired).await;
    assert_eq!(token.request, ["Begin -> Renew", "Renewed -> Send"]);
    for caller in [Caller::Chat, Caller::Title, Caller::Summary, Caller::Gateway] {
        let trace = trace_of(caller, Stale::Expired).await;
        assert_eq!(trace.renewal, token.renewal, "{caller:?}");
        let (same, rest) = trace.request.split_at(token.request.len());
        assert_eq!(same, token.request, "{caller:?}");
        assert_eq!(rest[0], "Answered -> Deliver", "{caller:?}");
    }
    println!(
        "the same {} steps in all five: {}",
        token.request.len() + token.renewal.len(),
        token.renewal.join(", ")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_with_a_refused_token_are_repaired_alike() {
    // Nobody tells a caller that takes its token away of a refusal: what is stale to it is what has expired.
    let token = trace_of(Caller::Token, Stale::Expired).await;
    for wording in [
        Wording::Wke,
        Wording::Code,
        Wording::Unauthorized,
        Wording::StreamNested,
    ] {
        let stale = Stale::Refused(wording);
        let chat = trace_of(Caller::Chat, stale).await;
        let ends: Vec<&str> = chat
            .request
            .iter()
            .filter_map(|step| step.split(" -> ").nth(1))
            .collect();
        assert_eq!(ends, ["Send", "Renew", "Send", "Deliver"], "{chat:?}");
        for caller in [Caller::Title, Caller::Summary, Caller::Gateway] {
            let trace = trace_of(caller, stale).await;
            assert_eq!(trace, chat, "{caller:?} and the chat");
        }
        assert_eq!(token.renewal, chat.renewal, "token and the chat");
        println!("the same {} steps in all five, {wording:?}", chat.renewal.len());
    }
}

/// What becomes of a refusal of this name, and how many refreshes it costs.
async fn refused(caller: Caller, scenario: &str) -> (Trace, u64) {
    let scene = Scene::logged_in().await;
    // Old enough that a refusal is not taken for an edge that lags.
    scene.clock.advance(Duration::from_secs(300));
    scene.control.arm(scenario).unwrap();
    scene.steps.lock().unwrap().clear();
    scene.attempts.lock().unwrap().clear();
    let got = scene.ask(caller).await;
    assert_eq!(got, None, "{caller:?} on {scenario}");
    (scene.trace(), scene.control.counters().refreshes)
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_are_refused_by_the_plan_never_refresh() {
    for (scenario, refreshes) in [
        ("entitlement", 0),
        ("entitlement-resources", 0),
        ("spending-limit", 0),
        ("bare-403", 1),
    ] {
        let (chat, spent) = refused(Caller::Chat, scenario).await;
        assert_eq!(spent, refreshes, "the chat on {scenario}");
        for caller in [Caller::Title, Caller::Summary, Caller::Gateway] {
            let (trace, spent) = refused(caller, scenario).await;
            assert_eq!((&trace, spent), (&chat, refreshes), "{caller:?} on {scenario}");
        }
        println!("{scenario}: {refreshes} refreshes in all four that ask, by the same steps");
    }
}
