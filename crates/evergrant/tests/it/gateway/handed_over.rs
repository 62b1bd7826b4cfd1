//! Under a service manager: sockets that are handed over, and what is told of starting, reading again and ending.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::bytes::post;
use super::desk::{Serving, question};
use crate::scratch::{Scratch, sandbox, signal};

/// The gateway with this socket as descriptor 3, as a service manager starts it.
fn activated(scratch: &Scratch, socket: &std::net::TcpListener, options: &[&str]) -> Command {
    let plain = scratch.evergrant(&[&["serve", "--json"], options].concat());
    let script = "exec 3<&0 0</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" \"$@\"";
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script])
        .arg(plain.as_std().get_program())
        .args(plain.as_std().get_args())
        .env_clear();
    let variables = plain.as_std().get_envs();
    command
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::from(OwnedFd::from(socket.try_clone().unwrap())))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn heard(socket: &UnixDatagram) -> String {
    let mut room = [0; 256];
    let length = socket.recv(&mut room).unwrap();
    String::from_utf8(room[..length].to_vec()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_at_a_socket_that_is_handed_over_is_answered_by_the_successor() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    let mut first = Serving::spawn(activated(&scratch, &socket, &[])).await;
    assert_eq!(first.address, address);
    assert_eq!(
        first
            .status(&post("/v1/chat/completions", &question().to_string()))
            .await
            .0,
        200
    );
    signal(&first.child, "TERM");
    assert_eq!(first.child.wait().await.unwrap().code(), Some(0));
    // Nobody serves now, and yet nobody is refused.
    let mut waiting = first.connect().await;
    let request = post("/v1/chat/completions", &question().to_string());
    waiting.write_all(request.as_bytes()).await.unwrap();
    let second = Serving::spawn(activated(&scratch, &socket, &[])).await;
    assert_eq!(second.address, address);
    let mut answer = String::new();
    waiting.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_manager_is_told() {
    let sandbox = sandbox().await;
    let mut scratch = Scratch::with(&sandbox);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    scratch.set("NOTIFY_SOCKET", path.to_str().unwrap());
    scratch.set("WATCHDOG_USEC", "600000000");
    let mut gateway = Serving::start(&scratch, &["--listen", "127.0.0.1:0"]).await;
    let next = || tokio::task::block_in_place(|| heard(&manager));
    assert_eq!(next(), "READY=1");
    assert_eq!(next(), "WATCHDOG=1");
    signal(&gateway.child, "HUP");
    assert!(next().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(next(), "READY=1");
    assert_eq!(next(), "WATCHDOG=1");
    signal(&gateway.child, "TERM");
    assert_eq!(next(), "STOPPING=1");
    assert!(gateway.child.wait().await.unwrap().success());
}
