//! Secret material, written down before it is sealed.

use std::borrow::Cow;
use std::time::Duration;

use evergrant_engine::credential::{Grant, LoginOrigin, Material};
use evergrant_engine::secret::Secret;
use evergrant_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::Zeroizing;

use super::moment::MomentWire;
use super::unreadable::Unreadable;

/// The material as bytes, to be sealed; wiped when dropped.
pub(in crate::store) fn write_material(material: &Material) -> Result<Zeroizing<Vec<u8>>, Unreadable> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(room_for(material)));
    serde_json::to_writer(&mut *bytes, &MaterialWire::from(material)).map_err(|_| Unreadable("material"))?;
    Ok(bytes)
}

/// The material of those bytes.
pub(in crate::store) fn read_material(bytes: &[u8]) -> Result<Material, Unreadable> {
    serde_json::from_slice::<MaterialWire<'_>>(bytes)
        .ok()
        .and_then(|wire| Material::try_from(wire).ok())
        .ok_or(Unreadable("material"))
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum MaterialWire<'a> {
    #[serde(borrow)]
    Grant(Box<GrantWire<'a>>),
    ApiKey {
        #[serde(borrow)]
        key: Cow<'a, str>,
    },
    EnvKey {
        #[serde(borrow)]
        variable: Cow<'a, str>,
    },
    Borrowed {
        #[serde(borrow)]
        file: Cow<'a, str>,
        #[serde(borrow)]
        tool: Cow<'a, str>,
        #[serde(borrow)]
        entry: Cow<'a, str>,
        login: Box<LoginWire>,
        #[serde(borrow)]
        access_token: Cow<'a, str>,
        expires_at: Option<i64>,
    },
    Gone,
}

#[derive(Serialize, Deserialize)]
pub(super) struct GrantWire<'a> {
    #[serde(borrow)]
    access_token: Cow<'a, str>,
    #[serde(borrow)]
    refresh_token: Option<Cow<'a, str>>,
    #[serde(borrow)]
    id_token: Option<Cow<'a, str>>,
    token_type: String,
    scope: Option<String>,
    obtained: MomentWire,
    lifetime_millis: Option<u64>,
    login: LoginWire,
}

#[derive(Serialize, Deserialize)]
pub(super) struct LoginWire {
    issuer: Option<String>,
    client_id: String,
    token_host: String,
    subject: Option<String>,
    account: Option<String>,
    at: i64,
}

impl<'a> From<&'a Material> for MaterialWire<'a> {
    fn from(material: &'a Material) -> Self {
        match material {
            Material::Grant(grant) => Self::Grant(Box::new(GrantWire::from(&**grant))),
            Material::ApiKey(key) => Self::ApiKey {
                key: key.expose().into(),
            },
            Material::EnvKey(variable) => Self::EnvKey {
                variable: variable.into(),
            },
            Material::Borrowed {
                file,
                tool,
                entry,
                login,
                access_token,
                expires_at,
            } => Self::Borrowed {
                file: file.into(),
                tool: tool.into(),
                entry: entry.into(),
                login: Box::new(LoginWire::from(&**login)),
                access_token: access_token.expose().into(),
                expires_at: expires_at.map(Timestamp::as_millis),
            },
            Material::Gone => Self::Gone,
        }
    }
}

impl TryFrom<MaterialWire<'_>> for Material {
    type Error = Unreadable;

    fn try_from(wire: MaterialWire<'_>) -> Result<Self, Unreadable> {
        Ok(match wire {
            MaterialWire::Grant(grant) => Self::Grant(Box::new(Grant::try_from(*grant)?)),
            MaterialWire::ApiKey { key } => Self::ApiKey(secret(key)),
            MaterialWire::EnvKey { variable } => Self::EnvKey(variable.into_owned()),
            MaterialWire::Borrowed {
                file,
                tool,
                entry,
                login,
                access_token,
                expires_at,
            } => Self::Borrowed {
                file: file.into_owned(),
                tool: tool.into_owned(),
                entry: entry.into_owned(),
                login: Box::new(LoginOrigin::try_from(*login)?),
                access_token: secret(access_token),
                expires_at: expires_at.map(Timestamp::from_millis),
            },
            MaterialWire::Gone => Self::Gone,
        })
    }
}

