//! Borrowed tokens are read again when their file changes, and when they are refused or used up; nothing else renews them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use evergrant_engine::credential::{Borrowed, Fence, LoginOrigin, Material, ProviderId};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::identity_of;
use evergrant_engine::pool::Lease;
use evergrant_engine::recovery::{Obstacle, Renewed};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::{Record, is_another};
use tracing::debug;

use super::document::{Signature, read};
use super::found::FoundGrant;
use super::matching::expiry;
use super::tool::Tool;
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::store::{Store, StoreFault};

/// Reads borrowed tokens again.
pub(crate) struct Borrowing {
    store: Arc<dyn Store>,
    ledger: Arc<Ledger>,
    clock: Arc<dyn Clock>,
    /// The files as they were when they were last read.
    seen: Mutex<HashMap<PathBuf, Signature>>,
}

/// What the owner's file holds in the place of a borrowed token.
enum Found {
    /// Another token.
    Another(Material),
    /// The same one, or none, or somebody else's.
    NothingNew,
    /// It cannot be read; it may be in the middle of being written.
    Unreadable,
}

impl Borrowing {
    pub(crate) fn new(store: Arc<dyn Store>, ledger: Arc<Ledger>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            ledger,
            clock,
            seen: Mutex::default(),
        }
    }

    /// Whether a token of this provider is borrowed: then its file has to be looked at.
    pub(crate) fn is_any_of(&self, provider: &ProviderId) -> bool {
        let is_borrowed = |record: &Record| matches!(record.material, Material::Borrowed(_));
        let picture = self.ledger.picture();
        picture
            .records()
            .any(|record| record.provider == *provider && is_borrowed(record))
    }

    /// Reads every file that has changed since it was last read; blocks, but not if nothing is borrowed.
    pub(crate) fn look(&self) -> Result<(), StoreFault> {
        let picture = self.ledger.picture();
        let mut changed: HashMap<&Path, (Signature, bool)> = HashMap::new();
        for record in picture.records() {
            let Material::Borrowed(borrowed) = &record.material else {
                continue;
            };
            let path = Path::new(&borrowed.file);
            if !changed.contains_key(path) {
                // It is taken before the file is read: a change while it is read is seen the next time.
                let Some(signature) = Signature::of(path).filter(|now| self.seen().get(path) != Some(now)) else {
                    continue;
                };
                changed.insert(path, (signature, true));
            }
            let (_, readable) = self.take_up(record)?;
            if let Some((_, all_readable)) = changed.get_mut(path) {
                *all_readable &= readable;
            }
        }
        let read = changed.into_iter().filter(|(_, (_, readable))| *readable);
        self.seen()
            .extend(read.map(|(path, (signature, _))| (path.to_owned(), signature)));
        Ok(())
    }

    /// Reads the file of a borrowed token that was refused or is used up; blocks.
    pub(crate) fn reread(&self, lease: &Lease) -> Renewed {
        let picture = self.ledger.picture();
        let Some(record) = picture.record(&lease.fence.id) else {
            return unrenewed(lease, gone(lease));
        };
        if record.fence() != lease.fence && record.material.serves(&self.clock.now()) {
            return usable(record.fence());
        }
        match (self.take_up(record), &record.material) {
            (Ok((Some(fence), _)), _) => usable(fence),
            (Ok((None, _)), Material::Borrowed(borrowed)) => {
                unrenewed(lease, not_renewed(lease, &borrowed.tool, &borrowed.file))
            }
            (Ok((None, _)), Material::Grant(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone) => {
                unrenewed(lease, gone(lease))
            }
            (Err(fault), _) => unrenewed(lease, Failure::from(fault)),
        }
    }

    /// Takes up what the file holds now, if it is another token and serves; answers where it is then, and whether the
    /// file could be read.
    fn take_up(&self, record: &Record) -> Result<(Option<Fence>, bool), StoreFault> {
        let now = self.clock.now();
        let material = match find(record) {
            Found::Another(material) if material.serves(&now) => material,
            Found::Another(_) | Found::NothingNew => return Ok((None, true)),
            Found::Unreadable => return Ok((None, false)),
        };
        let Some(kept) = self.store.refill(&record.fence(), &material, now.wall)? else {
            // Someone else was faster, with the same file before them.
            self.ledger.look()?;
            let picture = self.ledger.picture();
            let newer = picture
                .record(&record.id)
                .filter(|known| known.fence() != record.fence() && known.material.serves(&now));
            return Ok((newer.map(|known| known.fence()), true));
        };
        debug!(credential = %kept.id, generation = kept.generation.0, "read a borrowed token again");
        let fence = kept.fence();
        self.ledger.publish(kept);
        Ok((Some(fence), true))
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<PathBuf, Signature>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The records as they are for whoever only reads: borrowed tokens as their files have them now.
pub(crate) fn as_their_owners_have_them(mut records: Vec<Record>) -> Vec<Record> {
    for record in &mut records {
        if let Found::Another(material) = find(record) {
            record.material = material;
        }
    }
    records
}

/// What a found grant is, borrowed from that file.
pub(super) fn borrowed(tool: Tool, file: &str, found: &FoundGrant, login: LoginOrigin) -> Material {
    Material::Borrowed(Box::new(Borrowed {
        file: file.to_owned(),
        tool: tool.as_str().to_owned(),
        entry: found.entry.clone(),
        login,
        access_token: found.access_token.clone(),
        expires_at: expiry(found),
    }))
}

fn find(record: &Record) -> Found {
    let Material::Borrowed(known) = &record.material else {
        return Found::NothingNew;
    };
    let Borrowed {
        file,
        tool,
        entry,
        login,
        access_token,
        expires_at,
    } = &**known;
    let Some(tool) = Tool::named(tool) else {
        return Found::NothingNew;
    };
    let document = match read(tool, Path::new(file)) {
        Ok(Some(document)) => document,
        Ok(None) => return Found::NothingNew,
        Err(_) => return Found::Unreadable,
    };
    let here = document.contents.grants.into_iter().find(|grant| grant.entry == *entry);
    let Some(found) = here.filter(|grant| grant.access_token != *access_token || expiry(grant) != *expires_at) else {
        return Found::NothingNew;
    };
    let id_token = found.id_token.as_ref().map(|token| token.expose().as_str());
    let identity = identity_of(found.access_token.expose(), id_token);
    let theirs = LoginOrigin {
        subject: identity.subject.or_else(|| found.subject.clone()),
        account: identity.account.or_else(|| found.account.clone()),
        ..LoginOrigin::clone(login)
    };
    if is_another(login, &theirs) {
        // The tool has logged in as somebody else since: that is another credential.
        return Found::NothingNew;
    }
    Found::Another(borrowed(tool, file, &found, theirs))
}

fn usable(fence: Fence) -> Renewed {
    Renewed::Usable {
        fence,
        minted: false,
        saved: true,
    }
}

fn unrenewed(lease: &Lease, failure: Failure) -> Renewed {
    Renewed::Unusable {
        generation: lease.fence.generation,
        obstacle: Obstacle::NotRenewable,
        failure,
    }
}

/// Nothing newer can be had from the owner.
pub(super) fn not_renewed(lease: &Lease, tool: &str, file: &str) -> Failure {
    let message = format!(
        "the token `{}` at {} is owned by {tool}, which has put no newer one into {file}",
        lease.label, lease.provider
    );
    Failure::new(Code::NeedsLogin, message).with_remedy(Remedy::RenewElsewhere { tool: tool.to_owned() })
}

fn gone(lease: &Lease) -> Failure {
    let message = format!("`{}` at {} is not borrowed any more", lease.label, lease.provider);
    Failure::new(Code::NoCredential, message).with_remedy(Remedy::Run {
        command: "evergrant list".to_owned(),
        why: "see what is here".to_owned(),
    })
}
