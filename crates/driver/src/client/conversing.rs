//! Which conversation a request belongs to: by the name it gives, by the answer it goes on from, or by how it began.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use evergrant_engine::pool::Conversation;
use http::HeaderMap;

use super::opening::Opening;
use super::skim::Skimmed;
use crate::usage::Beginning;

/// Which conversation an answer belonged to, for the requests that go on from it by its id.
#[derive(Debug, Default)]
pub(super) struct Threads(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    of: HashMap<Conversation, Conversation>,
    order: VecDeque<Conversation>,
}

impl Threads {
    /// The conversation of a request; `None` if it belongs to none.
    pub(super) fn conversation(
        &self,
        headers: &HeaderMap,
        skimmed: &Skimmed,
        pieces: &[Bytes],
    ) -> Option<Conversation> {
        if let Some(key) = &skimmed.prompt_cache_key {
            return Some(named("key", key.as_bytes()));
        }
        if let Some(session) = headers.get("x-session-id") {
            return Some(named("session", session.as_bytes()));
        }
        if let Some(answer) = &skimmed.previous_response_id {
            let answer = named("answer", answer.as_bytes());
            let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Of an answer that another process has handed on nothing is known but its id.
            return Some(remembered.of.get(&answer).copied().unwrap_or(answer));
        }
        let mut opening = Opening::default();
        let _ = pieces.iter().any(|piece| opening.feed(piece));
        opening.found().map(|begun| named("opening", &begun.to_le_bytes()))
    }

    fn remember(&self, answer: &[u8], conversation: Conversation) {
        let answer = named("answer", answer);
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.of.insert(answer, conversation).is_some() {
            return;
        }
        remembered.order.push_back(answer);
        if remembered.order.len() > THREADS
            && let Some(oldest) = remembered.order.pop_front()
        {
            remembered.of.remove(&oldest);
        }
    }
}

/// Reads the id off an answer that is handed on.
#[derive(Debug)]
pub(super) struct Thread {
    threads: Arc<Threads>,
    conversation: Conversation,
    beginning: Beginning,
}

impl Thread {
    pub(super) fn new(threads: Arc<Threads>, conversation: Conversation) -> Self {
        Self {
            threads,
            conversation,
            beginning: Beginning::default(),
        }
    }

    /// Takes note of a piece of the answer; answers whether no more of it is needed.
    pub(super) fn heard(&mut self, piece: &[u8]) -> bool {
        self.beginning.take(piece);
        if let Some(id) = self.beginning.id() {
            self.threads.remember(id, self.conversation);
            return true;
        }
        self.beginning.is_full()
    }
}

/// A name of one sort is no name of another.
fn named(sort: &str, name: &[u8]) -> Conversation {
    Conversation::of(&[sort.as_bytes(), b"\0", name].concat())
}

/// 65,536 answers: hours of a busy gateway in a few megabytes.
const THREADS: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::super::skim::Skim;
    use super::*;

    fn conversation(threads: &Threads, session: Option<&'static str>, body: &'static str) -> Option<Conversation> {
        let mut headers = HeaderMap::new();
        if let Some(session) = session {
            headers.insert("x-session-id", http::HeaderValue::from_static(session));
        }
        let mut skim = Skim::default();
        skim.feed(body.as_bytes());
        threads.conversation(&headers, &skim.found(), &[Bytes::from_static(body.as_bytes())])
    }

    #[test]
    fn the_name_a_request_gives_decides() {
        let threads = Threads::default();
        let of = |session, body| conversation(&threads, session, body).unwrap();
        let keyed = of(Some("s"), r#"{"input":"a","prompt_cache_key":"k"}"#);
        assert_eq!(keyed, of(None, r#"{"prompt_cache_key":"k","input":"other"}"#));
        let session = of(Some("s"), r#"{"input":"a","previous_response_id":"r"}"#);
        assert_eq!(session, of(Some("s"), r#"{"input":"b"}"#));
        let begun = of(None, r#"{"input":"a"}"#);
        assert!(keyed != session && session != begun && keyed != begun);
        assert_eq!(conversation(&threads, None, "{}"), None);
        assert_ne!(of(Some("k"), "{}"), of(None, r#"{"prompt_cache_key":"k"}"#));
    }

    #[test]
    fn an_answer_keeps_the_conversation_that_goes_on_from_it() {
        let threads = Arc::new(Threads::default());
        let begun = conversation(&threads, None, r#"{"input":"a"}"#).unwrap();
        let mut thread = Thread::new(Arc::clone(&threads), begun);
        let event = "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\": \"resp_1\",";
        assert!(event.as_bytes().chunks(5).any(|piece| thread.heard(piece)));
        let next = r#"{"input":"b","previous_response_id":"resp_1"}"#;
        assert_eq!(conversation(&threads, None, next), Some(begun));
        let unknown = r#"{"input":"b","previous_response_id":"resp_2"}"#;
        assert_ne!(conversation(&threads, None, unknown), Some(begun));
        let mut endless = Thread::new(Arc::clone(&threads), begun);
        assert!((0..40).any(|_| endless.heard(&[b'x'; 100])));
        for number in 0..=THREADS {
            threads.remember(number.to_string().as_bytes(), begun);
        }
        assert_ne!(
            conversation(&threads, None, next),
            Some(begun),
            "the oldest is forgotten"
        );
    }
}
