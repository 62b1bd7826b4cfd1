//! To whom `exec` shows the key of a run: to a gateway of its own home that proves to be one, and to nobody else.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::gateway::desk::Desk;
use crate::scratch::signal;

/// Something that answers everybody as the gateway of this name would, and keeps what it is told.
async fn impostor(listener: TcpListener, instance: String) -> Arc<Mutex<String>> {
    let told = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&told);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut heard = vec![0; 8_192];
            let length = stream.read(&mut heard).await.unwrap_or_default();
            kept.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&heard[..length]));
            let answer = format!(
                "HTTP/1.1 200 OK\r\nx-evergrant-instance: {instance}\r\nx-evergrant-proof: {}\r\nconnection: close\r\n\r\nok\n",
                "0".repeat(64)
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    told
}

const SHOWN: [&str; 4] = ["--", "sh", "-c", "echo $OPENAI_BASE_URL $OPENAI_API_KEY"];

#[tokio::test]
async fn a_key_is_lent_to_a_gateway_of_its_own_home_alone() {
    let (desk, other) = (Desk::open().await, Desk::open().await);
    let run = async |url: &str| {
        let arguments = [&["exec", "--json", "--gateway", url][..], &SHOWN].concat();
        desk.scratch.run(&arguments).await
    };
    let own = run(&desk.url("")).await.expect(0);
    assert!(
        own.stdout.contains(" sk-evergrant-") && own.stdout.starts_with(&desk.url("/v1")),
        "{own}"
    );
    let named = desk.url("").replace("127.0.0.1", "localhost");
    let by_name = run(&named).await.expect(0);
    assert!(
        by_name.stdout.starts_with(&desk.url("/v1")),
        "what has proved itself is an address, and others may answer to the name: {by_name}"
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stranger = format!("http://{}", listener.local_addr().unwrap());
    let announced: Value =
        serde_json::from_slice(&std::fs::read(desk.scratch.home().join("run/gateway.json")).unwrap()).unwrap();
    let told = impostor(listener, announced["instance"].as_str().unwrap().to_owned()).await;
    for url in [
        &other.url(""),
        &stranger,
        "https://gate.example",
        "http://gate.example:8787",
    ] {
        let kept = run(url).await.expect(2);
        assert!(!kept.stdout.contains("sk-evergrant-"), "{kept}");
        let error = kept.json();
        assert!(
            error["error"]["message"]
                .as_str()
                .unwrap()
                .contains("EVERGRANT_CLIENT_KEY"),
            "{error}"
        );
        assert_eq!(error["error"]["remedy"]["command"], "evergrant key add NAME", "{error}");
    }
    assert!(!told.lock().unwrap().contains("sk-evergrant-"));
    let keys = desk.scratch.run(&["key", "list", "--json"]).await.expect(0).json();
    assert_eq!(keys["keys"], serde_json::json!([]), "none was lent");
    // A key that was given for it goes wherever it is to go.
    let mut command = desk
        .scratch
        .evergrant(&[&["exec", "--gateway", &stranger][..], &SHOWN].concat());
    let output = command
        .env("EVERGRANT_CLIENT_KEY", "sk-evergrant-given")
        .output()
        .await
        .unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(shown, format!("{stranger}/v1 sk-evergrant-given\n"));
}

#[tokio::test]
async fn whoever_took_a_dead_gateways_port_is_shown_no_key() {
    let mut desk = Desk::open().await;
    let announced = desk.scratch.home().join("run/gateway.json");
    let written: Value = serde_json::from_slice(&std::fs::read(&announced).unwrap()).unwrap();
    signal(&desk.gateway.child, "KILL");
    desk.gateway.child.wait().await.unwrap();
    assert!(announced.exists());
    let listener = TcpListener::bind(&desk.gateway.address).await.unwrap();
    let told = impostor(listener, written["instance"].as_str().unwrap().to_owned()).await;
    // Without one that can be trusted, one is started for the run.
    let run = desk.scratch.run(&[&["exec"][..], &SHOWN].concat()).await.expect(0);
    assert!(run.stdout.contains(" sk-evergrant-"), "{run}");
    assert!(!run.stdout.contains(&desk.url("")), "{run}");
    assert!(told.lock().unwrap().contains("GET /healthz"), "it was asked");
    assert!(!told.lock().unwrap().contains("sk-evergrant-"));
}
