//! What one renewal holds while it flies, and how it looks, locks, claims and sends.

use std::sync::{Arc, Mutex, PoisonError};

use evergrant_engine::credential::{Grant, Material};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{self, TokenAnswer};
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::renewal::{
    ANSWER_PATIENCE, Ask, CLAIM_FRESH_FOR, CONNECT_PATIENCE, Heard, Input, View, aging_since, hear,
};
use evergrant_engine::recovery::{Obstacle, Renewed};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::secret::Fingerprint;
use evergrant_engine::store::{Claim, ClaimOwner, ClaimState, Owner, Record};
use evergrant_engine::time::Moment;
use tracing::trace;
use url::Url;

use super::tools::Tools;
use crate::failpoint::{Failpoint, pass};
use crate::http::Fresh;
use crate::store::{ClaimAnswer, Held, Journal, LockName, StoreFault, Version};

/// One renewal's belongings; dropping them gives the locks back.
pub(super) struct Hands {
    pub(super) tools: Arc<Tools>,
    pub(super) row: Arc<Row>,
    pub(super) ask: Ask,
    pub(super) attempt: u128,
    pub(super) endpoint: Option<Url>,
    /// The client's lock before the grant's, and dropped after it.
    pub(super) locks: Vec<Box<dyn Held>>,
    /// What was read last; under the lock it is where the refresh token comes from.
    pub(super) view: Option<View>,
    pub(super) seen: Option<(Version, View)>,
    pub(super) connection: Option<Fresh>,
    pub(super) claimed: Option<Moment>,
    /// Shared with the thread that writes it, so that a lost thread does not take it along.
    pub(super) journal: Arc<Mutex<Option<Journal>>>,
    /// The answer, and since when its tokens age, however late they are saved: when it was received, as a rule.
    pub(super) answer: Option<(TokenAnswer, Moment)>,
}

impl Hands {
    pub(super) fn new(tools: Arc<Tools>, row: Arc<Row>, ask: Ask, attempt: u128) -> Self {
        Self {
            tools,
            row,
            ask,
            attempt,
            endpoint: None,
            locks: Vec::new(),
            view: None,
            seen: None,
            connection: None,
            claimed: None,
            journal: Arc::default(),
            answer: None,
        }
    }

    /// The store as it is, without a lock; nothing is read again while nobody has changed anything.
    pub(super) async fn look(&mut self) -> Input {
        let (id, seen) = (self.ask.fence.id.clone(), self.seen.take());
        let looked = self
            .blocking(move |tools| {
                let version = tools.store.version()?;
                match seen {
                    Some((at, view)) if at == version => Ok((at, view)),
                    _ => tools.store.view(&id).map(|view| (version, view)),
                }
            })
            .await;
        match looked {
            Ok((version, view)) => {
                pass(Failpoint::Looked);
                self.seen = Some((version, view.clone()));
                Input::Viewed(view)
            }
            Err(fault) => Input::StoreFailed(fault.into()),
        }
    }

    /// The token endpoint, from the row, the cache or discovery.
    pub(super) async fn locate(&mut self) -> Input {
        match self.tools.metadata.token_endpoint(&self.row, &self.tools.network).await {
            Ok(endpoint) => {
                let host = endpoint.host_str().unwrap_or_default().to_owned();
                self.endpoint = Some(endpoint);
                pass(Failpoint::Located);
                Input::Located(host)
            }
            Err(failure) => Input::NotLocated(failure),
        }
    }

    /// One try at the client's lock (where the row wants it) and the grant's.
    pub(super) async fn try_lock(&mut self, client: bool) -> Input {
        let mut names = Vec::with_capacity(2);
        if client && let Some(oauth) = self.row.oauth() {
            names.push(LockName::Client(oauth.client_id.clone()));
        }
        names.push(LockName::Credential(self.ask.fence.id.clone()));
        let tried = self
            .blocking(move |tools| {
                let mut locks = Vec::with_capacity(names.len());
                for name in &names {
                    match tools.store.try_lock(name, &tools.owner)? {
                        Some(held) => locks.push(held),
                        None => return Ok(Err(tools.store.holder(name)?)),
                    }
                }
                Ok(Ok(locks))
            })
            .await;
        let locks = match tried {
            Ok(Ok(locks)) => locks,
            Ok(Err(holder)) => {
                let (holder, stopped) = holder.map_or((None, false), |holder| (Some(holder.owner), holder.stopped));
                return match self.look().await {
                    Input::Viewed(view) => Input::Busy { holder, stopped, view },
                    failed => failed,
                };
            }
            Err(fault) => return Input::StoreFailed(fault.into()),
        };
        self.locks = locks;
        pass(Failpoint::Locked);
        Input::Locked
    }

