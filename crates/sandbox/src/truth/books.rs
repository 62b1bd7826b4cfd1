//! The books: every code, refresh token and access token that was issued, and what became of it.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::devices::Devices;
use super::grants::{Access, Consent, Family, FamilyState, GrantState, Issued, Lifetimes, Refusal};
use super::jwt;
use super::mint::{Mint, fingerprint};

/// All grants of one sandbox.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) mint: Mint,
    pub(crate) devices: Devices,
    key: String,
    families: Vec<Family>,
    codes: HashMap<String, Code>,
    refresh_tokens: HashMap<String, RefreshToken>,
    access_tokens: HashMap<String, AccessToken>,
}

#[derive(Debug)]
struct Code {
    consent: Consent,
    redirect_uri: String,
    challenge: String,
    expires_at_ms: u64,
    spent_for: Option<usize>,
}

#[derive(Debug)]
struct RefreshToken {
    family: usize,
    spent: Option<(u64, Issued)>,
}

#[derive(Debug)]
struct AccessToken {
    family: usize,
    issued_at_ms: u64,
    expires_at_ms: u64,
    stale: bool,
    used: bool,
}

impl Books {
    /// Empty books.
    pub(crate) fn new(mut mint: Mint) -> Self {
        let key = mint.secret("signing-key");
        Self {
            mint,
            devices: Devices::default(),
            key,
            families: Vec::new(),
            codes: HashMap::new(),
            refresh_tokens: HashMap::new(),
            access_tokens: HashMap::new(),
        }
    }

    /// Forgets every code, device and grant, as a provider that lost its database.
    pub(crate) fn forget(&mut self) {
        self.devices = Devices::default();
        self.families.clear();
        self.codes.clear();
        self.refresh_tokens.clear();
        self.access_tokens.clear();
    }

    /// Issues an authorization code bound to redirect URI and challenge.
    pub(crate) fn issue_code(
        &mut self,
        consent: Consent,
        redirect_uri: &str,
        challenge: &str,
        expires_at_ms: u64,
    ) -> String {
        let code = self.mint.secret("code");
        self.codes.insert(
            code.clone(),
            Code {
                consent,
                redirect_uri: redirect_uri.to_owned(),
                challenge: challenge.to_owned(),
                expires_at_ms,
                spent_for: None,
            },
        );
        code
    }

    /// The challenge a code was issued under, if the code is known.
    pub(crate) fn challenge_of(&self, code: &str) -> Option<&str> {
        self.codes.get(code).map(|code| code.challenge.as_str())
    }

    /// Exchanges a code; the checks come in the order of `oidc-provider`.
    pub(crate) fn exchange_code(
        &mut self,
        code: &str,
        client_id: &str,
        redirect_uri: &str,
        verifier: &str,
        lifetimes: &Lifetimes,
        now_ms: u64,
    ) -> Result<Issued, Refusal> {
        let entry = self.codes.get_mut(code).ok_or(Refusal::Unknown)?;
        if entry.expires_at_ms <= now_ms {
            return Err(Refusal::Expired);
        }
        if challenge_for(verifier) != entry.challenge {
            return Err(Refusal::Verifier);
        }
        if entry.consent.client_id != client_id {
            return Err(Refusal::OtherClient);
        }
        if entry.redirect_uri != redirect_uri {
            return Err(Refusal::RedirectUri);
        }
        if let Some(family) = entry.spent_for {
            self.revoke_family(family, "code reused");
            return Err(Refusal::Reused);
        }
        entry.spent_for = Some(self.families.len());
        let consent = entry.consent.clone();
        Ok(self.open_family(consent, lifetimes, now_ms))
    }

    /// Starts a family for a consent and issues its first tokens.
    pub(crate) fn open_family(&mut self, consent: Consent, lifetimes: &Lifetimes, now_ms: u64) -> Issued {
        let family = self.families.len();
        let id = self.mint.id("grant");
        let offline = consent.scope.split(' ').any(|word| word == "offline_access");
        self.families.push(Family {
            id,
            consent,
            revoked: None,
            rotations: 0,
        });
        let refresh_token = offline.then(|| self.issue_refresh(family));
        self.issue(family, refresh_token, lifetimes, now_ms)
    }

    /// Starts the family of a device login that was approved.
    pub(crate) fn open_device_family(
        &mut self,
        device_code: &str,
        consent: Consent,
        lifetimes: &Lifetimes,
        now_ms: u64,
    ) -> Issued {
        self.devices.opened(device_code, self.families.len());
        self.open_family(consent, lifetimes, now_ms)
    }

