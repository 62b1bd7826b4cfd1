//! The callback listener of a browser login (RFC 8252 7.3): it takes the one genuine answer, and nothing else ends it.
//!
//! Public for the tests, and hidden from the docs: no part of the contract, and free to change.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{Callback, State, redirect_uri};
use evergrant_engine::provider::{Redirect, Row};
use evergrant_engine::remedy::Remedy;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL,
    CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// A listener that waits for the browser to come back.
#[derive(Debug)]
pub struct Loopback {
    listeners: Vec<TcpListener>,
    redirect: Redirect,
}

impl Loopback {
    /// Listens where the redirect leads to; if that port is taken, on any free one where `port_fallback` allows it.
    pub async fn bind(redirect: &Redirect, port_fallback: bool) -> Result<Self, Failure> {
        let listener = match listen(redirect, redirect.port).await {
            Err(_) if port_fallback && redirect.port != 0 => listen(redirect, 0).await,
            bound => bound,
        };
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|error| unavailable(redirect, &error))?;
        let mut listeners = vec![listener];
        if redirect.host == "localhost" {
            // Browsers may take `localhost` for either family; a machine without IPv6 has only the one.
            let other = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port()));
            listeners.extend(TcpListener::bind(other).await.ok());
        }
        Ok(Self {
            listeners,
            redirect: Redirect {
                port: address.port(),
                ..redirect.clone()
            },
        })
    }

    /// The redirect URI with the port that is listened on; authorize and token request carry it byte for byte.
    pub fn redirect_uri(&self) -> String {
        redirect_uri(&self.redirect, self.redirect.port)
    }

    /// Waits for the answer with this state. Whatever else comes is refused and does not end the wait; dropping the
    /// future closes every connection.
    pub async fn answer(self, row: Arc<Row>, state: State) -> Callback {
        let (winner, mut won) = mpsc::channel(1);
        let (over, ending) = watch::channel(());
        let desk = Arc::new(Desk {
            origins: row
                .oauth()
                .map(|oauth| oauth.callback_origins.clone())
                .unwrap_or_default(),
            row,
            state,
            redirect: self.redirect,
            winner,
        });
        let mut serving = JoinSet::new();
        for listener in self.listeners {
            serving.spawn(serve(listener, Arc::clone(&desk), ending.clone()));
        }
        loop {
            // `desk` holds a sender, so that the channel stays open.
            if let Some(callback) = won.recv().await {
                drop(over);
                // The browser shall still get its page, while the login goes on.
                tokio::spawn(timeout(FAREWELL, serving.join_all()));
                return callback;
            }
        }
    }
}

/// What every connection needs to know.
struct Desk {
    row: Arc<Row>,
    origins: Vec<String>,
    state: State,
    redirect: Redirect,
    winner: mpsc::Sender<Callback>,
}

async fn listen(redirect: &Redirect, port: u16) -> io::Result<TcpListener> {
    let address = match redirect.host.as_str() {
        "[::1]" | "::1" => SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
        // `localhost` and `127.0.0.1`; the row's loader allows no other.
        _ => SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
    };
    TcpListener::bind(address).await
}

fn unavailable(redirect: &Redirect, error: &io::Error) -> Failure {
    let place = format!("{}:{}", redirect.host, redirect.port);
    Failure::new(
        Code::AddressInUse,
        format!("the login cannot listen on `{place}`, where the browser would come back to: {error}"),
    )
    .with_remedy(Remedy::EditFile {
        place: format!("what holds `{place}`: end the other program, or log in with `--flow device` or `--flow paste`"),
    })
}

