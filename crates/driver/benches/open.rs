//! How long opening a home of a hundred thousand credentials takes, until a token can be had of it, and in how much memory.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a measurement")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use evergrant_driver::home::Home;
use evergrant_driver::settings::Settings;
use evergrant_driver::store::{Mode, open};
use evergrant_driver::vault::{KeySource, Vault};
use evergrant_driver::{Driver, Target};
use rusqlite::{Connection, params};

fn main() {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("open"), Some(home)) => opened(Path::new(&home)),
        _ => compare(),
    }
}

/// Opens it in processes of their own, so that nothing is there already.
fn compare() {
    let directory = tempfile::tempdir().unwrap();
    let (small, large) = (directory.path().join("small"), directory.path().join("large"));
    fill(&small, 1);
    fill(&large, CREDENTIALS);
    let measured = |home: &Path| {
        let told = Command::new(std::env::current_exe().unwrap())
            .arg("open")
            .arg(home)
            .output()
            .unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let told = String::from_utf8(told.stdout).unwrap();
        let mut words = told.split_whitespace().map(|word| word.parse::<f64>().unwrap());
        (words.next().unwrap(), words.next().unwrap())
    };
    measured(&small);
    let (secs, megabytes) = measured(&large);
    println!("open\tstore of {CREDENTIALS} credentials, s of processor time\t1\t{secs:.3}");
    println!("open\tstore of {CREDENTIALS} credentials, MB at the most\t200\t{megabytes:.1}");
}

/// What a process does that is asked for one token; prints its seconds and its megabytes.
fn opened(home: &Path) {
    let began = (Instant::now(), on_the_processor());
    let settings = Settings::load(Some(home.to_owned()), []).unwrap();
    let driver = Driver::open(settings).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let target = Target::parse("openai").unwrap();
    let token = runtime.block_on(driver.token(&target, Duration::ZERO)).unwrap();
    assert!(token.access_token.expose().starts_with("sk-"));
    let (wall, used) = (began.0.elapsed(), on_the_processor() - began.1);
    let secs = wall.min(used).as_secs_f64();
    println!("{secs} {}", most_memory());
}

/// A home with so many keys and grants, half of each.
fn fill(root: &Path, count: usize) {
    let home = Home::at(root);
    open(&home, &KeySource::File, Mode::Create).unwrap();
    let vault = Vault::unlock(&home, &KeySource::File).unwrap();
    let mut connection = Connection::open(home.database()).unwrap();
    let transaction = connection.transaction().unwrap();
    for number in 0..count {
        let id = format!("{number:032x}");
        let is_key = number % 2 == 0;
        let material = if is_key {
            format!(r#"{{"api-key":{{"key":"sk-{number:048}"}}}}"#)
        } else {
            grant(number)
        };
        let mut context = b"evergrant credential\0".to_vec();
        context.extend_from_slice(id.as_bytes());
        context.extend_from_slice(&1_u64.to_le_bytes());
        context.extend_from_slice(&1_u32.to_le_bytes());
        let sealed = vault.seal(material.as_bytes(), &context).unwrap();
        let (provider, source) = if is_key {
            ("openai", "added")
        } else {
            ("xai-oauth", "login:browser")
        };
        transaction
            .prepare_cached(INSERT)
            .unwrap()
            .execute(params![
                id,
                provider,
                format!("label-{number}"),
                source,
                sealed,
                STANDING,
                number as i64
            ])
            .unwrap();
    }
    transaction.commit().unwrap();
}

fn grant(number: usize) -> String {
    let token = format!("{number:0200}");
    format!(
        r#"{{"grant":{{"access_token":"{token}","refresh_token":"{token}","id_token":null,"token_type":"Bearer","scope":"openid offline_access","obtained":{{"wall":1800000000000,"boot":1000000,"boot_id":"8f1a2b3c-0000-4000-8000-000000000000"}},"lifetime_millis":21600000,"login":{{"issuer":"https://auth.x.ai","client_id":"b1a00492-073a-47ea-816f-4c329264a828","token_host":"auth.x.ai","subject":"user-{number}","account":null,"at":1800000000000}}}}}}"#
    )
}

/// The most memory that this process has had, in millions of bytes.
fn most_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok())
        .map_or(f64::MAX, |kibibytes| kibibytes * 1_024.0 / 1e6)
}

/// How long this process has been on a processor, all its threads together: what else runs on the machine does not count.
fn on_the_processor() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        time.tv_sec.unsigned_abs(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

const CREDENTIALS: usize = 100_000;

const INSERT: &str = "INSERT INTO credential (id, provider, label, source, priority, generation, epoch, buried, seal, \
    sealed, standing, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, 0, 1, 1, 0, 1, ?5, ?6, ?7, ?7)";

/// One that was used: accepted, and limited once.
const STANDING: &str = r#"{"health":{"is":"ready"},"disabled":false,"strikes":0,"accepted":1,"refused":null,"settled":null,"minted":null,"last_error":null,"rejections":0,"rejected_since":null,"renew_not_before":null}"#;
