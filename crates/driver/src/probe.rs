//! Asks every provider what it thinks of every credential, through the one client, so that what can be repaired is.

use std::time::Duration;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Auth, Row};
use evergrant_engine::remedy::Remedy;
use http::Request;

use crate::account::Account;
use crate::client::{Body, Call, Route};
use crate::doctor::{Finding, Level};
use crate::driver::Driver;

impl Driver {
    /// One cheap request with each credential, and the endpoints of each provider that has one.
    pub async fn probe(&self) -> Vec<Finding> {
        let accounts: Vec<Account> = self.accounts();
        let table = self.kernel.table();
        let mut findings = Vec::new();
        for row in table.rows() {
            let asked: Vec<&Account> = accounts
                .iter()
                .filter(|account| account.provider == row.id && !matches!(account.health, "logged-out" | "disabled"))
                .collect();
            if asked.is_empty() {
                continue;
            }
            findings.extend(self.endpoints(row).await);
            for account in asked {
                findings.push(self.ask(row, account).await);
            }
        }
        findings
    }

    /// Whether the authorization server says where its endpoints are.
    async fn endpoints(&self, row: &Row) -> Option<Finding> {
        let Auth::OAuth(_) = row.auth else { return None };
        let tools = self.kernel.tools();
        let check = format!("endpoints {}", row.id);
        let asked = tokio::time::timeout(PATIENCE, tools.metadata.endpoints(row, &tools.network)).await;
        Some(match asked.unwrap_or_else(|_| Err(too_late(row))) {
            Ok(endpoints) => {
                let host = endpoints.token.as_ref().and_then(|url| url.host_str()).unwrap_or("-");
                found(check, format!("the token endpoint is at {host}"))
            }
            Err(failure) => missed(check, failure),
        })
    }

    async fn ask(&self, row: &Row, account: &Account) -> Finding {
        let check = format!("probe {}/{}", account.provider, account.label);
        let Some(path) = &row.probe else {
            return found(check, "the row names nothing to ask for".to_owned());
        };
        let request = match Request::get(path.as_str()).body(Body::empty()) {
            Ok(request) => request,
            Err(error) => return missed(check, Failure::new(Code::RowInvalid, format!("`probe`: {error}"))),
        };
        let call = Call {
            request,
            route: Route::Provider(row.id.clone()),
            pin: Some(account.label.clone()),
        };
        match tokio::time::timeout(PATIENCE, self.send(call)).await {
            Ok(Ok(answer)) => match answer.refusal {
                None => found(check, format!("{} accepts it", row.name)),
                Some(failure) => missed(check, failure),
            },
            Ok(Err((failure, _))) => missed(check, failure),
            Err(_) => missed(check, too_late(row)),
        }
    }
}

fn too_late(row: &Row) -> Failure {
    let message = format!("{} did not answer within {} s", row.name, PATIENCE.as_secs());
    Failure::new(Code::Timeout, message).with_remedy(Remedy::Wait { until: None })
}

fn found(check: String, message: String) -> Finding {
    Finding {
        check,
        level: Level::Ok,
        message,
        remedy: None,
    }
}

/// What time mends is a warning, the rest a fault.
fn missed(check: String, failure: Failure) -> Finding {
    Finding {
        check,
        level: if failure.code.exit() == 5 {
            Level::Warn
        } else {
            Level::Fault
        },
        message: failure.message,
        remedy: failure.remedy,
    }
}

/// A list of models comes within seconds; whoever waits longer than this for it has a fault to look for.
const PATIENCE: Duration = Duration::from_secs(30);