async fn serve(listener: TcpListener, desk: Arc<Desk>, mut ending: watch::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // The sender is dropped when the login is over.
            _ = ending.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let desk = Arc::clone(&desk);
                    // A connection that is cut or too slow concerns nobody but its other end.
                    connections.spawn(async move { timeout(CONNECTION_TIME, speak(stream, desk)).await });
                }
                // Out of descriptors, say: wait rather than spin.
                Err(_) => sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    // The port is free for the next login at once.
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn speak(stream: TcpStream, desk: Arc<Desk>) -> Result<(), hyper::Error> {
    let service = service_fn(move |request: Request<Incoming>| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(desk.respond(&request)) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(REQUEST_LIMIT)
        .max_headers(HEADERS_LIMIT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await
}

impl Desk {
    fn respond<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let headers = request.headers();
        if !self.is_meant(headers) {
            return page(
                StatusCode::MISDIRECTED_REQUEST,
                "Not here",
                "This address is for a login alone.",
            );
        }
        if request.uri().path() != self.redirect.path {
            return page(StatusCode::NOT_FOUND, "Not found", "There is nothing here.");
        }
        let mut response = if *request.method() == Method::OPTIONS {
            self.preflight(headers)
        } else if *request.method() == Method::GET {
            self.take(request.uri().query().unwrap_or_default())
        } else {
            let mut refusal = page(
                StatusCode::METHOD_NOT_ALLOWED,
                "Not allowed",
                "Only GET is answered here.",
            );
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
            refusal
        };
        if let Some(origin) = self.listed_origin(headers) {
            response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            response.headers_mut().insert(VARY, HeaderValue::from_static("origin"));
        }
        response
    }

    /// A name that only resolves to us by someone's trick (DNS rebinding) is not ours.
    fn is_meant(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
            return false;
        };
        let Some((name, port)) = host.rsplit_once(':') else {
            return false;
        };
        let name_is_ours = ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|own| name.eq_ignore_ascii_case(own));
        name_is_ours && port.parse() == Ok(self.redirect.port)
    }

    fn listed_origin(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        let listed = self.origins.iter().any(|own| own.as_bytes() == origin.as_bytes());
        listed.then(|| origin.clone())
    }

    /// The consent page of some providers fetches the redirect instead of navigating to it.
    fn preflight(&self, headers: &HeaderMap) -> Response<Full<Bytes>> {
        if self.listed_origin(headers).is_none() {
            return page(StatusCode::FORBIDDEN, "Refused", "This page may not answer the login.");
        }
        let mut response = page(StatusCode::NO_CONTENT, "", "");
        *response.body_mut() = Full::default();
        let headers = response.headers_mut();
        headers.remove(CONTENT_TYPE);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type"));
        headers.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
        response
    }

    fn take(&self, query: &str) -> Response<Full<Bytes>> {
        let Ok(callback) = Callback::read(&self.row, query, &self.state) else {
            return page(
                StatusCode::BAD_REQUEST,
                "Not this login",
                "This answer does not belong to the login that is waiting, which goes on.",
            );
        };
        let response = match &callback {
            Callback::Code(_) => page(
                StatusCode::OK,
                "Done",
                "You can close this page and go back to the terminal.",
            ),
            Callback::Denied { .. } => page(
                StatusCode::OK,
                "Denied",
                "The login was denied; the terminal says more.",
            ),
        };
        // The first one wins; a page that is loaded again looks the same and changes nothing.
        let _ = self.winner.try_send(callback);
        response
    }
}

/// A page of fixed words: whatever came in, nothing of it is shown.
fn page(status: StatusCode, title: &str, words: &str) -> Response<Full<Bytes>> {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>evergrant: {title}</title>\
         <h1>{title}</h1><p>{words}</p></html>\n"
    );
    let mut response = Response::new(Full::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONNECTION, "close"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Private Network Access: Chromium asks for it before a public page may reach loopback.
const ALLOW_PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The page needs nothing, so it may have nothing.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// A browser opens a handful; whoever opens more waits in the kernel's queue.
const CONNECTIONS: usize = 64;

/// A browser sends its request at once; a connection opened on suspicion is not kept longer.
const HEADER_TIME: Duration = Duration::from_secs(5);

/// One request and one small page.
const CONNECTION_TIME: Duration = Duration::from_secs(10);

/// A redirect with a code of several KiB, and a browser's headers and cookies for localhost.
const REQUEST_LIMIT: usize = 64 * 1024;

/// Browsers send about twenty.
const HEADERS_LIMIT: usize = 100;

/// Long enough for the page to arrive, while the exchange is under way anyway.
const FAREWELL: Duration = Duration::from_secs(2);

/// Long enough for another connection to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