    /// The store as it is under the lock; whoever takes the lock finds a journal that stood finished.
    pub(super) async fn read(&mut self) -> Input {
        let id = self.ask.fence.id.clone();
        let read = match self.seen.take() {
            Some((_, view)) if !stands(Protection::ReadUnderLock) => Ok(view),
            _ => self.blocking(move |tools| tools.store.view(&id)).await,
        };
        match read {
            Ok(view) => {
                self.view = Some(view.clone());
                pass(Failpoint::Read);
                Input::Viewed(view)
            }
            Err(fault) => Input::StoreFailed(fault.into()),
        }
    }

    /// A fresh connection; after it "not one byte was written" is a fact.
    pub(super) async fn connect(&mut self) -> Input {
        let Some(endpoint) = &self.endpoint else {
            return self.out_of_order("no endpoint");
        };
        match self
            .tools
            .network
            .connect(endpoint, &self.row.hosts, CONNECT_PATIENCE)
            .await
        {
            Ok(connection) => {
                self.connection = Some(connection);
                pass(Failpoint::Connected);
                Input::Connected
            }
            Err(broken) => Input::Broke {
                phase: broken.phase,
                detail: broken.detail,
            },
        }
    }

    /// The claim, durable, and the journal's space kept: this proves that the store can be written before a token is spent.
    pub(super) async fn claim(&mut self, fingerprint: Fingerprint) -> Input {
        let now = self.tools.clock.now();
        let claim = Claim {
            fingerprint,
            credential: self.ask.fence.id.clone(),
            generation: self
                .held_record()
                .map_or(self.ask.fence.generation, |record| record.generation),
            owner: self.claim_owner(&now),
            claimed: now.clone(),
            sent: None,
            sends: 0,
            state: ClaimState::Open,
        };
        let made = self.blocking(move |tools| tools.store.claim(&claim)).await;
        match made {
            Ok(ClaimAnswer::Made) => {
                pass(Failpoint::Claimed);
                self.hold(fingerprint, now).await
            }
            Ok(ClaimAnswer::Stands(_)) | Err(StoreFault::Changed) => Input::NotClaimed,
            Err(fault) => Input::StoreFailed(fault.into()),
        }
    }

    /// An open claim of someone who is gone.
    pub(super) async fn take_over(&mut self, fingerprint: Fingerprint, from: u128) -> Input {
        let now = self.tools.clock.now();
        let (owner, at) = (self.claim_owner(&now), now.clone());
        match self
            .blocking(move |tools| tools.store.take_over(&fingerprint, from, &owner, &at))
            .await
        {
            Ok(true) => {
                pass(Failpoint::TakenOver);
                self.hold(fingerprint, now).await
            }
            Ok(false) => Input::NotClaimed,
            Err(fault) => Input::StoreFailed(fault.into()),
        }
    }

    async fn hold(&mut self, fingerprint: Fingerprint, claimed: Moment) -> Input {
        let (id, attempt) = (self.ask.fence.id.clone(), self.attempt);
        let kept = self
            .blocking(move |tools| {
                let journal = tools.store.prepare_journal(&id);
                if journal.is_err() {
                    tools.store.release(&fingerprint, attempt)?;
                }
                journal
            })
            .await;
        match kept {
            Ok(journal) => {
                *self.journal.lock().unwrap_or_else(PoisonError::into_inner) = Some(journal);
                self.claimed = Some(claimed);
                pass(Failpoint::RoomKept);
                Input::Claimed
            }
            Err(fault) => Input::StoreFailed(fault.into()),
        }
    }