    /// A device code that comes again ends the login it gave, as an authorization code does.
    pub(crate) fn device_code_reused(&mut self, device_code: &str) {
        if let Some(family) = self.devices.family_of(device_code) {
            self.revoke_family(family, "device code reused");
        }
    }

    /// Spends a refresh token: new tokens, the same pair again within the grace, or a revoked family.
    pub(crate) fn refresh(
        &mut self,
        token: &str,
        client_id: &str,
        scope: Option<&str>,
        lifetimes: &Lifetimes,
        now_ms: u64,
    ) -> Result<Issued, Refusal> {
        let entry = self.refresh_tokens.get(token).ok_or(Refusal::Unknown)?;
        let index = entry.family;
        let family = &self.families[index];
        if family.revoked.is_some() {
            return Err(Refusal::Revoked);
        }
        if family.consent.client_id != client_id {
            return Err(Refusal::OtherClient);
        }
        if let Some(scope) = scope {
            let granted: Vec<&str> = family.consent.scope.split(' ').collect();
            if scope.split(' ').any(|word| !granted.contains(&word)) {
                return Err(Refusal::Scope);
            }
        }
        if let Some((spent_at_ms, pair)) = &entry.spent {
            let within = now_ms.saturating_sub(*spent_at_ms) < lifetimes.grace_secs * 1000;
            if within {
                return Ok(pair.clone());
            }
            self.revoke_family(index, "refresh token reused");
            return Err(Refusal::Reused);
        }
        if !lifetimes.rotate {
            return Ok(self.issue(index, Some(token.to_owned()), lifetimes, now_ms));
        }
        let next = self.issue_refresh(index);
        let issued = self.issue(index, Some(next), lifetimes, now_ms);
        self.families[index].rotations += 1;
        if let Some(entry) = self.refresh_tokens.get_mut(token) {
            entry.spent = Some((now_ms, issued.clone()));
        }
        Ok(issued)
    }

    /// Whether a refresh token was spent before, grace or not.
    pub(crate) fn is_spent(&self, token: &str) -> bool {
        self.refresh_tokens
            .get(token)
            .is_some_and(|entry| entry.spent.is_some())
    }

    /// Looks an access token up; `mark` remembers that it was accepted.
    pub(crate) fn access(&mut self, token: &str, now_ms: u64, mark: bool) -> Access {
        let Some(entry) = self.access_tokens.get_mut(token) else {
            return Access::Unknown;
        };
        let family = &self.families[entry.family];
        if family.revoked.is_some() || entry.stale || entry.expires_at_ms <= now_ms {
            return Access::Over;
        }
        let first_use = !entry.used;
        entry.used |= mark;
        Access::Good {
            subject: family.consent.subject.clone(),
            first_use,
            age_ms: now_ms.saturating_sub(entry.issued_at_ms),
        }
    }

    /// Whose login an access token, refresh token or code comes from, good or not.
    pub(crate) fn subject_of(&self, secret: &str) -> Option<String> {
        let family = self
            .access_tokens
            .get(secret)
            .map(|entry| entry.family)
            .or_else(|| self.refresh_tokens.get(secret).map(|entry| entry.family));
        match family {
            Some(family) => Some(self.families[family].consent.subject.clone()),
            None => self.codes.get(secret).map(|code| code.consent.subject.clone()),
        }
    }

    /// Makes every access token issued so far stale; says how many were live.
    pub(crate) fn expire_access_tokens(&mut self) -> u64 {
        let mut count = 0;
        for token in self.access_tokens.values_mut() {
            count += u64::from(!token.stale);
            token.stale = true;
        }
        count
    }

    /// Revokes a token (RFC 7009), whichever of the two it is, and with `ends_login` the login it comes from; as
    /// `oidc-provider` does, an unknown token or another public client's is left alone in silence.
    pub(crate) fn revoke(&mut self, token: &str, client_id: &str, ends_login: bool) {
        let refresh = self.refresh_tokens.get(token).map(|entry| entry.family);
        let access = self.access_tokens.get(token).map(|entry| entry.family);
        let Some(family) = refresh.or(access) else { return };
        if self.families[family].consent.client_id != client_id {
            return;
        }
        if ends_login {
            self.revoke_family(family, "revoked by its client");
        } else if self.refresh_tokens.remove(token).is_some() {
            self.access_tokens.retain(|_, entry| entry.family != family);
        } else {
            self.access_tokens.remove(token);
        }
    }

