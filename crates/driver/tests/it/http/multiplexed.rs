//! The pool over HTTP/2: one connection for many requests, within what the server allows.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use evergrant_driver::http::Pooled;
use http::{Request, Response, Version};
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use url::Url;

use super::authority::Authority;
use super::server::{POOLED, Pool, Server, inference, loopback, read_head, text};

/// A server that speaks HTTP/2 over TLS with at most this many streams on a connection.
async fn serve<H, F, B>(authority: &Authority, streams: u32, handler: H) -> Server
where
    H: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let acceptor = authority.acceptor("127.0.0.1", &["h2", "http/1.1"]);
    Server::start(move |stream, _| {
        let (acceptor, handler) = (acceptor.clone(), handler.clone());
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let service = service_fn(move |request| {
                let answer = handler(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            let _ = http2::Builder::new(TokioExecutor::new())
                .max_concurrent_streams(streams)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await
}

fn secure(server: &Server) -> Url {
    format!("https://{}/v1/chat?x=1", server.address).parse().unwrap()
}

fn pool(authority: &Authority) -> Arc<Pool> {
    Arc::new(Pooled::new(Arc::new(authority.network())))
}

/// Sends this many requests at the same time and reads all answers.
async fn all_at_once(pool: &Arc<Pool>, url: &Url, count: usize) {
    let asking: Vec<_> = (0..count)
        .map(|number| {
            let (pool, request) = (Arc::clone(pool), inference(url, &number.to_string()));
            tokio::spawn(async move { text(pool.send(request, &loopback(), POOLED).await.unwrap()).await })
        })
        .collect();
    for (number, answer) in asking.into_iter().enumerate() {
        assert_eq!(answer.await.unwrap(), number.to_string());
    }
}

async fn echo(request: Request<Incoming>) -> Response<Full<Bytes>> {
    assert_eq!(request.version(), Version::HTTP_2);
    assert_eq!(request.uri().path_and_query().unwrap(), "/v1/chat?x=1");
    assert!(request.uri().authority().unwrap().as_str().starts_with("127.0.0.1:"));
    assert!(request.headers().get("host").is_none());
    assert_eq!(request.headers()["authorization"], "Bearer t");
    Response::new(Full::new(request.into_body().collect().await.unwrap().to_bytes()))
}

#[tokio::test]
async fn sixty_four_requests_at_once_share_one_connection() {
    let authority = Authority::new();
    let server = serve(&authority, 100, echo).await;
    let pool = pool(&authority);
    for _ in 0..5 {
        all_at_once(&pool, &secure(&server), 64).await;
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_servers_limit_of_streams_is_kept_by_more_connections() {
    let authority = Authority::new();
    let open = Arc::new(AtomicUsize::new(0));
    let server = serve(&authority, 4, move |request| {
        let open = Arc::clone(&open);
        async move {
            open.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            open.fetch_sub(1, Ordering::SeqCst);
            echo(request).await
        }
    })
    .await;
    let pool = pool(&authority);
    // The first answer brings the server's settings with it.
    for _ in 0..2 {
        all_at_once(&pool, &secure(&server), 1).await;
    }
    all_at_once(&pool, &secure(&server), 16).await;
    assert!(
        (2..=4).contains(&server.connections()),
        "{} connections",
        server.connections()
    );
    // Beyond what all connections allow, requests wait their turn.
    all_at_once(&pool, &secure(&server), 200).await;
    assert!(server.connections() <= 16, "{} connections", server.connections());
}

#[tokio::test]
async fn dropping_a_body_resets_its_stream_and_no_other() {
    let authority = Authority::new();
    let (ended, mut ends) = mpsc::unbounded_channel();
    let server = serve(&authority, 100, move |_| {
        let ended = ended.clone();
        async move {
            let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
            tokio::spawn(async move {
                while sender.send_data(Bytes::from_static(b"x")).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                ended.send(()).unwrap();
            });
            Response::new(body)
        }
    })
    .await;
    let pool = pool(&authority);
    let ask = || async {
        pool.send(inference(&secure(&server), ""), &loopback(), POOLED)
            .await
            .unwrap()
            .into_body()
    };
    let (mut first, mut second) = (ask().await, ask().await);
    first.frame().await.unwrap().unwrap();
    drop(first);
    ends.recv().await.unwrap();
    for _ in 0..10 {
        second.frame().await.unwrap().unwrap();
    }
    assert_eq!((server.connections(), ends.try_recv().is_err()), (1, true));
}

#[tokio::test]
async fn a_connection_that_ended_is_replaced() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("127.0.0.1", &["h2"]);
    let server = Server::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let stream = acceptor.accept(stream).await.unwrap();
            let served = Arc::new(tokio::sync::Notify::new());
            let one = Arc::clone(&served);
            let service = service_fn(move |request| {
                one.notify_one();
                async move { Ok::<_, Infallible>(echo(request).await) }
            });
            let connection = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service);
            let mut connection = std::pin::pin!(connection);
            tokio::select! {
                _ = &mut connection => {}
                () = served.notified() => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
        }
    })
    .await;
    let pool = pool(&authority);
    for _ in 0..20 {
        let answer = pool.send(inference(&secure(&server), "1"), &loopback(), POOLED).await;
        assert_eq!(text(answer.unwrap()).await, "1");
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    assert!(server.connections() > 1);
}

#[tokio::test]
async fn an_upgrade_goes_over_http1_where_the_server_prefers_http2() {
    let authority = Authority::new();
    let acceptor = authority.acceptor("127.0.0.1", &["h2", "http/1.1"]);
    let server = Server::start(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            read_head(&mut stream).await;
            let answer = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            let byte = stream.read_u8().await.unwrap();
            stream.write_all(&[byte]).await.unwrap();
        }
    })
    .await;
    let mut request = inference(&secure(&server), "");
    request.headers_mut().insert("connection", "upgrade".parse().unwrap());
    request.headers_mut().insert("upgrade", "websocket".parse().unwrap());
    let answer = pool(&authority).send(request, &loopback(), POOLED).await.unwrap();
    let mut socket = TokioIo::new(hyper::upgrade::on(answer).await.unwrap());
    socket.write_all(b"x").await.unwrap();
    assert_eq!(socket.read_u8().await.unwrap(), b'x');
}
