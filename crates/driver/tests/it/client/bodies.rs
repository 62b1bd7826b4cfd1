//! Request bodies: kept for replay within limits, streamed through beyond them, and never blamed on the provider.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use evergrant_driver::client::{Body, Call};
use evergrant_driver::{Code, Driver};
use evergrant_sandbox::{Config, Wording};
use http_body::Frame;

use super::asking::{ask, chat, good};
use crate::renewal::scene::Scene;

/// A body in pieces of one size, of which the last may be an error.
struct Pieces {
    begin: Option<&'static [u8]>,
    left: usize,
    size: usize,
    breaks: bool,
    end: Option<&'static [u8]>,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let this = self.get_mut();
        let data = if let Some(begin) = this.begin.take() {
            Bytes::from_static(begin)
        } else if this.left > 0 {
            let size = this.size.min(this.left);
            this.left -= size;
            Bytes::from(vec![b'x'; size])
        } else if std::mem::take(&mut this.breaks) {
            return Poll::Ready(Some(Err(std::io::Error::other("the client has gone"))));
        } else if let Some(end) = this.end.take() {
            Bytes::from_static(end)
        } else {
            return Poll::Ready(None);
        };
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}

fn upload(length: usize, size: usize, breaks: bool) -> Pieces {
    Pieces {
        begin: Some(
            b"{\"model\":\"grok-4.3\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}],\"metadata\":\"",
        ),
        left: length,
        size,
        breaks,
        end: Some(b"\"}"),
    }
}

fn with(driver: &Driver, pieces: Pieces) -> Call {
    let call = chat();
    let (parts, _) = call.request.into_parts();
    Call {
        request: http::Request::from_parts(parts, driver.body(pieces)),
        ..chat()
    }
}

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_kept_body_is_sent_again_to_the_byte() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    for (length, size) in [(5, 1), (3_000, 7), (4 * MIB, 100_000)] {
        scene.clock.advance(std::time::Duration::from_secs(300));
        scene.control().expire(Wording::Code);
        let told = good(ask(&driver, with(&driver, upload(length, size, false))).await);
        assert!(told.trail.replayable && told.trail.attempts == 2, "{told:?}");
        let seen = scene.control().log();
        let bodies: Vec<_> = seen
            .iter()
            .rev()
            .filter(|seen| seen.path == "/v1/chat/completions")
            .take(2)
            .collect();
        assert_eq!(
            bodies[0].body_sha256, bodies[1].body_sha256,
            "{length} in pieces of {size}"
        );
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_to_keep_goes_through_once() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    let told = good(ask(&driver, with(&driver, upload(40 * MIB, 64 * 1024, false))).await);
    assert!(!told.trail.replayable);
    scene.clock.advance(std::time::Duration::from_secs(300));
    scene.control().expire(Wording::Code);
    let told = ask(&driver, with(&driver, upload(40 * MIB, 64 * 1024, false)))
        .await
        .unwrap();
    assert_eq!(
        (told.status, told.trail.attempts),
        (403, 1),
        "the refusal as it is: nothing can be sent again"
    );
    // The refusal is not forgotten: the next request renews before it is sent.
    let told = good(ask(&driver, chat()).await);
    assert_eq!((told.trail.attempts, scene.refreshes()), (1, 1));
}

#[tokio::test]
async fn all_kept_bodies_share_one_memory() {
    let (_scene, driver) = Scene::logged_in(Config::default()).await;
    let headers = http::HeaderMap::new();
    let mut kept = Vec::new();
    for _ in 0..8 {
        // Whoever looks for a model that is not there keeps what it has looked through.
        let mut body = driver.body(Pieces {
            begin: Some(b"{\"metadata\":\""),
            ..upload(31 * MIB, MIB, false)
        });
        assert_eq!(body.model(&headers).await.unwrap(), None);
        kept.push(body);
    }
    let mut body: Body = driver.body(Pieces {
        begin: Some(b"{\"metadata\":\""),
        ..upload(31 * MIB, MIB, false)
    });
    // Not this one is too large: the others leave it no room for now.
    let failure = body.model(&headers).await.unwrap_err();
    assert!(
        failure.code == Code::Transient && failure.retry_after.is_some(),
        "{failure}"
    );
    drop((kept, body));
    good(ask(&driver, with(&driver, upload(20 * MIB, MIB, false))).await);
}

#[tokio::test]
async fn a_client_that_breaks_off_is_not_the_providers_fault() {
    let (scene, driver) = Scene::logged_in(Config::default()).await;
    for length in [10, 40 * MIB] {
        let (failure, _) = ask(&driver, with(&driver, upload(length, 64 * 1024, true)))
            .await
            .unwrap_err();
        assert_eq!(failure.code, Code::BodyBroken, "after {length}");
    }
    driver.drain(std::time::Duration::ZERO).await;
    let standing = scene.grant().0.standing;
    assert!(standing.last_error.is_none(), "{standing:?}");
    good(ask(&driver, chat()).await);
}
