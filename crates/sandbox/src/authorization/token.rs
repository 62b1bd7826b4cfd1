//! The token endpoint (RFC 6749 section 3.2): exchange, refresh and device polls.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderName, Response};
use serde_json::{Value, json};

use super::client::{authenticate, missing};
use crate::counters::Counters;
use crate::received::{Fields, Received};
use crate::reply::{self, Answer};
use crate::scenario::{BookingFault, Hit, Probe, TokenAnswerFault, TokenFault};
use crate::script::{Cut, Script, Step};
use crate::truth::{DevicePoll, Issued, Refusal, fingerprint};
use crate::world::World;

/// One token request.
pub(super) async fn request(world: &Arc<World>, received: &Received) -> Answer {
    let form = received.form();
    count(world, &form);
    let secret = form.given("refresh_token").or(form.given("code"));
    let subject = secret.and_then(|secret| world.books().subject_of(secret));
    let probe = Probe {
        path: &received.path,
        grant_type: form.text("grant_type"),
        subject: subject.as_deref().unwrap_or_default(),
        ..Probe::default()
    };
    let hit: Option<Hit<TokenFault>> = world.strike(&probe, received.sequence);
    if let Some(hit) = hit
        && let Some(answer) = broken(world, &hit).await
    {
        return answer;
    }
    let (form, client_id) = match authenticate(world, received) {
        Ok(found) => found,
        Err(refused) => return Ok(*refused),
    };
    let turn = Turn {
        world,
        form: &form,
        client_id: &client_id,
        probe: &probe,
        sequence: received.sequence,
    };
    let outcome = match form.given("grant_type") {
        None => return Ok(missing(&form, &["grant_type"]).unwrap_or_else(unsupported)),
        Some("authorization_code") => turn.exchange(),
        Some("refresh_token") => turn.refresh(),
        Some(DEVICE_CODE) => turn.poll(),
        Some(_) => return Ok(unsupported()),
    };
    match outcome {
        Err(refused) => Ok(*refused),
        Ok(issued) => turn.deliver(&issued).await,
    }
}

type Outcome = Result<Issued, Box<Response<Body>>>;

/// One request whose client is known.
struct Turn<'a> {
    world: &'a Arc<World>,
    form: &'a Fields,
    client_id: &'a str,
    probe: &'a Probe<'a>,
    sequence: u64,
}

