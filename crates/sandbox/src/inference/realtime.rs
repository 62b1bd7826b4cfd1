//! `/v1/realtime`: a WebSocket that greets and then echoes (RFC 6455).

use std::sync::Arc;

use axum::extract::FromRequestParts as _;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::IntoResponse as _;
use http::request::Parts;
use serde_json::json;

use super::gate;
use crate::counters::Counters;
use crate::received::Received;
use crate::reply::Answer;
use crate::world::World;

/// Upgrades a request whose credential is good.
pub(crate) async fn upgrade(world: &Arc<World>, received: &Received, mut parts: Parts) -> Answer {
    {
        let mut counters = world.counters();
        counters.inference_requests += 1;
        Counters::count(&mut counters.inference_by_path, &received.path);
    }
    if let Err(answer) = gate::pass(world, received, false).await {
        world.counters().inference_refused += 1;
        return *answer;
    }
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return Ok(rejection.into_response()),
    };
    {
        let mut counters = world.counters();
        counters.upgrades += 1;
        counters.inference_accepted += 1;
    }
    Ok(upgrade.on_upgrade(echo))
}

async fn echo(mut socket: WebSocket) {
    let greeting = json!({"type": "session.created", "event_id": "event_1"}).to_string();
    if socket.send(Message::Text(greeting.into())).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = socket.recv().await {
        let answered = match message {
            Message::Text(_) | Message::Binary(_) => socket.send(message).await,
            Message::Ping(_) | Message::Pong(_) => Ok(()),
            Message::Close(_) => {
                // Reading on sends the answer to it and waits for the other side to end.
                let _ = socket.recv().await;
                return;
            }
        };
        if answered.is_err() {
            return;
        }
    }
}
