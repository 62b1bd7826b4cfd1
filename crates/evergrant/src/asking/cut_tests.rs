//! A stream that is cut at every byte: nothing is lost but what is missing, and that it is missing is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evergrant_driver::history::{Ending, History};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, KeySource, ProviderId, Secret, Timestamp};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::ask::{Broken, Heard, ask};
use super::partner::{Partner, Wish};
use crate::chat::Talk;

/// An answer, and where in it each of its texts is complete.
struct Script {
    bytes: Vec<u8>,
    /// The end of an event's data, and its text.
    texts: Vec<(usize, String)>,
    /// Where the last event's data ends.
    last: usize,
}

fn script(chunked: bool) -> Script {
    let framing = if chunked {
        "transfer-encoding: chunked"
    } else {
        "connection: close"
    };
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n{framing}\r\n\r\n");
    let mut script = Script {
        bytes: head.into_bytes(),
        texts: Vec::new(),
        last: 0,
    };
    let mut event = |data: &str, text: Option<&str>| {
        let event = format!("data: {data}\n\n");
        if chunked {
            script
                .bytes
                .extend_from_slice(format!("{:x}\r\n", event.len()).as_bytes());
        }
        let complete = script.bytes.len() + event.len() - 2;
        script.bytes.extend_from_slice(event.as_bytes());
        if chunked {
            script.bytes.extend_from_slice(b"\r\n");
        }
        match text {
            Some(text) => script.texts.push((complete, text.to_owned())),
            None => script.last = complete,
        }
    };
    for text in ["The ", "quick\n", "\u{1b}[31mbrown\u{1b}[0m ", "日本 ", "fox."] {
        let delta = json!({"choices": [{"index": 0, "delta": {"content": text}}]});
        event(&delta.to_string(), Some(text));
    }
    event("[DONE]", None);
    if chunked {
        script.bytes.extend_from_slice(b"0\r\n\r\n");
    }
    script
}

/// A provider that sends so many bytes of it and is gone.
async fn provider(bytes: Vec<u8>, length: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut seen = Vec::new();
            let mut piece = [0; 4096];
            // The request ends with its JSON's brace; it has no other body.
            while !seen.ends_with(b"}") {
                match stream.read(&mut piece).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => seen.extend_from_slice(&piece[..read]),
                }
            }
            let length = length.load(Ordering::SeqCst);
            // Whoever has gone needs no answer.
            let _ = stream.write_all(&bytes[..length]).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

async fn driver_for(address: &str, home: &tempfile::TempDir) -> (Driver, Settings) {
    let root = home.path().join("home");
    std::fs::create_dir_all(root.join("providers.d")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    let row = format!(
        "id = \"raw\"\nname = \"Raw\"\nbase_url = \"http://{address}/v1\"\nhosts = [\"127.0.0.1\"]\n\
         auth = \"api-key\"\nkey_env = [\"RAW_API_KEY\"]\nmodels = [\"raw-1\"]\n"
    );
    std::fs::write(root.join("providers.d/raw.toml"), row).unwrap();
    let settings = Settings::load(Some(root), []).unwrap();
    let driver = Driver::open(settings.clone()).unwrap();
    let key = KeySource::Value(Secret::from("sk-raw-secret-key"));
    driver.add_key(&ProviderId::from("raw"), None, key).await.unwrap();
    (driver, settings)
}

#[tokio::test]
async fn fuzz_of_a_stream_that_is_cut_at_every_byte() {
    for chunked in [false, true] {
        let script = script(chunked);
        let length = Arc::new(AtomicUsize::new(0));
        let address = provider(script.bytes.clone(), Arc::clone(&length)).await;
        let home = tempfile::tempdir().unwrap();
        let (driver, settings) = driver_for(&address, &home).await;
        let partner = Partner::find(Wish::default(), &driver, &settings).unwrap();
        let history = Arc::new(History::open(&settings.home).unwrap());
        let (mut cuts, mut whole) = (0, 0);
        for cut in 0..=script.bytes.len() {
            length.store(cut, Ordering::SeqCst);
            // An event counts when its blank line is there, and may count when all of its data is.
            let said = |end: usize| -> String {
                let complete = script.texts.iter().filter(|(complete, _)| complete + end <= cut);
                complete.map(|(_, text)| text.as_str()).collect()
            };
            let (must, may) = (said(BLANK), said(0));
            let mut talk = Talk::new(Arc::clone(&history));
            let at = Timestamp::from_millis(0);
            talk.say("go on", &partner, at).unwrap();
            let question = talk.question();
            let ended = ask(&driver, &partner, &question, |heard| match heard {
                Heard::Began(trail) => talk.begins(&trail, "raw-1", at).unwrap(),
                Heard::Text(text) => talk.hears(&text, at).unwrap(),
            })
            .await;
            let ending = if ended.is_ok() { Ending::Whole } else { Ending::Cut };
            talk.ends(ending).unwrap();
            let id = talk.id().unwrap().to_string();
            let kept = history.conversation(&id).unwrap().unwrap().messages;
            let answer = kept.get(1);
            let text = answer.map(|answer| answer.text.as_str()).unwrap_or_default();
            assert!(
                text == must || text == may,
                "cut at {cut}: {text:?} is neither {must:?} nor {may:?}"
            );
            match &ended {
                Ok(()) => assert!(cut >= script.last, "cut at {cut} and taken for whole"),
                Err(Broken::Cut(_)) => assert!(cut < script.bytes.len() && !text.is_empty(), "cut at {cut}"),
                Err(Broken::Refused(_)) => assert!(text.is_empty(), "cut at {cut}: {text:?} without a mark"),
            }
            if let Some(answer) = answer {
                assert_eq!(answer.ending, ending, "cut at {cut}");
            }
            *(if ended.is_ok() { &mut whole } else { &mut cuts }) += 1;
        }
        let way = if chunked {
            "in chunks"
        } else {
            "until the end of the connection"
        };
        println!("{way}: {cuts} cuts marked, {whole} whole, nothing lost");
        assert!(whole >= 1 && cuts > 300);
    }
}

/// The line end of an event's data, and the blank line after it.
const BLANK: usize = 2;
