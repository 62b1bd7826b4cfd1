//! Flies one renewal: does what the machine says and tells it what happened, until it has ended.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use evergrant_engine::failure::Failure;
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::renewal::{Action, Ask, Input, Renewal, Terms};
use evergrant_engine::recovery::{Obstacle, Renewed};
use evergrant_engine::verdict::Place;

use super::counting::RenewalCount;
use super::hands::Hands;
use super::recorded::Recorded;
use super::tools::Tools;
use crate::entropy::{jitter, random};
use crate::failpoint::{Failpoint, pass};

/// Runs the machine to its end. `told` reaches those who wait before the end, when a token is at hand but not saved.
pub(super) async fn perform(
    tools: &Arc<Tools>,
    ask: Ask,
    row: Arc<Row>,
    told: &(dyn Fn(Renewed) + Send + Sync),
) -> Renewed {
    let attempt = match random::<16>() {
        Ok(bytes) => u128::from_le_bytes(bytes),
        Err(fault) => return unbegun(&ask, fault.into()),
    };
    let mut count = RenewalCount::begin(&tools.measures, &row.id);
    let mut hands = Hands::new(Arc::clone(tools), Arc::clone(&row), ask.clone(), attempt);
    let (mut machine, mut action) = Renewal::begin(ask, terms(&row), &tools.clock.now());
    loop {
        let input = match action {
            Action::Look => hands.look().await,
            Action::Locate => hands.locate().await,
            Action::TryLock { client } => hands.try_lock(client).await,
            Action::Pause(pause) => pause_for(pause).await,
            Action::Read => hands.read().await,
            Action::Connect => hands.connect().await,
            Action::Claim(fingerprint) => hands.claim(fingerprint).await,
            Action::TakeOver(fingerprint, from) => hands.take_over(fingerprint, from).await,
            Action::Send(fingerprint) => hands.send(fingerprint).await,
            Action::Commit { from, spent, standing } => hands.commit(from, spent, *standing).await,
            Action::PublishUnsaved(pause) => {
                told(hands.publish_unsaved());
                pause_for(pause).await
            }
            Action::Relocate(fingerprint) => hands.relocate(fingerprint).await,
            Action::Finish(ending) => {
                let renewed = hands.finish(*ending).await;
                pass(Failpoint::Unlocked);
                count.ended(&renewed);
                return renewed;
            }
        };
        count.saw(&input);
        let Some(waiting) = machine else { return hands.lost() };
        let (now, entropy) = (tools.clock.now(), jitter());
        let before = tools.recorder.as_ref().map(|_| (waiting.clone(), input.clone()));
        (machine, action) = waiting.handle(input, &now, entropy);
        if let (Some(recorder), Some((machine, input))) = (&tools.recorder, before) {
            let step = Recorded {
                machine,
                input,
                now,
                entropy,
                action: action.clone(),
            };
            recorder.lock().unwrap_or_else(PoisonError::into_inner).push(step);
        }
    }
}

fn unbegun(ask: &Ask, failure: Failure) -> Renewed {
    Renewed::Unusable {
        generation: ask.fence.generation,
        obstacle: Obstacle::Later { after: None },
        failure,
    }
}

async fn pause_for(pause: Duration) -> Input {
    tokio::time::sleep(pause).await;
    Input::Waited
}

fn terms(row: &Row) -> Terms {
    let oauth = row.oauth();
    Terms {
        issuer: oauth.and_then(|oauth| oauth.issuer.as_ref()).map(ToString::to_string),
        client_id: oauth.map(|oauth| oauth.client_id.clone()).unwrap_or_default(),
        reuse_grace: oauth.map(|oauth| oauth.reuse_grace).unwrap_or_default(),
        serialize_client: oauth.is_some_and(|oauth| oauth.serialize_client),
        place: Arc::new(Place::of(row)),
    }
}
