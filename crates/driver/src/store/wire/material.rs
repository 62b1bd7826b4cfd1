//! Secret material, written down before it is sealed.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use evergrant_engine::credential::{Authority, Borrowed, Grant, LoginOrigin, Material};
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

/// The material of those bytes; its authority is shared with what was read before it, if it is the same.
pub(in crate::store) fn read_material(bytes: &[u8], before: &mut ReadBefore) -> Result<Material, Unreadable> {
    serde_json::from_slice::<MaterialWire<'_>>(bytes)
        .ok()
        .and_then(|wire| wire.read(before).ok())
        .ok_or(Unreadable("material"))
}

/// The authority that was read last, and its issuer as it was written: most logins at a provider have the same.
#[derive(Default)]
pub(in crate::store) struct ReadBefore(Option<(Option<String>, Arc<Authority>)>);

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
        #[serde(borrow)]
        login: Box<LoginWire<'a>>,
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
    #[serde(borrow)]
    login: LoginWire<'a>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct LoginWire<'a> {
    #[serde(borrow)]
    issuer: Option<Cow<'a, str>>,
    #[serde(borrow)]
    client_id: Cow<'a, str>,
    #[serde(borrow)]
    token_host: Cow<'a, str>,
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
            Material::Borrowed(borrowed) => Self::Borrowed {
                file: (&borrowed.file).into(),
                tool: (&borrowed.tool).into(),
                entry: (&borrowed.entry).into(),
                login: Box::new(LoginWire::from(&borrowed.login)),
                access_token: borrowed.access_token.expose().into(),
                expires_at: borrowed.expires_at.map(Timestamp::as_millis),
            },
            Material::Gone => Self::Gone,
        }
    }
}

impl MaterialWire<'_> {
    fn read(self, before: &mut ReadBefore) -> Result<Material, Unreadable> {
        Ok(match self {
            Self::Grant(grant) => Material::Grant(Box::new(grant.read(before)?)),
            Self::ApiKey { key } => Material::ApiKey(secret(key)),
            Self::EnvKey { variable } => Material::EnvKey(variable.into_owned()),
            Self::Borrowed {
                file,
                tool,
                entry,
                login,
                access_token,
                expires_at,
            } => Material::Borrowed(Box::new(Borrowed {
                file: file.into_owned(),
                tool: tool.into_owned(),
                entry: entry.into_owned(),
                login: login.read(before)?,
                access_token: secret(access_token),
                expires_at: expires_at.map(Timestamp::from_millis),
            })),
            Self::Gone => Material::Gone,
        })
    }
}

impl TryFrom<MaterialWire<'_>> for Material {
    type Error = Unreadable;

    fn try_from(wire: MaterialWire<'_>) -> Result<Self, Unreadable> {
        wire.read(&mut ReadBefore::default())
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

impl<'a> From<&'a LoginOrigin> for LoginWire<'a> {
    fn from(login: &'a LoginOrigin) -> Self {
        let authority = &login.authority;
        Self {
            issuer: authority.issuer.as_ref().map(|issuer| issuer.as_str().into()),
            client_id: (&authority.client_id).into(),
            token_host: (&authority.token_host).into(),
            subject: login.subject.clone(),
            account: login.account.clone(),
            at: login.at.as_millis(),
        }
    }
}

impl LoginWire<'_> {
    fn read(self, before: &mut ReadBefore) -> Result<LoginOrigin, Unreadable> {
        Ok(LoginOrigin {
            authority: before.shared(&self)?,
            subject: self.subject,
            account: self.account,
            at: Timestamp::from_millis(self.at),
        })
    }
}

impl ReadBefore {
    fn shared(&mut self, login: &LoginWire<'_>) -> Result<Arc<Authority>, Unreadable> {
        let issuer = login.issuer.as_deref();
        if let Some((written, known)) = &self.0
            && written.as_deref() == issuer
            && known.client_id == login.client_id
            && known.token_host == login.token_host
        {
            return Ok(Arc::clone(known));
        }
        let parsed = issuer.map(Url::parse).transpose();
        let authority = Arc::new(Authority {
            issuer: parsed.map_err(|_| Unreadable("issuer"))?,
            client_id: login.client_id.to_string(),
            token_host: login.token_host.to_string(),
        });
        self.0 = Some((issuer.map(str::to_owned), Arc::clone(&authority)));
        Ok(authority)
    }
}

impl GrantWire<'_> {
    fn read(self, before: &mut ReadBefore) -> Result<Grant, Unreadable> {
        Ok(Grant {
            access_token: secret(self.access_token),
            refresh_token: self.refresh_token.map(secret),
            id_token: self.id_token.map(secret),
            token_type: self.token_type,
            scope: self.scope,
            obtained: self.obtained.into(),
            lifetime: self.lifetime_millis.map(Duration::from_millis),
            login: self.login.read(before)?,
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
        Material::Borrowed(borrowed) => borrowed.access_token.expose().len(),
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
                authority: Arc::new(Authority {
                    issuer: Some(Url::parse("https://auth.example").unwrap()),
                    client_id: "client".to_owned(),
                    token_host: "auth.example".to_owned(),
                }),
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
            Material::Borrowed(Box::new(Borrowed {
                file: "/f".to_owned(),
                tool: "tool".to_owned(),
                entry: "one".to_owned(),
                login: grant().login,
                access_token: Secret::from("t"),
                expires_at: Some(Timestamp::from_secs(1)),
            })),
            Material::Gone,
        ];
        for material in all {
            let bytes = write_material(&material).unwrap();
            assert!(bytes.len() < room_for(&material));
            assert_eq!(read_material(&bytes, &mut ReadBefore::default()).unwrap(), material);
        }
    }

    #[test]
    fn an_authority_is_shared_with_the_login_read_before_if_it_is_the_same() {
        let of = |change: fn(&mut Authority)| {
            let mut login = grant().login;
            change(Arc::make_mut(&mut login.authority));
            Grant { login, ..grant() }
        };
        let mut before = ReadBefore::default();
        let mut read = |grant: Grant| {
            let bytes = write_material(&Material::Grant(Box::new(grant.clone()))).unwrap();
            let Material::Grant(read) = read_material(&bytes, &mut before).unwrap() else {
                panic!("a grant was written")
            };
            assert_eq!(*read, grant);
            read.login.authority
        };
        let first = read(grant());
        assert!(Arc::ptr_eq(&first, &read(grant())));
        read(of(|authority| authority.issuer = None));
        read(of(|authority| authority.client_id = "another".to_owned()));
        read(of(|authority| authority.token_host = "elsewhere.example".to_owned()));
        assert!(!Arc::ptr_eq(&first, &read(grant())), "only the last one is known");
    }

    #[test]
    fn damage_is_an_error_that_shows_nothing() {
        for bytes in [&b""[..], b"{}", b"[]", b"{\"grant\":{}}", b"\"new\"", b"\xff"] {
            assert_eq!(
                read_material(bytes, &mut ReadBefore::default()),
                Err(Unreadable("material"))
            );
        }
    }
}
