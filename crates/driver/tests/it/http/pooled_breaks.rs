//! The pool where things break: phases as in the fresh exchange, and a replay only of what nobody can have seen.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex, mpsc as std_mpsc};

use evergrant_driver::http::{Broken, PooledLimits};
use evergrant_engine::provider::Hosts;
use evergrant_engine::wire::Phase;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::server::{POOLED, SHORT, Server, closed_address, inference, loopback, pool, read_head, read_request, text};

/// Sends to a server that reads the request, writes these bytes and closes; reads the answer's body too.
async fn broken_by(bytes: &'static str) -> Result<Broken, hyper::Error> {
    let server = Server::start(move |mut stream, _| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(bytes.as_bytes()).await;
    })
    .await;
    match pool().send(inference(&server.url("/"), "x"), &loopback(), POOLED).await {
        Err(broken) => {
            assert_eq!(server.connections(), 1, "sent twice");
            Ok(broken)
        }
        Ok(answer) => Err(answer.into_body().collect().await.unwrap_err()),
    }
}

#[tokio::test]
async fn an_answer_cut_in_its_head_is_sent_and_not_repeated() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n";
    for length in 0..head.len() {
        assert_eq!(
            broken_by(&head[..length]).await.unwrap().phase,
            Phase::Sent,
            "cut at {length}"
        );
    }
}

