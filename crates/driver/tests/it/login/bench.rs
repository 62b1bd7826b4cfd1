//! A sandbox, a row for it, and logins there.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant_driver::clock::{Clock, SystemClock};
use evergrant_driver::home::Home;
use evergrant_driver::http::{Network, NetworkSettings};
use evergrant_driver::metadata::Metadata;
use evergrant_driver::sign_in::{Person, SignIn, SignInEvent, SignInOptions, sign_in};
use evergrant_engine::credential::Grant;
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::{Flow, Origin, Row};
use evergrant_sandbox::client::{Browser, HttpClient};
use evergrant_sandbox::{Config, Control, Running, Sandbox};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// A sandbox and a home of a login.
pub(crate) struct Bench {
    pub(crate) sandbox: Running,
    pub(crate) home: Home,
    _directory: TempDir,
    pub(crate) row: Arc<Row>,
    pub(crate) options: SignInOptions,
    pub(crate) clock: Arc<dyn Clock>,
    kept: Arc<Mutex<Vec<Grant>>>,
}

/// What the person in front of it does.
pub(crate) enum Who {
    /// Opens what they are told to.
    Opens,
    /// Pastes these lines, and closes; `{}` stands for the address that the browser ended at.
    Pastes(&'static [&'static str]),
    /// Nothing at all.
    Sleeps,
}

impl Bench {
    pub(crate) async fn start(config: Config) -> Self {
        let sandbox = Sandbox::start(config).await.unwrap();
        let row = Row::parse(
            "acme.toml",
            &sandbox.provider_row("acme"),
            Origin::File("acme.toml".to_owned()),
        )
        .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path().join("home"));
        home.create().unwrap();
        Self {
            sandbox,
            home,
            _directory: directory,
            row: Arc::new(row),
            options: SignInOptions {
                flow: None,
                can_show_browser: true,
                paste_again: false,
                timeout: Duration::from_secs(60),
                key_provider: None,
            },
            clock: Arc::new(SystemClock::new()),
            kept: Arc::default(),
        }
    }

    pub(crate) async fn by(flow: Flow) -> Self {
        let mut bench = Self::start(Config::default()).await;
        bench.options.flow = Some(flow);
        bench
    }

    pub(crate) fn control(&self) -> Control {
        self.sandbox.control()
    }

    pub(crate) fn metadata(&self) -> Metadata {
        Metadata::new(&self.home, Arc::clone(&self.clock))
    }

    pub(crate) fn sign_in(&self) -> SignIn {
        SignIn {
            row: Arc::clone(&self.row),
            options: self.options.clone(),
            network: Arc::new(network()),
            metadata: Arc::new(self.metadata()),
            clock: Arc::clone(&self.clock),
            runtime: Handle::current(),
        }
    }

    /// Everything that was kept so far.
    pub(crate) fn kept(&self) -> Vec<Grant> {
        self.kept.lock().unwrap().clone()
    }

    /// Logs in with this person in front; answers the events and the result.
    pub(crate) async fn login(&self, person: Who) -> (Vec<SignInEvent>, Result<Flow, Failure>) {
        let events = Mutex::new(Vec::new());
        let (paste, pasted) = mpsc::channel(16);
        let (wants_paste, lines) = match &person {
            Who::Pastes(lines) => (true, *lines),
            Who::Opens | Who::Sleeps => (false, &[][..]),
        };
        let opens = matches!(person, Who::Opens);
        let paste = Mutex::new(wants_paste.then_some(paste));
        let handler = |event: SignInEvent| {
            if let SignInEvent::Authorize { url, .. } = &event {
                let (url, paste) = (url.clone(), paste.lock().unwrap().take());
                tokio::spawn(async move {
                    let browser = Browser::new(HttpClient::new());
                    if opens {
                        browser.visit(url.as_str()).await.unwrap();
                    } else if let Some(paste) = paste {
                        let ended = browser.peek(url.as_str()).await.unwrap();
                        for line in lines {
                            paste.send(line.replace("{}", ended.as_str())).await.unwrap();
                        }
                    }
                });
            }
            events.lock().unwrap().push(event);
        };
        let kept = Arc::clone(&self.kept);
        let result = sign_in(
            self.sign_in(),
            Person {
                events: &handler,
                paste: wants_paste.then_some(pasted),
            },
            move |grant, flow| async move {
                kept.lock().unwrap().push(grant);
                Ok(flow)
            },
        )
        .await;
        (events.into_inner().unwrap(), result)
    }
}

pub(crate) fn network() -> Network {
    Network::new(&NetworkSettings::default()).unwrap()
}