impl<'a> From<&'a Grant> for GrantWire<'a> {
    fn from(grant: &'a Grant) -> Self {
        let exposed = |token: &'a Secret<String>| Cow::from(token.expose());
        Self {
            access_token: exposed(&grant.access_token),
            refresh_token: grant.refresh_token.as_ref().map(exposed),
            id_token: grant.id_token.as_ref().map(exposed),
            token_type: grant.token_type.clone(),
            scope: grant.scope.clone(),
            obtained: MomentWire::from(&grant.obtained),
            lifetime_millis: grant
                .lifetime
                .map(|lifetime| u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX)),
            login: LoginWire::from(&grant.login),
        }
    }
}

impl From<&LoginOrigin> for LoginWire {
    fn from(login: &LoginOrigin) -> Self {
        Self {
            issuer: login.issuer.as_ref().map(Url::to_string),
            client_id: login.client_id.clone(),
            token_host: login.token_host.clone(),
            subject: login.subject.clone(),
            account: login.account.clone(),
            at: login.at.as_millis(),
        }
    }
}

impl TryFrom<LoginWire> for LoginOrigin {
    type Error = Unreadable;

    fn try_from(wire: LoginWire) -> Result<Self, Unreadable> {
        let issuer = wire.issuer.as_deref().map(Url::parse).transpose();
        Ok(Self {
            issuer: issuer.map_err(|_| Unreadable("issuer"))?,
            client_id: wire.client_id,
            token_host: wire.token_host,
            subject: wire.subject,
            account: wire.account,
            at: Timestamp::from_millis(wire.at),
        })
    }
}

impl TryFrom<GrantWire<'_>> for Grant {
    type Error = Unreadable;

    fn try_from(wire: GrantWire<'_>) -> Result<Self, Unreadable> {
        Ok(Self {
            access_token: secret(wire.access_token),
            refresh_token: wire.refresh_token.map(secret),
            id_token: wire.id_token.map(secret),
            token_type: wire.token_type,
            scope: wire.scope,
            obtained: wire.obtained.into(),
            lifetime: wire.lifetime_millis.map(Duration::from_millis),
            login: wire.login.try_into()?,
        })
    }
}

/// The text moves into the secret; a borrowed one lies in a buffer that is wiped itself.
fn secret(text: Cow<'_, str>) -> Secret<String> {
    Secret::new(text.into_owned())
}

/// Room for the whole, so that a growing buffer leaves no copies of secrets behind.
pub(super) fn room_for(material: &Material) -> usize {
    let secrets = match material {
        Material::Grant(grant) => [
            Some(&grant.access_token),
            grant.refresh_token.as_ref(),
            grant.id_token.as_ref(),
        ]
        .into_iter()
        .flatten()
        .map(|token| token.expose().len())
        .sum(),
        Material::ApiKey(key) => key.expose().len(),
        Material::Borrowed { access_token, .. } => access_token.expose().len(),
        Material::EnvKey(_) | Material::Gone => 0,
    };
    // Escapes may double it; names, scope, origin and standing take the rest.
    secrets * 2 + 8 * 1_024
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            access_token: Secret::from("access \"quoted\" é \u{1}"),
            refresh_token: Some(Secret::from("refresh")),
            id_token: None,
            token_type: "Bearer".to_owned(),
            scope: Some("openid".to_owned()),
            obtained: evergrant_engine::time::Moment::default(),
            lifetime: Some(Duration::from_millis(21_600_001)),
            login: LoginOrigin {
                issuer: Some(Url::parse("https://auth.example").unwrap()),
                client_id: "client".to_owned(),
                token_host: "auth.example".to_owned(),
                subject: Some("subject".to_owned()),
                account: None,
                at: Timestamp::from_millis(-5),
            },
        }
    }

    #[test]
    fn every_material_survives() {
        let all = [
            Material::Grant(Box::new(grant())),
            Material::Grant(Box::new(Grant {
                refresh_token: None,
                lifetime: None,
                scope: None,
                ..grant()
            })),
            Material::ApiKey(Secret::from("key\\")),
            Material::EnvKey("KEY".to_owned()),
            Material::Borrowed {
                file: "/f".to_owned(),
                tool: "tool".to_owned(),
                entry: "one".to_owned(),
                login: Box::new(grant().login),
                access_token: Secret::from("t"),
                expires_at: Some(Timestamp::from_secs(1)),
            },
            Material::Gone,
        ];
        for material in all {
            let bytes = write_material(&material).unwrap();
            assert!(bytes.len() < room_for(&material));
            assert_eq!(read_material(&bytes).unwrap(), material);
        }
    }

    #[test]
    fn damage_is_an_error_that_shows_nothing() {
        for bytes in [&b""[..], b"{}", b"[]", b"{\"grant\":{}}", b"\"new\"", b"\xff"] {
            assert_eq!(read_material(bytes), Err(Unreadable("material")));
        }
    }
}