impl Turn<'_> {
    fn exchange(&self) -> Outcome {
        self.require(&["code", "redirect_uri"])?;
        self.check_verifier()?;
        let code = self.form.text("code");
        self.check_echo(code)?;
        let hit = self.booking();
        let lifetimes = self.world.lifetimes();
        let now_ms = self.world.clock.now_ms();
        let outcome = {
            let mut books = self.world.books();
            let before = books.families_revoked();
            let outcome = books.exchange_code(
                code,
                self.client_id,
                self.form.text("redirect_uri"),
                self.form.text("code_verifier"),
                &lifetimes,
                now_ms,
            );
            outcome.map_err(|refusal| (refusal, books.families_revoked() - before))
        };
        outcome
            .map(|issued| without_refresh(issued, hit))
            .map_err(|(refusal, revoked)| self.refused(refusal, revoked))
    }

    fn refresh(&self) -> Outcome {
        self.require(&["refresh_token"])?;
        let token = self.form.text("refresh_token");
        let hit = self.booking();
        let mut lifetimes = self.world.lifetimes();
        lifetimes.rotate &= hit.is_none();
        let now_ms = self.world.clock.now_ms();
        let (outcome, reused, rotated, revoked) = {
            let mut books = self.world.books();
            let reused = books.is_spent(token);
            let before = books.families_revoked();
            let outcome = books.refresh(token, self.client_id, self.form.given("scope"), &lifetimes, now_ms);
            let rotated = !reused && books.is_spent(token);
            (outcome, reused, rotated, books.families_revoked() - before)
        };
        {
            let mut counters = self.world.counters();
            counters.refresh_reuses += u64::from(reused);
            counters.rotations += u64::from(rotated);
        }
        outcome
            .map(|issued| without_refresh(issued, hit))
            .map_err(|refusal| self.refused(refusal, revoked))
    }

    fn poll(&self) -> Outcome {
        self.world.counters().device_polls += 1;
        self.require(&["device_code"])?;
        let now_ms = self.world.clock.now_ms();
        let polled = self
            .world
            .books()
            .devices
            .poll(self.form.text("device_code"), self.client_id, now_ms);
        let (error, description) = match polled {
            DevicePoll::Approved(consent) => {
                let hit = self.booking();
                let lifetimes = self.world.lifetimes();
                let device_code = self.form.text("device_code");
                let mut books = self.world.books();
                let issued = books.open_device_family(device_code, consent, &lifetimes, now_ms);
                return Ok(without_refresh(issued, hit));
            }
            DevicePoll::Spent => {
                let revoked = {
                    let mut books = self.world.books();
                    let before = books.families_revoked();
                    books.device_code_reused(self.form.text("device_code"));
                    books.families_revoked() - before
                };
                return Err(self.refused(Refusal::Reused, revoked));
            }
            DevicePoll::Unknown | DevicePoll::OtherClient => ("invalid_grant", "grant request is invalid"),
            DevicePoll::Expired => ("expired_token", "device code is expired"),
            DevicePoll::Pending => (
                "authorization_pending",
                "authorization request is still pending as the end-user hasn't yet completed the \
                 user interaction steps",
            ),
            DevicePoll::SlowDown => (
                "slow_down",
                "you are polling too quickly and should back off at a reasonable rate",
            ),
            DevicePoll::Denied => ("access_denied", "End-User aborted interaction"),
        };
        Err(Box::new(reply::oauth_error(400, error, description)))
    }

    fn require(&self, names: &[&str]) -> Result<(), Box<Response<Body>>> {
        match missing(self.form, names) {
            Some(refused) => Err(Box::new(refused)),
            None => Ok(()),
        }
    }

    /// A verifier has 43 to 128 unreserved characters (RFC 7636 section 4.1).
    fn check_verifier(&self) -> Result<(), Box<Response<Body>>> {
        let verifier = self.form.text("code_verifier");
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let described = match verifier.len() {
            0 => return Ok(()),
            1..43 => "code_verifier must be a string with a minimum length of 43 characters",
            129.. => "code_verifier must be a string with a maximum length of 128 characters",
            _ if !verifier.bytes().all(unreserved) => "code_verifier contains invalid characters",
            _ => return Ok(()),
        };
        Err(Box::new(reply::oauth_error(400, "invalid_request", described)))
    }

    /// xAI wants the challenge once more; it must be the one the code was issued under.
    fn check_echo(&self, code: &str) -> Result<(), Box<Response<Body>>> {
        let echoed = self.form.given("code_challenge");
        let method = self.form.text("code_challenge_method");
        if echoed.is_none() && !self.world.config().require_challenge_at_token {
            return Ok(());
        }
        if echoed.is_none() || method != "S256" {
            return Err(Box::new(challenge_required()));
        }
        let same = {
            let books = self.world.books();
            let known = books.challenge_of(code);
            known.is_none() || known == echoed
        };
        if same { Ok(()) } else { Err(Box::new(invalid_grant())) }
    }

    fn booking(&self) -> Option<Hit<BookingFault>> {
        self.world.strike(self.probe, self.sequence)
    }

    fn refused(&self, refusal: Refusal, families_revoked: u64) -> Box<Response<Body>> {
        self.world.counters().families_revoked += families_revoked;
        Box::new(match refusal {
            Refusal::Scope => reply::oauth_error(400, "invalid_scope", "refresh token missing requested scope"),
            // As oidc-provider: which of these it was stays in the server's own log.
            Refusal::Unknown
            | Refusal::Expired
            | Refusal::OtherClient
            | Refusal::Verifier
            | Refusal::RedirectUri
            | Refusal::Reused
            | Refusal::Revoked => invalid_grant(),
        })
    }

    async fn deliver(&self, issued: &Issued) -> Answer {
        let body = self.body(issued).to_string();
        let hit: Option<Hit<TokenAnswerFault>> = self.world.strike(self.probe, self.sequence);
        let Some(hit) = hit else {
            return Ok(no_cache(reply::plain(200, JSON_UTF8, body)));
        };
        match hit.fault {
            TokenAnswerFault::Lost => Err(Cut),
            TokenAnswerFault::Hang => reply::hang(&hit.parameters).await,
            TokenAnswerFault::Cut => {
                let half = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
                let mut response = no_cache(reply::plain(200, JSON_UTF8, Bytes::new()));
                reply::set(&mut response, http::header::CONTENT_LENGTH, &body.len().to_string());
                *response.body_mut() = Body::new(Script::new([Step::Send(half), Step::Cut]));
                Ok(response)
            }
            TokenAnswerFault::Slow => {
                reply::pause(hit.parameters.number("delay_ms", SLOW_MS)).await;
                Ok(no_cache(reply::plain(200, JSON_UTF8, body)))
            }
        }
    }

    fn body(&self, issued: &Issued) -> Value {
        let left_ms = issued.expires_at_ms.saturating_sub(self.world.clock.now_ms());
        let mut body = json!({
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "scope": issued.scope,
        });
        if self.world.config().answer_expires_in {
            body["expires_in"] = json!(left_ms.div_ceil(1000));
        }
        if let Some(token) = &issued.refresh_token {
            body["refresh_token"] = json!(token);
        }
        if let Some(token) = &issued.id_token {
            body["id_token"] = json!(token);
        }
        body
    }
}

