//! How often a task has to be turned for an exchange: for what comes in, and never because it has just looked at it.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use evergrant_driver::hush::Hush;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::server::{POOLED, Server, inference, loopback, pool, read_request, text};

/// A task's waker that knows whether the task wakes itself.
#[derive(Debug)]
struct Told {
    task: Waker,
    in_turn: AtomicBool,
    by_itself: AtomicUsize,
}

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        if self.in_turn.load(Ordering::SeqCst) {
            self.by_itself.fetch_add(1, Ordering::SeqCst);
        }
        self.task.wake_by_ref();
    }
}

/// Does the work, and tells how often it woke the very task that was at it.
async fn woken_by_itself<F: Future>(work: F) -> (F::Output, usize) {
    let (hush, work) = (Hush::default(), pin!(work));
    let mut work = pin!(hush.around(work));
    let task = poll_fn(|cx| Poll::Ready(cx.waker().clone())).await;
    let told = Arc::new(Told {
        task,
        in_turn: AtomicBool::new(false),
        by_itself: AtomicUsize::new(0),
    });
    let waker = Waker::from(Arc::clone(&told));
    let done = poll_fn(|_| {
        told.in_turn.store(true, Ordering::SeqCst);
        let polled = work.as_mut().poll(&mut Context::from_waker(&waker));
        told.in_turn.store(false, Ordering::SeqCst);
        polled
    });
    (done.await, told.by_itself.load(Ordering::SeqCst))
}

/// Answers each request by a stream of events, each in a write of its own.
async fn events(mut stream: TcpStream, _: usize) {
    loop {
        let (head, _) = read_request(&mut stream).await;
        if head.is_empty() {
            return;
        }
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await
            .unwrap();
        for _ in 0..EVENTS {
            stream.write_all(b"9\r\ndata: x\n\n\r\n").await.unwrap();
            tokio::task::yield_now().await;
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
    }
}

#[tokio::test]
async fn a_kept_connection_never_wakes_whoever_drives_it() {
    let (server, pool) = (Server::start(events).await, pool());
    for number in 0..20 {
        let url = server.url("/v1");
        let exchange = async {
            let answer = pool.send(inference(&url, "question"), &loopback(), POOLED).await;
            text(answer.unwrap()).await
        };
        let (told, woken) = woken_by_itself(exchange).await;
        assert_eq!(told, "data: x\n\n".repeat(EVENTS));
        // The first one dials.
        assert!(woken == 0 || number == 0, "request {number}: {woken} times");
    }
    assert_eq!(server.connections(), 1);
}

const EVENTS: usize = 10;
