//! A client by hand: it logs in, refreshes and asks, and keeps what it got.

use evergrant_sandbox::client::{Browser, HttpClient, Reply};
use evergrant_sandbox::{Config, Control, Running, Sandbox};
use serde_json::{Value, json};
use url::Url;

/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const REDIRECT: &str = "http://127.0.0.1:56121/callback";
pub(crate) const SCOPE: &str = "openid profile email offline_access grok-cli:access api:access";

pub(crate) struct Visitor {
    pub(crate) sandbox: Running,
    pub(crate) control: Control,
    pub(crate) http: HttpClient,
}

pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Visitor {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config {
            seed: Some(7),
            ..Config::default()
        };
        change(&mut config);
        let sandbox = Sandbox::start(config).await.unwrap();
        let http = match sandbox.ca_pem() {
            Some(pem) => HttpClient::trusting(pem).unwrap(),
            None => HttpClient::new(),
        };
        Self {
            control: sandbox.control(),
            sandbox,
            http,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.issuer())
    }

    pub(crate) fn authorize_url(&self, extra: &[(&str, &str)]) -> String {
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", "evergrant"),
            ("redirect_uri", REDIRECT),
            ("scope", SCOPE),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "a state & more"),
            ("nonce", "a nonce"),
        ];
        for (name, value) in extra {
            fields.retain(|(known, _)| known != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        let mut url = Url::parse(&self.url("/oauth2/authorize")).unwrap();
        url.query_pairs_mut().extend_pairs(fields);
        url.into()
    }

    pub(crate) async fn code(&self) -> String {
        self.code_with(&[]).await
    }

    pub(crate) async fn code_with(&self, extra: &[(&str, &str)]) -> String {
        let browser = Browser::new(self.http.clone());
        let url = browser.peek(&self.authorize_url(extra)).await.unwrap();
        query(&url, "code")
    }

    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> Reply {
        let url = self.url("/oauth2/token");
        self.http.post_form(&url, fields).await.unwrap()
    }

    pub(crate) async fn exchange(&self, code: &str, change: &[(&str, &str)]) -> Reply {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT),
            ("client_id", "evergrant"),
            ("code_verifier", VERIFIER),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in change {
            fields.retain(|(known, _)| known != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        self.token(&fields).await
    }

    pub(crate) async fn login(&self) -> Pair {
        self.login_as("user-1").await
    }

    pub(crate) async fn login_as(&self, subject: &str) -> Pair {
        let code = self.code_with(&[("login_hint", subject)]).await;
        let reply = self.exchange(&code, &[]).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        pair(&reply)
    }

    pub(crate) async fn refresh(&self, token: &str) -> Reply {
        self.token(&refresh_fields(token)).await
    }

    pub(crate) async fn chat(&self, bearer: &str) -> Reply {
        let url = self.url("/v1/chat/completions");
        let client = self.http.clone().bearer(bearer);
        client.post_json(&url, &hello(false)).await.unwrap()
    }
}

pub(crate) fn refresh_fields(token: &str) -> [(&str, &str); 3] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", "evergrant"),
        ("refresh_token", token),
    ]
}

pub(crate) fn hello(stream: bool) -> Value {
    json!({
        "model": "grok-4.3", "stream": stream,
        "messages": [{"role": "user", "content": "hello there"}],
    })
}

pub(crate) fn pair(reply: &Reply) -> Pair {
    let json = reply.json().unwrap();
    Pair {
        access: json["access_token"].as_str().unwrap().to_owned(),
        refresh: json["refresh_token"].as_str().unwrap().to_owned(),
    }
}

pub(crate) fn query(url: &Url, name: &str) -> String {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

pub(crate) fn error(reply: &Reply) -> String {
    reply.json().unwrap()["error"].as_str().unwrap().to_owned()
}
