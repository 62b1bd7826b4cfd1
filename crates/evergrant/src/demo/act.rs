//! What is broken in each scene, and what has to be seen of it: at the client, at the provider, in the status.

use std::error::Error;

use evergrant_sandbox::{Control, Counters, Order, Wording};

use super::conversation::{Conversation, Turn, asked_directly};
use super::scenes::Scene;
use super::stage::{MODEL, PROVIDER, Stage};
use super::step::{Provider, Status, Step};

/// Plays a scene and notes in the step what was seen, and what was not as promised.
pub(super) async fn act(scene: Scene, stage: &Stage, conversation: &mut Conversation, step: &mut Step) {
    let control = stage.control();
    let mut actor = Actor {
        stage,
        conversation,
        before: control.counters(),
        control,
        step,
    };
    let played = actor.play(scene).await;
    actor.look();
    if let Err(trouble) = played {
        step.fail(trouble);
    }
}

struct Actor<'a> {
    stage: &'a Stage,
    conversation: &'a mut Conversation,
    control: Control,
    /// What the provider had counted when the scene began.
    before: Counters,
    step: &'a mut Step,
}

type Played = Result<(), Box<dyn Error>>;

impl Actor<'_> {
    async fn play(&mut self, scene: Scene) -> Played {
        match scene {
            Scene::Login | Scene::NewLogin => self.log_in().await,
            Scene::FirstTurn => self.plain_turn("Hello, who is there?", false).await,
            Scene::StreamedTurn => self.plain_turn("Then tell me a long story.", true).await,
            Scene::StaleToken => self.stale(Wording::Wke, "What was the name of the ship?", false).await,
            Scene::StaleTokenStreamed => self.stale(Wording::Code, "And who was its captain?", true).await,
            Scene::StaleInsideStream => self.stale(Wording::StreamNested, "Did they come home?", true).await,
            Scene::Entitlement => self.entitlement().await,
            Scene::PlanBought => {
                self.stage.reset().await?;
                self.plain_turn("Where were we?", false).await?;
                self.ready().await
            }
            Scene::FreshTokenRefused => self.fresh_token().await,
            Scene::DeadGrant => self.dead_grant().await,
            Scene::Quarantine => self.quarantine().await,
            Scene::GoesOn => {
                let before = self.conversation.length();
                self.plain_turn("Now, how did it end?", true).await?;
                self.step
                    .expect("the conversation's length", self.conversation.length(), before + 2);
                self.ready().await
            }
        }
    }

    async fn log_in(&mut self) -> Played {
        let account = self.stage.log_in().await?;
        self.provider(1, 0);
        self.step.expect("the provider", account.provider.as_str(), PROVIDER);
        self.ready().await
    }

    async fn plain_turn(&mut self, text: &str, streamed: bool) -> Played {
        let turn = self.turn(text, streamed).await?;
        self.answered(&turn, text, &[]);
        self.provider(0, 0);
        self.inference(1, 1);
        Ok(())
    }

    /// The token dies between two turns, and the client never notices.
    async fn stale(&mut self, wording: Wording, text: &str, streamed: bool) -> Played {
        let died = self.control.expire(wording);
        self.step.expect("tokens that died", died > 0, true);
        let turn = self.turn(text, streamed).await?;
        self.answered(&turn, text, &["refresh"]);
        self.provider(0, 1);
        self.ready().await
    }

    async fn entitlement(&mut self) -> Played {
        self.control.arm(Order::new("entitlement").times(2))?;
        let key = self.control.config().api_keys.into_iter().next().unwrap_or_default();
        let said = asked_directly(&self.stage.base_url(), &key, MODEL).await?;
        self.before = self.control.counters();
        let turn = self.turn("Draw me the harbour.", false).await?;
        self.step
            .expect("the client's status", turn.client.status, said.status.as_u16());
        self.step
            .expect("the client's body", turn.refusal.as_str(), &said.text());
        self.provider(0, 0);
        self.inference(1, 0);
        let status = self.status().await?;
        self.step.expect("the health", status.health, "not-entitled");
        self.step.expect("the verdict", status.verdict, Some("not-entitled"));
        let remedy = status.remedy.as_ref().map(|remedy| remedy.kind());
        self.step.expect("the remedy", remedy, Some("change-plan"));
        Ok(())
    }

    async fn fresh_token(&mut self) -> Played {
        self.control.arm(Order::new("fresh-token-refused").times(1))?;
        self.stage.refresh().await?;
        self.before = self.control.counters();
        let text = "What did the captain say?";
        let turn = self.turn(text, false).await?;
        self.answered(&turn, text, &["wait"]);
        self.provider(0, 0);
        self.inference(2, 1);
        self.ready().await
    }

    async fn dead_grant(&mut self) -> Played {
        self.control.revoke_logins(None);
        let turn = self.turn("And the crew?", false).await?;
        let said = asked_directly(&self.stage.base_url(), "nobody-issued-this", MODEL).await?;
        self.step
            .expect("the client's status", turn.client.status, said.status.as_u16());
        self.step
            .expect("the client's body", turn.refusal.as_str(), &said.text());
        self.provider(0, 1);
        self.quarantined().await
    }

    async fn quarantine(&mut self) -> Played {
        let turn = self.turn("And the crew?", false).await?;
        self.step.expect("the client's status", turn.client.status, 401);
        let names_remedy = turn.refusal.contains(&login_command());
        self.step.expect("the remedy in the answer", names_remedy, true);
        self.provider(0, 0);
        self.inference(0, 0);
        self.quarantined().await
    }

    async fn quarantined(&mut self) -> Played {
        let status = self.status().await?;
        self.step.expect("the health", status.health, "quarantined");
        let command = status.remedy.as_ref().and_then(|remedy| remedy.command());
        let promised = command
            .as_deref()
            .is_some_and(|command| command.starts_with(&login_command()));
        self.step.expect("a login as the remedy", promised, true);
        Ok(())
    }

    async fn turn(&mut self, text: &str, streamed: bool) -> Result<Turn, Box<dyn Error>> {
        let turn = self.conversation.say(text, streamed).await?;
        self.step.client = Some(turn.client.clone());
        Ok(turn)
    }

    /// The client got its answer, by these repairs.
    fn answered(&mut self, turn: &Turn, text: &str, repairs: &[&str]) {
        self.step.expect("the client's status", turn.client.status, 200);
        self.step
            .expect("the client's answer", turn.text.as_str(), &format!("You said: {text}"));
        let repaired: Vec<&str> = turn.client.repaired.iter().map(String::as_str).collect();
        self.step.expect("what repaired it", repaired.as_slice(), repairs);
    }

    /// The provider saw so many logins and refreshes.
    fn provider(&mut self, logins: u64, refreshes: u64) {
        self.look();
        let seen = self.step.provider;
        self.step.expect("the number of logins", seen.logins, logins);
        self.step.expect("the number of refreshes", seen.refreshes, refreshes);
    }

    /// It saw so many inference requests and accepted so many of them.
    fn inference(&mut self, requests: u64, accepted: u64) {
        self.look();
        let seen = self.step.provider;
        self.step.expect("the number of requests", seen.requests, requests);
        self.step.expect("the number of good answers", seen.accepted, accepted);
    }

    fn look(&mut self) {
        self.step.provider = Provider::between(&self.before, &self.control.counters());
    }

    async fn ready(&mut self) -> Played {
        let status = self.status().await?;
        self.step.expect("the health", status.health, READY);
        Ok(())
    }

    async fn status(&mut self) -> Result<Status, Box<dyn Error>> {
        let status = Status::from(&self.stage.status().await?);
        self.step.status = Some(status.clone());
        Ok(status)
    }
}

fn login_command() -> String {
    format!("evergrant login {PROVIDER}")
}

/// The health of a credential that nothing is wrong with.
const READY: &str = "ready";