    /// The one place where a refresh token leaves this process.
    pub(super) async fn send(&mut self, fingerprint: Fingerprint) -> Input {
        let (Some(connection), Some(claimed), Some(endpoint)) =
            (self.connection.take(), self.claimed.clone(), self.endpoint.clone())
        else {
            return Input::GaveUp;
        };
        let token = self.held_grant().and_then(|grant| grant.refresh_token.as_ref());
        let Some((token, Ok(request))) = token.map(|token| (token, login::refresh(&self.row, &endpoint, token))) else {
            return Input::GaveUp;
        };
        trace!(%fingerprint, record = ?self.held_record(), "sending");
        let (attempt, now) = (self.attempt, self.tools.clock.now());
        match self
            .blocking(move |tools| tools.store.mark_sent(&fingerprint, attempt, &now))
            .await
        {
            Ok(true) => pass(Failpoint::MarkedSent),
            // Not ours any more: not one byte has left.
            Ok(false) => return self.not_ours().await,
            Err(fault) => return Input::NotMarked(fault.into()),
        }
        let clock = Arc::clone(&self.tools.clock);
        let fresh = move || clock.now().since(&claimed) < CLAIM_FRESH_FOR || !stands(Protection::ClaimAge);
        let reply = match connection.exchange(request, fresh, ANSWER_PATIENCE).await {
            Ok(reply) => {
                pass(Failpoint::AnswerRead);
                reply
            }
            Err(broken) if broken.gave_up => return Input::GaveUp,
            Err(broken) => {
                return Input::Broke {
                    phase: broken.phase,
                    detail: broken.detail,
                };
            }
        };
        match hear(&self.row, &reply, token, self.tools.clock.now().wall) {
            Heard::Granted(answer) => {
                let claim = self.view.as_ref().and_then(|view| view.claim.as_ref());
                let grace = self.row.oauth().map(|oauth| oauth.reuse_grace).unwrap_or_default();
                let since = aging_since(claim, grace, self.tools.clock.now());
                self.answer = Some((*answer, since));
                pass(Failpoint::AnswerHeard);
                Input::Granted
            }
            Heard::Refused { reading, moved } => Input::Refused { reading, moved },
        }
    }

    /// The claim was taken away: by a logout, or because it had grown too old.
    async fn not_ours(&self) -> Input {
        let id = self.ask.fence.id.clone();
        let record = self.blocking(move |tools| tools.store.record(&id)).await;
        let gone = |record: &Record| matches!(record.material, Material::Gone);
        match record {
            Ok(record) if record.as_ref().is_none_or(gone) => Input::LostToLogout,
            Ok(_) | Err(_) => Input::GaveUp,
        }
    }

    /// The endpoint may have moved: the claim is given back and the endpoint learnt anew.
    pub(super) async fn relocate(&mut self, fingerprint: Fingerprint) -> Input {
        if let Err(fault) = self.release(fingerprint).await {
            return Input::StoreFailed(fault.into());
        }
        self.tools.metadata.forget(&self.row);
        self.locate().await
    }

    /// A step without a machine to take it.
    pub(super) fn lost(&self) -> Renewed {
        let failure = Failure::new(Code::Internal, "the renewal lost its thread").with_remedy(Remedy::Report);
        Renewed::Unusable {
            generation: self.ask.fence.generation,
            obstacle: Obstacle::Store,
            failure,
        }
    }

    pub(super) async fn release(&self, fingerprint: Fingerprint) -> Result<(), StoreFault> {
        let attempt = self.attempt;
        self.blocking(move |tools| {
            tools.store.release(&fingerprint, attempt)?;
            pass(Failpoint::Released);
            Ok(())
        })
        .await
    }

    fn claim_owner(&self, now: &Moment) -> ClaimOwner {
        ClaimOwner {
            attempt: self.attempt,
            process: Owner {
                since: now.wall,
                ..self.tools.owner.clone()
            },
        }
    }

    pub(super) fn held_record(&self) -> Option<&Record> {
        self.view.as_ref()?.record.as_ref()
    }

    pub(super) fn held_grant(&self) -> Option<&Grant> {
        match &self.held_record()?.material {
            Material::Grant(grant) => Some(grant),
            Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
        }
    }

    pub(super) fn out_of_order(&self, what: &str) -> Input {
        Input::StoreFailed(
            Failure::new(
                Code::Internal,
                format!("the renewal of {} has {what}", self.ask.fence.id),
            )
            .with_remedy(Remedy::Report),
        )
    }

    pub(super) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tools) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let tools = Arc::clone(&self.tools);
        tokio::task::spawn_blocking(move || work(&tools))
            .await
            .unwrap_or_else(|stopped| {
                Err(StoreFault::Unwritable {
                    place: "the store".to_owned(),
                    detail: format!("its thread ended: {stopped}"),
                })
            })
    }
}