#[tokio::test]
async fn an_answer_cut_in_its_body_is_an_error_of_the_body() {
    broken_by("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{")
        .await
        .unwrap_err();
    broken_by("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        .await
        .unwrap_err();
}

#[tokio::test]
async fn a_refused_connection_wrote_nothing() {
    let url = format!("http://{}/", closed_address().await).parse().unwrap();
    let broken = pool()
        .send(inference(&url, "x"), &loopback(), POOLED)
        .await
        .unwrap_err();
    assert_eq!(broken.phase, Phase::Connect);
}

#[tokio::test]
async fn a_foreign_host_is_refused_even_where_a_connection_waits() {
    let server = Server::start(|mut stream, _| async move {
        while !read_head(&mut stream).await.is_empty() {
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        }
    })
    .await;
    let pool = pool();
    let request = || inference(&server.url("/"), "");
    pool.send(request(), &loopback(), POOLED).await.unwrap();
    let elsewhere = Hosts::new(["x.ai".to_owned()]);
    let broken = pool.send(request(), &elsewhere, POOLED).await.unwrap_err();
    assert_eq!((broken.phase, broken.not_allowed), (Phase::Connect, true));
    let path_only = http::Request::get("/v1").body(http_body_util::Full::default()).unwrap();
    assert_eq!(
        pool.send(path_only, &loopback(), POOLED).await.unwrap_err().phase,
        Phase::Connect
    );
}

#[tokio::test]
async fn a_silent_server_is_given_up_after_the_first_byte_limit_and_sees_the_close() {
    let (ended, mut ends) = mpsc::unbounded_channel();
    let server = Server::start(move |mut stream, _| {
        let ended = ended.clone();
        async move {
            read_request(&mut stream).await;
            ended.send(stream.read(&mut [0; 1]).await.unwrap_or(0)).unwrap();
        }
    })
    .await;
    let limits = PooledLimits {
        first_byte: SHORT,
        ..POOLED
    };
    let pool = pool();
    let broken = pool
        .send(inference(&server.url("/"), "x"), &loopback(), limits)
        .await
        .unwrap_err();
    assert_eq!((broken.phase, broken.timed_out), (Phase::Sent, true));
    assert_eq!(ends.recv().await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_closing_server_does_no_request_reaches_it_twice() {
    let seen: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
    let counted = Arc::clone(&seen);
    // Answers once without a word about closing, and closes: the next request meets a stale connection.
    let server = Server::start(move |mut stream, _| {
        let counted = Arc::clone(&counted);
        async move {
            let (_, body) = read_request(&mut stream).await;
            *counted.lock().unwrap().entry(body).or_default() += 1;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
                .unwrap();
        }
    })
    .await;
    let pool = pool();
    let (mut good, mut sent) = (0, 0);
    for number in 0..500 {
        let request = inference(&server.url("/"), &number.to_string());
        match pool.send(request, &loopback(), POOLED).await {
            Ok(answer) => {
                assert_eq!(text(answer).await, "ok");
                good += 1;
            }
            Err(broken) => {
                assert_eq!(broken.phase, Phase::Sent, "{broken}");
                sent += 1;
            }
        }
    }
    let seen = seen.lock().unwrap();
    assert!(seen.values().all(|count| *count == 1), "{seen:?}");
    assert!(good >= 250, "{good} good answers, {sent} lost to the race");
}

#[tokio::test]
async fn a_connection_that_was_closed_while_it_waited_is_replaced_silently() {
    let server = Server::start(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            .await
            .unwrap();
    })
    .await;
    let pool = pool();
    for number in 1..20 {
        let answer = pool
            .send(inference(&server.url("/"), "x"), &loopback(), POOLED)
            .await
            .unwrap();
        assert_eq!(text(answer).await, "ok");
        settle().await;
        assert_eq!(server.connections(), number);
    }
}

#[tokio::test]
async fn a_stale_connection_hands_the_request_back_and_it_goes_out_once_on_a_new_one() {
    let control = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut signal = TcpStream::connect(control.local_addr().unwrap()).await.unwrap();
    let mut signaller = control.accept().await.unwrap().0.into_std().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url: url::Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let (close, may_close) = std_mpsc::channel();
    let (closed, is_closed) = std_mpsc::channel();
    // A thread of its own, so that the close happens while the runtime stands still.
    let server = std::thread::spawn(move || {
        let connection = listener.accept().unwrap().0;
        let first = answer_one(&connection);
        may_close.recv().unwrap();
        drop(connection);
        signaller.write_all(b"x").unwrap();
        closed.send(()).unwrap();
        let second = answer_one(&listener.accept().unwrap().0);
        (first, second)
    });
    let pool = pool();
    let answer = pool.send(inference(&url, "first"), &loopback(), POOLED).await.unwrap();
    assert_eq!(text(answer).await, "ok");
    settle().await;
    close.send(()).unwrap();
    is_closed.recv().unwrap();
    // One turn of the runtime brings this byte and the close; this task is polled first and takes the connection.
    signal.read_u8().await.unwrap();
    let answer = pool.send(inference(&url, "second"), &loopback(), POOLED).await.unwrap();
    assert_eq!(text(answer).await, "ok");
    assert_eq!(server.join().unwrap(), ("first".to_owned(), "second".to_owned()));
}

#[tokio::test]
async fn a_body_keeps_its_connection_to_itself_until_it_has_ended() {
    let server = Server::start(async |mut stream, _| {
        while !read_request(&mut stream).await.0.is_empty() {
            let whole = b"HTTP/1.1 503 No\r\ntransfer-encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n";
            stream.write_all(whole).await.unwrap();
        }
    })
    .await;
    let pool = pool();
    let ask = async |text: &str| {
        let request = inference(&server.url("/"), text);
        pool.send(request, &loopback(), POOLED).await.unwrap()
    };
    let mut unended = ask("1").await.into_body();
    assert_eq!(unended.frame().await.unwrap().unwrap().into_data().unwrap(), "no");
    settle().await;
    assert_eq!((text(ask("2").await).await.as_str(), server.connections()), ("no", 2));
    // All of the first answer is here, so that its connection is as good as before.
    drop(unended);
    let (third, fourth) = (ask("3").await, ask("4").await);
    assert_eq!((text(third).await.as_str(), text(fourth).await.as_str()), ("no", "no"));
    assert_eq!(server.connections(), 2);
}

/// Reads one request, answers it, and tells its body.
fn answer_one(mut stream: &std::net::TcpStream) -> String {
    let mut request = String::new();
    let mut byte = [0];
    while !request.ends_with("\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        request.push(char::from(byte[0]));
    }
    let length = request
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        .unwrap();
    String::from_utf8(body).unwrap()
}

/// Lets every other task and the sockets take their turns.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}
