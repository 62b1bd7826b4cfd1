//! Plays the scenes one after the other, measures each, and ends clean however it ends.

use std::pin::pin;
use std::time::{Duration, Instant};

use evergrant_driver::{Code, Failure};

use super::act::act;
use super::conversation::Conversation;
use super::scenes::{SCENES, Scene};
use super::stage::{MODEL, Stage};
use super::step::{Provider, Step};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// How many steps were taken.
    pub(crate) steps: usize,
    /// How many of them were not as promised.
    pub(crate) failed: usize,
    /// How long it took, from the first thing started to the last one removed.
    pub(crate) took: Duration,
}

/// Plays everything; each step is told as soon as it is over. Nothing is left behind, whether it comes to its end or
/// `stop` does first.
///
/// # Errors
/// A stage that could not be set, an interrupt, a teller that failed.
pub(crate) async fn play(
    stop: impl Future<Output = ()>,
    mut tell: impl FnMut(&Step) -> Result<(), Failure>,
) -> Result<Ended, Failure> {
    let began = Instant::now();
    let mut stop = pin!(stop);
    // Biased, so that an interrupt is caught before there is anything that it could leave behind.
    let stage = tokio::select! {
        biased;
        () = &mut stop => return Err(interrupted()),
        stage = Stage::set() => stage?,
    };
    let played = tokio::select! {
        biased;
        () = &mut stop => Err(interrupted()),
        played = play_all(&stage, &mut tell) => played,
    };
    stage.strike().await;
    let failed = played?;
    Ok(Ended {
        steps: SCENES.len(),
        failed,
        took: began.elapsed(),
    })
}

async fn play_all(stage: &Stage, tell: &mut impl FnMut(&Step) -> Result<(), Failure>) -> Result<usize, Failure> {
    let mut conversation = Conversation::new(stage.address(), MODEL);
    let mut failed = 0;
    for scene in SCENES {
        let step = play_one(*scene, stage, &mut conversation).await;
        failed += usize::from(!step.held());
        tell(&step)?;
    }
    Ok(failed)
}

async fn play_one(scene: Scene, stage: &Stage, conversation: &mut Conversation) -> Step {
    let mut step = Step {
        name: scene.name(),
        title: scene.title(),
        client: None,
        provider: Provider::default(),
        status: None,
        differs: Vec::new(),
        took: Duration::ZERO,
    };
    let began = Instant::now();
    act(scene, stage, conversation, &mut step).await;
    step.took = began.elapsed();
    step
}

fn interrupted() -> Failure {
    Failure::new(Code::Interrupted, "interrupted")
}
