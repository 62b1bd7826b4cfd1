//! A provider made of bytes: it keeps what it is sent and answers what it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::desk::Serving;
use crate::scratch::Scratch;

/// Pieces of an answer, written one after the other with a pause between them.
pub(crate) type Answer = Vec<Vec<u8>>;

/// The provider, and a gateway that leads to it alone.
pub(crate) struct Upstream {
    pub(crate) gateway: Serving,
    pub(crate) scratch: Scratch,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Request line and headers, as text.
    pub(crate) head: String,
    /// The body, taken out of its chunks.
    pub(crate) body: Vec<u8>,
}

impl Upstream {
    /// A provider that answers its requests with these, the last one again and again.
    pub(crate) async fn answering(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&kept), answers.clone()));
            }
        });
        let (scratch, gateway) = leading_to(address).await;
        Self { gateway, scratch, seen }
    }

    /// What came so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// A gateway whose only provider is at this address.
pub(crate) async fn leading_to(address: SocketAddr) -> (Scratch, Serving) {
    let scratch = Scratch::new();
    let row = format!(
        "id = \"raw\"\nname = \"Raw\"\nbase_url = \"http://{address}/base/v1\"\nhosts = [\"127.0.0.1\"]\n\
         auth = \"api-key\"\nkey_env = [\"RAW_API_KEY\"]\nheader = \"authorization\"\nmodels = [\"raw-*\"]\n"
    );
    scratch.write("providers.d/raw.toml", &row);
    let added = scratch.run_with(&["add", "raw", "--stdin"], b"sk-raw-secret");
    added.await.expect(0);
    let gateway = Serving::start(&scratch, &["--listen", "127.0.0.1:0"]).await;
    (scratch, gateway)
}

impl Seen {
    /// The values of a header, in order.
    pub(crate) fn header(&self, name: &str) -> Vec<&str> {
        let line = |line: &'_ str| {
            line.split_once(':')
                .is_some_and(|(found, _)| found.eq_ignore_ascii_case(name))
        };
        let lines = self.head.lines().skip(1).filter(|found| line(found));
        lines.filter_map(|line| Some(line.split_once(':')?.1.trim())).collect()
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Mutex<Vec<Seen>>>, answers: Vec<Answer>) {
    let mut unread = Vec::new();
    while let Some(request) = read(&mut stream, &mut unread).await {
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request);
            seen.len() - 1
        };
        let Some(answer) = answers.get(number).or(answers.last()) else {
            return;
        };
        for piece in answer {
            if stream.write_all(piece).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if answer.first().is_some_and(|head| !has_length(head)) {
            return;
        }
    }
}

fn has_length(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.contains("content-length")
        || head.contains("transfer-encoding")
        || head.contains(" 204 ")
        || head.contains(" 304 ")
}

async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Seen> {
    let end = until(stream, unread, b"\r\n\r\n").await?;
    let head = String::from_utf8(unread.drain(..end).collect()).unwrap();
    let mut request = Seen { head, body: Vec::new() };
    if request.header("transfer-encoding") == ["chunked"] {
        loop {
            let end = until(stream, unread, b"\r\n").await?;
            let line = String::from_utf8(unread.drain(..end).collect()).unwrap();
            let length = usize::from_str_radix(line.trim(), 16).unwrap();
            fill(stream, unread, length + 2).await?;
            request.body.extend(unread.drain(..length));
            unread.drain(..2);
            if length == 0 {
                return Some(request);
            }
        }
    }
    let length = request
        .header("content-length")
        .first()
        .map_or(0, |length| length.parse().unwrap());
    fill(stream, unread, length).await?;
    request.body = unread.drain(..length).collect();
    Some(request)
}

async fn until(stream: &mut TcpStream, unread: &mut Vec<u8>, mark: &[u8]) -> Option<usize> {
    loop {
        if let Some(at) = unread.windows(mark.len()).position(|window| window == mark) {
            return Some(at + mark.len());
        }
        more(stream, unread).await?;
    }
}

async fn fill(stream: &mut TcpStream, unread: &mut Vec<u8>, length: usize) -> Option<()> {
    while unread.len() < length {
        more(stream, unread).await?;
    }
    Some(())
}

async fn more(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<()> {
    let mut piece = vec![0; 64 * 1024];
    let length = stream.read(&mut piece).await.ok().filter(|length| *length > 0)?;
    unread.extend_from_slice(&piece[..length]);
    Some(())
}