fn count(world: &World, form: &Fields) {
    let mut counters = world.counters();
    counters.token_requests += 1;
    let grant_type = form.given("grant_type").unwrap_or("none");
    Counters::count(&mut counters.token_by_grant_type, grant_type);
    if grant_type == "refresh_token" {
        counters.refreshes += 1;
        let sent = fingerprint(form.text("refresh_token"));
        Counters::count(&mut counters.refresh_sends, &sent);
    }
}

/// The answer of a broken token endpoint, or nothing if the request goes on after a wait.
async fn broken(world: &World, hit: &Hit<TokenFault>) -> Option<Answer> {
    let described = |default: &'static str| hit.parameters.text("description", default);
    Some(Ok(match hit.fault {
        TokenFault::Slow => {
            reply::pause(hit.parameters.number("delay_ms", SLOW_MS)).await;
            return None;
        }
        TokenFault::Hang => return Some(reply::hang(&hit.parameters).await),
        TokenFault::InvalidGrant => reply::oauth_error(400, "invalid_grant", described("grant request is invalid")),
        TokenFault::Other400 => reply::oauth_error(400, "invalid_request", described("request is malformed")),
        TokenFault::InvalidClient => {
            reply::oauth_error(401, "invalid_client", described("client authentication failed"))
        }
        TokenFault::Html403 => reply::bot_check(403),
        TokenFault::NotFound => reply::page(404, "<html><body><h1>404 Not Found</h1></body></html>"),
        TokenFault::TooMany => reply::retry_after(
            reply::oauth_error(429, "rate_limited", "too many requests"),
            hit.parameters.number("retry_after_secs", 1),
        ),
        TokenFault::Error500 => reply::oauth_error(500, "server_error", "oops! something went wrong"),
        TokenFault::Html503 => reply::page(
            503,
            "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>",
        ),
        TokenFault::TemporarilyUnavailable => reply::oauth_error(
            503,
            "temporarily_unavailable",
            "the server is currently unable to handle the request",
        ),
        TokenFault::Redirect => {
            let trap = format!("{}/trap", world.origin);
            reply::redirect(hit.parameters.status(302), hit.parameters.text("location", &trap))
        }
        TokenFault::TierRefused => reply::oauth_error(403, "access_denied", TIER),
        TokenFault::ChallengeRequired => challenge_required(),
        TokenFault::Html200 => reply::page(200, "<!DOCTYPE html><html><body>OK</body></html>"),
        TokenFault::Array => reply::json(200, &json!([1, 2, 3])),
        TokenFault::EmptyObject => reply::json(200, &json!({})),
        TokenFault::Junk => reply::plain(200, "application/json", vec![b'x'; JUNK_BYTES]),
    }))
}

fn without_refresh(issued: Issued, hit: Option<Hit<BookingFault>>) -> Issued {
    Issued {
        refresh_token: issued.refresh_token.filter(|_| hit.is_none()),
        ..issued
    }
}

fn challenge_required() -> Response<Body> {
    reply::oauth_error(400, "invalid_grant", "code_challenge is required")
}

fn invalid_grant() -> Response<Body> {
    reply::oauth_error(400, "invalid_grant", "grant request is invalid")
}

fn unsupported() -> Response<Body> {
    reply::oauth_error(400, "unsupported_grant_type", "unsupported grant_type requested")
}

/// `no-store` and the older `Pragma` that RFC 6749 section 5.1 still asks for.
fn no_cache(response: Response<Body>) -> Response<Body> {
    let mut response = reply::no_store(response);
    reply::set(&mut response, HeaderName::from_static("pragma"), "no-cache");
    response
}

const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const JSON_UTF8: &str = "application/json; charset=utf-8";
/// One second, when an order does not say how late.
const SLOW_MS: u64 = Duration::from_secs(1).as_millis() as u64;
/// More than any token answer, as a broken proxy may send.
const JUNK_BYTES: usize = 1024 * 1024;
/// The words in which a plan without this access is refused.
const TIER: &str = "Your subscription tier does not include API access through this client. \
     Upgrade your plan at https://grok.com/supergrok or use an API key from https://console.x.ai.";