    /// Revokes every login of a subject (or of all), as a person does on the provider's page.
    pub(crate) fn revoke_subject(&mut self, subject: Option<&str>) -> u64 {
        let matching: Vec<usize> = self
            .families
            .iter()
            .enumerate()
            .filter(|(_, family)| family.revoked.is_none())
            .filter(|(_, family)| subject.is_none_or(|wanted| family.consent.subject == wanted))
            .map(|(index, _)| index)
            .collect();
        for index in &matching {
            self.revoke_family(*index, "revoked by its owner");
        }
        matching.len() as u64
    }

    /// How many families were revoked since the books were opened.
    pub(crate) fn families_revoked(&self) -> u64 {
        self.families.iter().filter(|family| family.revoked.is_some()).count() as u64
    }

    /// The state of every login.
    pub(crate) fn state(&self, now_ms: u64) -> GrantState {
        let families: Vec<FamilyState> = self
            .families
            .iter()
            .enumerate()
            .map(|(index, family)| self.family_state(index, family, now_ms))
            .collect();
        GrantState {
            live_access_tokens: families.iter().map(|family| family.live_access_tokens).sum(),
            live_refresh_tokens: families
                .iter()
                .filter(|family| family.alive && family.refresh_fingerprint.is_some())
                .count() as u64,
            families,
        }
    }

    fn family_state(&self, index: usize, family: &Family, now_ms: u64) -> FamilyState {
        let alive = family.revoked.is_none();
        let live = self
            .access_tokens
            .values()
            .filter(|token| token.family == index && !token.stale && token.expires_at_ms > now_ms)
            .count() as u64;
        FamilyState {
            id: family.id.clone(),
            client_id: family.consent.client_id.clone(),
            subject: family.consent.subject.clone(),
            alive,
            revoked: family.revoked.map(str::to_owned),
            rotations: family.rotations,
            refresh_fingerprint: self
                .refresh_tokens
                .iter()
                .find(|(_, token)| alive && token.family == index && token.spent.is_none())
                .map(|(token, _)| fingerprint(token)),
            live_access_tokens: if alive { live } else { 0 },
        }
    }

    fn revoke_family(&mut self, index: usize, why: &'static str) {
        let family = &mut self.families[index];
        if family.revoked.is_none() {
            family.revoked = Some(why);
        }
    }

    fn issue_refresh(&mut self, family: usize) -> String {
        let token = self.mint.secret("refresh-token");
        self.refresh_tokens
            .insert(token.clone(), RefreshToken { family, spent: None });
        token
    }

    fn issue(&mut self, family: usize, refresh_token: Option<String>, lifetimes: &Lifetimes, now_ms: u64) -> Issued {
        let consent = self.families[family].consent.clone();
        let expires_at_ms = now_ms + lifetimes.access_secs * 1000;
        let claims = json!({
            "iss": lifetimes.issuer, "sub": consent.subject, "aud": lifetimes.audience,
            "iat": now_ms / 1000, "exp": expires_at_ms / 1000, "jti": self.mint.id("at"),
            "client_id": consent.client_id, "scope": consent.scope,
            "principal_id": consent.subject, "tier": lifetimes.tier,
            "team_id": format!("team-{}", consent.subject),
        });
        let access_token = jwt::sign(&claims, &self.key);
        let openid = consent.scope.split(' ').any(|word| word == "openid");
        let id_token = openid.then(|| {
            let mut claims = json!({
                "iss": lifetimes.issuer, "sub": consent.subject, "aud": consent.client_id,
                "iat": now_ms / 1000, "exp": expires_at_ms / 1000,
                "email": format!("{}@sandbox.invalid", consent.subject),
            });
            if let Some(nonce) = &consent.nonce {
                claims["nonce"] = json!(nonce);
            }
            jwt::sign(&claims, &self.key)
        });
        self.access_tokens.insert(
            access_token.clone(),
            AccessToken {
                family,
                issued_at_ms: now_ms,
                expires_at_ms,
                stale: false,
                used: false,
            },
        );
        Issued {
            access_token,
            refresh_token,
            id_token,
            scope: consent.scope,
            expires_at_ms,
        }
    }
}

/// The S256 challenge of a verifier (RFC 7636 section 4.2).
fn challenge_for(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
}
