//! Asks every provider what it thinks of every credential, through the one client, so that what can be repaired is.

use std::sync::Arc;
use std::time::Duration;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Auth, Origin, Row};
use evergrant_engine::remedy::Remedy;
use http::Request;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use crate::account::Account;
use crate::client::{Body, Call, Route};
use crate::doctor::{Finding, against};
use crate::driver::Driver;

impl Driver {
    /// One cheap request with each credential, and the endpoints of each provider that has one or that is the user's own;
    /// all of them at the same time, within a minute.
    ///
    /// ```
    /// use evergrant_driver::doctor::Level;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
    /// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
    /// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.api_key_row("acme"))?;
    /// # driver.reload().await?;
    /// # driver.add_key(&"acme".into(), None, evergrant_driver::KeySource::Value("sk-sandbox-0000000000000000".into())).await?;
    /// let findings = driver.probe().await;
    /// let key = findings.iter().find(|finding| finding.check == "probe acme/default").expect("it was asked");
    /// assert_eq!(key.level, Level::Ok);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn probe(&self) -> Vec<Finding> {
        let accounts: Vec<Account> = self.accounts();
        let table = self.kernel.table();
        let mut questions = Vec::new();
        for row in table.rows() {
            let of_row =
                |account: &&Account| account.provider == row.id && !matches!(account.health, "logged-out" | "disabled");
            let asked: Vec<&Account> = accounts.iter().filter(of_row).collect();
            if asked.is_empty() && !matches!(row.origin, Origin::File(_)) {
                continue;
            }
            questions.push(Question {
                check: format!("endpoints {}", row.id),
                row: Arc::clone(row),
                account: None,
            });
            questions.extend(asked.into_iter().map(|account| Question {
                check: format!("probe {}/{}", account.provider, account.label),
                row: Arc::clone(row),
                account: Some(account.clone()),
            }));
        }
        self.ask_all(questions).await
    }

    /// Puts the questions, some at a time, and gives the answers in their order.
    async fn ask_all(&self, questions: Vec<Question>) -> Vec<Finding> {
        let deadline = Instant::now() + OVERALL;
        let mut answers: Vec<Option<Vec<Finding>>> = questions.iter().map(|_| None).collect();
        let mut waiting = questions.iter().cloned().enumerate();
        let mut asking = JoinSet::new();
        loop {
            while asking.len() < AT_ONCE
                && let Some((place, question)) = waiting.next()
            {
                let here = self.clone();
                asking.spawn(async move { (place, here.put(&question).await) });
            }
            match timeout_at(deadline, asking.join_next()).await {
                Ok(Some(Ok((place, found)))) => answers[place] = Some(found),
                // One that panicked has no answer, as one that is late.
                Ok(Some(Err(_))) => {}
                Ok(None) | Err(_) => break,
            }
        }
        let told = questions.into_iter().zip(answers).flat_map(|(question, answer)| {
            answer.unwrap_or_else(|| vec![missed(question.check, late(&question.row, OVERALL))])
        });
        told.collect()
    }

    async fn put(&self, question: &Question) -> Vec<Finding> {
        let Question { check, row, account } = question;
        match account {
            None => self.endpoints(check, row).await,
            Some(account) => self.ask(check, row, account).await,
        }
    }

    /// Whether the authorization server says where its endpoints are, and whether those can be reached.
    async fn endpoints(&self, check: &str, row: &Row) -> Vec<Finding> {
        let tools = self.kernel.tools();
        let Auth::OAuth(_) = row.auth else {
            let reached = tools.network.reach(&row.base_url, CONNECT).await;
            let host = row.base_url.host_str().unwrap_or("-");
            return vec![match reached {
                Ok(()) => Finding::ok(check, format!("{host} can be reached")),
                Err(failure) => missed(check.to_owned(), failure),
            }];
        };
        let asked = timeout(PATIENCE, tools.metadata.inquire(row, &tools.network)).await;
        let endpoints = match asked.unwrap_or_else(|_| Err(late(row, PATIENCE))) {
            Ok(Some(endpoints)) => Ok(endpoints),
            Ok(None) => tools.metadata.endpoints(row, &tools.network).await,
            Err(failure) => Err(failure),
        };
        let token = match endpoints {
            Ok(endpoints) => endpoints.token,
            Err(failure) => return vec![missed(check.to_owned(), failure)],
        };
        let Some(token) = token else {
            let failure = Failure::new(Code::RowInvalid, format!("{} has no token endpoint", row.id));
            return vec![missed(check.to_owned(), failure)];
        };
        let host = token.host_str().unwrap_or("-");
        vec![match tools.network.reach(&token, CONNECT).await {
            Ok(()) => Finding::ok(check, format!("the token endpoint is at {host}")),
            Err(failure) => missed(check.to_owned(), failure),
        }]
    }

    /// What the provider thinks of the credential, and what its clock says of ours.
    async fn ask(&self, check: &str, row: &Row, account: &Account) -> Vec<Finding> {
        let check = check.to_owned();
        let Some(path) = &row.probe else {
            return vec![Finding::ok(check, "the row names nothing to ask for")];
        };
        let request = match Request::get(path.as_str()).body(Body::empty()) {
            Ok(request) => request,
            Err(error) => {
                let failure = Failure::new(Code::RowInvalid, format!("`probe`: {error}"));
                return vec![missed(check, failure)];
            }
        };
        let call = Call {
            request,
            route: Route::Provider(row.id.clone()),
            pin: Some(account.label.clone()),
        };
        match timeout(PATIENCE, self.send(call)).await {
            Ok(Ok(answer)) => {
                let told = match answer.refusal {
                    None => Finding::ok(check, format!("{} accepts it", row.name)),
                    Some(failure) => missed(check, failure),
                };
                let now = self.kernel.clock().now();
                let clock = against(&row.name, answer.response.headers(), &now);
                clock.into_iter().chain([told]).collect()
            }
            Ok(Err((failure, _))) => vec![missed(check, failure)],
            Err(_) => vec![missed(check, late(row, PATIENCE))],
        }
    }
}

/// One thing to be asked of a provider.
#[derive(Clone, Debug)]
struct Question {
    check: String,
    row: Arc<Row>,
    /// With which credential; `None` asks for the endpoints.
    account: Option<Account>,
}

fn late(row: &Row, limit: Duration) -> Failure {
    let message = format!("{} did not answer within {} s", row.name, limit.as_secs());
    Failure::new(Code::Timeout, message).with_remedy(Remedy::Wait { until: None })
}

/// What time mends is a warning, the rest a fault.
fn missed(check: String, failure: Failure) -> Finding {
    let passes = failure.code.exit() == 5;
    match failure.remedy {
        Some(remedy) if passes => Finding::warn(check, failure.message, remedy),
        Some(_) | None => Finding::of(check, failure),
    }
}

/// A list of models comes within seconds; whoever waits longer than this for it has a fault to look for.
const PATIENCE: Duration = Duration::from_secs(30);

/// As long as a renewal gives a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// A minute for all of them: someone sits in front of it.
const OVERALL: Duration = Duration::from_secs(60);

/// 16 at a time: no provider takes as many for an attack.
const AT_ONCE: usize = 16;
