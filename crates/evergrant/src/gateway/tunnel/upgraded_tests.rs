//! How a tunnel ends, on virtual time: by silence, by the end of the gateway, by its key.

use std::sync::atomic::{AtomicBool, Ordering};

use evergrant_driver::Code;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::super::pulse::{LINGERS, SILENCE};
use super::*;
use crate::gateway::stage::Curtain;

struct Ends {
    client: DuplexStream,
    provider: DuplexStream,
    curtain: Curtain,
    allowed: Arc<AtomicBool>,
    joined: JoinHandle<io::Result<()>>,
}

fn opened() -> Ends {
    let ((client, ours), (theirs, provider)) = (duplex(64), duplex(64));
    let (curtain, audience) = Curtain::open();
    let allowed = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&allowed);
    let terms: Terms = Box::new(move || {
        let gone = || Failure::new(Code::ClientKeyInvalid, "gone");
        asked.load(Ordering::Relaxed).then_some(()).ok_or_else(gone)
    });
    let joined = tokio::spawn(async move { join(ours, theirs, &terms, audience).await });
    Ends {
        client,
        provider,
        curtain,
        allowed,
        joined,
    }
}

/// Both sides are told to close by this, and nothing else; then they end.
async fn told(ends: Ends, code: u16, reason: &str) {
    let Ends {
        mut client,
        mut provider,
        joined,
        curtain: _curtain,
        allowed: _allowed,
    } = ends;
    let (mut to_client, mut to_provider) = (Vec::new(), Vec::new());
    client.read_to_end(&mut to_client).await.unwrap();
    provider.read_to_end(&mut to_provider).await.unwrap();
    assert_eq!(to_client, close_frame(code, reason, false));
    assert_eq!(to_provider, close_frame(code, reason, true));
    drop((client, provider));
    joined.await.unwrap().unwrap();
}

const HELLO: &[u8] = &[0x81, 2, b'h', b'i'];

#[tokio::test(start_paused = true)]
async fn silence_ends_both_sides_and_a_word_of_either_prolongs_it() {
    let mut ends = opened();
    let (began, mut heard) = (Instant::now(), [0; HELLO.len()]);
    sleep(SILENCE / 2).await;
    ends.client.write_all(HELLO).await.unwrap();
    ends.provider.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, HELLO);
    sleep(SILENCE / 2).await;
    ends.provider.write_all(HELLO).await.unwrap();
    ends.client.read_exact(&mut heard).await.unwrap();
    told(ends, 1001, "silent for too long").await;
    assert!(began.elapsed() >= SILENCE * 2, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_ends_may_listen_a_while() {
    let mut ends = opened();
    ends.client.write_all(b"bye").await.unwrap();
    ends.client.shutdown().await.unwrap();
    let mut said = String::new();
    ends.provider.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "bye");
    ends.provider.write_all(b"bye yourself").await.unwrap();
    let mut heard = [0; 12];
    ends.client.read_exact(&mut heard).await.unwrap();
    let began = Instant::now();
    let ended = ends.joined.await.unwrap().unwrap_err();
    assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    let took = began.elapsed();
    assert!(took <= LINGERS + Duration::from_secs(1), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_may_not_go_on_ends_it_within_seconds() {
    let ends = opened();
    sleep(Duration::from_secs(60)).await;
    ends.allowed.store(false, Ordering::Relaxed);
    let began = Instant::now();
    told(ends, 1008, "the client key may not go on").await;
    assert!(began.elapsed() <= LOOK_EVERY + GOODBYE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_the_gateway_what_is_being_said_is_said_to_its_end() {
    let mut ends = opened();
    let mut heard = [0; HELLO.len()];
    ends.curtain.fall(Stage::Closed);
    for _ in 0..20 {
        sleep(PAUSE / 2).await;
        ends.provider.write_all(HELLO).await.unwrap();
        ends.client.read_exact(&mut heard).await.unwrap();
        assert_eq!(heard, HELLO);
    }
    let began = Instant::now();
    told(ends, 1001, "the gateway ends").await;
    assert!(began.elapsed() <= PAUSE + GOODBYE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_the_gateway_whoever_has_asked_is_answered() {
    let mut ends = opened();
    let (mut heard, question) = ([0; HELLO.len()], [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
    ends.client.write_all(&question).await.unwrap();
    let mut asked = [0; 8];
    ends.provider.read_exact(&mut asked).await.unwrap();
    assert_eq!(asked, question);
    ends.curtain.fall(Stage::Closed);
    sleep(PAUSE * 20).await;
    // A sign of life is no answer.
    let ping = [0x89, 0];
    ends.provider.write_all(&ping).await.unwrap();
    ends.client.read_exact(&mut heard[..2]).await.unwrap();
    sleep(PAUSE * 20).await;
    ends.provider.write_all(HELLO).await.unwrap();
    ends.client.read_exact(&mut heard).await.unwrap();
    assert_eq!(heard, HELLO);
    let began = Instant::now();
    told(ends, 1001, "the gateway ends").await;
    assert!(began.elapsed() <= PAUSE + GOODBYE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_the_gateway_a_sign_of_life_is_no_question() {
    let mut ends = opened();
    ends.client.write_all(&[0x89, 0x80, 0, 0, 0, 0]).await.unwrap();
    let mut ping = [0; 6];
    ends.provider.read_exact(&mut ping).await.unwrap();
    ends.curtain.fall(Stage::Closed);
    let began = Instant::now();
    told(ends, 1001, "the gateway ends").await;
    assert!(began.elapsed() <= PAUSE + GOODBYE, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn when_its_time_is_over_it_ends_after_the_frame_under_way() {
    let mut ends = opened();
    ends.provider.write_all(&HELLO[..3]).await.unwrap();
    let mut heard = [0; 3];
    ends.client.read_exact(&mut heard).await.unwrap();
    ends.curtain.fall(Stage::Over);
    // The other direction stands between two frames, and is told at once.
    let mut frame = vec![0; close_frame(1001, "the gateway ends", true).len()];
    ends.provider.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame, close_frame(1001, "the gateway ends", true));
    ends.provider.write_all(b"i").await.unwrap();
    ends.provider.write_all(HELLO).await.unwrap();
    drop(ends.provider);
    let mut rest = Vec::new();
    ends.client.read_to_end(&mut rest).await.unwrap();
    assert_eq!(
        rest,
        [b"i", close_frame(1001, "the gateway ends", false).as_slice()].concat()
    );
    drop(ends.client);
    ends.joined.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_never_ends_a_frame_is_left() {
    let mut ends = opened();
    ends.provider.write_all(&HELLO[..3]).await.unwrap();
    let mut heard = [0; 3];
    ends.client.read_exact(&mut heard).await.unwrap();
    let began = Instant::now();
    ends.curtain.fall(Stage::Over);
    ends.joined.await.unwrap().unwrap();
    assert!(
        began.elapsed() <= GOODBYE + Duration::from_millis(10),
        "{:?}",
        began.elapsed()
    );
}
