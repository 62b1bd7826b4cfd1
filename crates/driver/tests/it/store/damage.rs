//! Homes, keys and stores that are missing, damaged, foreign, newer or locked away: told apart, and nothing is written.

use std::fs;
use std::path::Path;
use std::process::Command;

use evergrant_driver::home::Home;
use evergrant_driver::store::{Changes, Mode, Store, StoreFault};
use evergrant_driver::vault::KeySource;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{ClaimState, Health, Standing};
use rusqlite::Connection;

use super::fixture::{Bench, SqliteBench, access_token, commit, make_private, moment, placed};

/// The bytes of a file that this process may hold open: read by another one, so that no lock is lost.
fn bytes(path: &Path) -> Vec<u8> {
    let output = Command::new("cat").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", path.display());
    output.stdout
}

pub(crate) const MODES: [Mode; 3] = [Mode::ReadOnly, Mode::ReadWrite, Mode::Create];

#[test]
fn a_missing_store_is_missing_and_stays_so() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path().join("home"));
    for mode in [Mode::ReadOnly, Mode::ReadWrite] {
        let fault = evergrant_driver::store::open(&home, &KeySource::File, mode)
            .err()
            .unwrap();
        assert_eq!(Failure::from(fault).code, Code::StoreMissing);
        assert!(!home.root().exists());
    }
    let bench = SqliteBench::new();
    fs::remove_file(bench.home.database()).unwrap();
    assert!(matches!(
        bench.try_open(Mode::ReadWrite),
        Err(StoreFault::Missing { .. })
    ));
    assert!(!bench.home.database().exists());
}

#[test]
fn a_damaged_store_is_told_and_left_as_it_is() {
    let bench = SqliteBench::new();
    placed(&*bench.open());
    let good = fs::read(bench.home.database()).unwrap();
    let mut damaged = vec![b"not a database".to_vec(), vec![0; 8_192], Vec::new()];
    // Where only zeros are lost, SQLite reads zeros there, and nothing is.
    let harmful = (1..good.len())
        .step_by(511)
        .filter(|length| good[*length..].iter().any(|byte| *byte != 0));
    damaged.extend(harmful.map(|length| good[..length].to_vec()));
    // Pages of rubbish behind a good first one.
    damaged.push([&good[..4_096], &vec![0x5a; good.len() - 4_096]].concat());
    for contents in damaged {
        fs::write(bench.home.database(), &contents).unwrap();
        for mode in MODES {
            let fault = bench.try_open(mode).err();
            assert!(
                matches!(fault, Some(StoreFault::Corrupt { .. })),
                "{} bytes: {fault:?}",
                contents.len()
            );
            assert_eq!(fs::read(bench.home.database()).unwrap(), contents);
        }
    }
    fs::write(bench.home.database(), &good).unwrap();
    assert_eq!(bench.open().records().unwrap().len(), 1);
}

#[test]
fn a_damaged_row_is_no_missing_row() {
    let bench = SqliteBench::new();
    let record = placed(&*bench.open());
    let alter = |sql: &str| {
        let connection = Connection::open(bench.home.database()).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    for (damage, repair) in [
        ("generation = generation + 1", "generation = generation - 1"),
        ("standing = '{' || standing", "standing = substr(standing, 2)"),
        ("source = 'x' || source", "source = substr(source, 2)"),
        ("seal = 2", "seal = 1"),
        ("buried = 1", "buried = 0"),
        ("epoch = -1", "epoch = 1"),
        ("label = x'ff'", "label = 'default'"),
    ] {
        alter(&format!("UPDATE credential SET {damage}"));
        let store = bench.open();
        for fault in [
            store.records().err(),
            store.record(&record.id).err(),
            store.prioritise(&record.id, 1).err(),
        ] {
            assert!(matches!(fault, Some(StoreFault::Corrupt { .. })), "{damage}: {fault:?}");
        }
        alter(&format!("UPDATE credential SET {repair}"));
        assert_eq!(store.record(&record.id).unwrap().unwrap(), record, "{damage}");
    }
}

#[test]
fn another_programs_database_is_refused() {
    let bench = SqliteBench::new();
    fs::remove_file(bench.home.database()).unwrap();
    Connection::open(bench.home.database())
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    make_private(bench.home.database());
    for mode in MODES {
        assert!(matches!(bench.try_open(mode), Err(StoreFault::Corrupt { .. })));
    }
}

#[test]
fn a_newer_major_is_refused_and_a_newer_minor_loses_nothing() {
    let bench = SqliteBench::new();
    let record = placed(&*bench.open());
    let alter = |sql: &str| {
        Connection::open(bench.home.database())
            .unwrap()
            .execute_batch(sql)
            .unwrap()
    };
    alter("PRAGMA user_version = 2");
    for mode in MODES {
        let fault = bench.try_open(mode).err().unwrap();
        assert!(
            matches!(fault, StoreFault::Newer { found: 2, known: 1, .. }),
            "{fault:?}"
        );
        assert_eq!(Failure::from(fault).code, Code::StoreNewer);
    }
    alter(
        "PRAGMA user_version = 1; UPDATE meta SET value = 7 WHERE name = 'minor';
         ALTER TABLE credential ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey';
         ALTER TABLE claim ADD COLUMN weight INTEGER;
         CREATE TABLE later (x); UPDATE credential SET colour = 'green',
             standing = json_set(standing, '$.mood', 'calm', '$.health.phase', 'new moon');",
    );
    let store = bench.open();
    let cooling = Standing {
        health: Health::NeedsLogin { why: "why".to_owned() },
        ..Standing::default()
    };
    assert!(store.stand(&record.fence(), &cooling).unwrap());
    store
        .commit(&commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2"))
        .unwrap();
    placed(&*store);
    drop(store);
    let colours: Vec<String> = Connection::open(bench.home.database())
        .unwrap()
        .prepare("SELECT colour FROM credential ORDER BY created_at, label")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(colours, ["green", "grey"]);
    let mood: Option<String> = Connection::open(bench.home.database())
        .unwrap()
        .query_row(
            "SELECT standing ->> '$.mood' FROM credential WHERE id = ?1",
            [record.id.as_str()],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(mood.as_deref(), Some("calm"), "two writes later");
}

#[test]
fn an_older_minor_is_read_as_it_is_and_completed_by_who_writes() {
    let bench = SqliteBench::new();
    let record = placed(&*bench.open());
    let alter = |sql: &str| {
        Connection::open(bench.home.database())
            .unwrap()
            .execute_batch(sql)
            .unwrap()
    };
    alter(
        "UPDATE meta SET value = 0 WHERE name = 'minor'; DROP TABLE revocation;
         ALTER TABLE credential DROP COLUMN logout_epoch; DELETE FROM meta WHERE name = 'gone';
         DROP TRIGGER credential_made; DROP TRIGGER credential_amended; DROP TRIGGER credential_gone;
         DROP INDEX credential_changed; ALTER TABLE credential DROP COLUMN changed; DROP TABLE client_key;
         DROP TRIGGER claim_pruned; DROP TABLE closed_claim;",
    );
    let reader = bench.try_open(Mode::ReadOnly).unwrap();
    assert!(matches!(reader.changes(None).unwrap(), Changes::All(_, None)));
    assert_eq!(reader.records().unwrap(), std::slice::from_ref(&record));
    assert_eq!(reader.revocations().unwrap(), []);
    assert_eq!(reader.client_keys().unwrap(), []);
    assert_eq!(reader.view(&record.id).unwrap().claim, None);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let home = bench.home.clone();
            std::thread::spawn(move || {
                evergrant_driver::store::open(&home, &KeySource::File, Mode::ReadWrite).map(|_| ())
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap().unwrap();
    }
    let Changes::All(_, Some(mark)) = reader.changes(None).unwrap() else {
        panic!("its changes are counted from now on")
    };
    bench.open().log_out(&record.id, moment(9).wall).unwrap();
    assert_eq!(reader.revocations().unwrap().len(), 2);
    assert!(matches!(reader.changes(Some(mark)).unwrap(), Changes::Of(changed, _) if changed.len() == 1));
}

#[test]
fn what_an_older_minor_prunes_stays_closed() {
    let bench = SqliteBench::new();
    let record = placed(&*bench.open());
    let renewal = commit(&*bench.open(), record.fence(), "refresh-1", "access-2", "refresh-2");
    bench.open().commit(&renewal).unwrap();
    Connection::open(bench.home.database())
        .unwrap()
        .execute_batch("DELETE FROM claim WHERE state = 'spent'")
        .unwrap();
    let claim = bench.open().claim_of(&renewal.spent).unwrap().unwrap();
    assert_eq!(claim.state, ClaimState::Spent);
}

#[test]
fn a_wrong_or_missing_key_opens_nothing_and_makes_nothing() {
    let bench = SqliteBench::new();
    placed(&*bench.open());
    let before = fs::read(bench.home.database()).unwrap();
    let key = fs::read(bench.home.key()).unwrap();
    let undecryptable = |source: &KeySource| {
        for mode in MODES {
            let fault = evergrant_driver::store::open(&bench.home, source, mode).err().unwrap();
            assert!(
                matches!(fault, StoreFault::Undecryptable { .. }),
                "{source:?}: {fault:?}"
            );
        }
        assert_eq!(fs::read(bench.home.database()).unwrap(), before);
    };
    let environment = |value: Option<&str>| KeySource::Environment {
        name: "STORE_KEY".to_owned(),
        value: value.map(Secret::from),
    };
    undecryptable(&environment(Some(&"00".repeat(32))));
    undecryptable(&environment(Some("short")));
    undecryptable(&environment(None));
    undecryptable(&KeySource::Passphrase(Some(Secret::from("guess"))));
    undecryptable(&KeySource::Keyring);
    fs::write(bench.home.key(), "garbage").unwrap();
    undecryptable(&KeySource::File);
    fs::remove_file(bench.home.key()).unwrap();
    undecryptable(&KeySource::File);
    assert!(
        !bench.home.key().exists(),
        "a new key beside an old store would help nobody"
    );
    let text = String::from_utf8(key).unwrap();
    evergrant_driver::store::open(&bench.home, &environment(Some(&text)), Mode::ReadWrite).unwrap();
}

#[test]
fn a_passphrase_opens_what_it_made() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path().join("home"));
    let source = |passphrase: &str| KeySource::Passphrase(Some(Secret::from(passphrase)));
    placed(&*evergrant_driver::store::open(&home, &source("correct horse"), Mode::Create).unwrap());
    let store = evergrant_driver::store::open(&home, &source("correct horse"), Mode::ReadWrite).unwrap();
    assert_eq!(access_token(&store.records().unwrap()[0]), "access-1");
    for wrong in [source("battery staple"), KeySource::Passphrase(None), KeySource::File] {
        let fault = evergrant_driver::store::open(&home, &wrong, Mode::ReadWrite)
            .err()
            .unwrap();
        assert!(matches!(fault, StoreFault::Undecryptable { .. }), "{fault:?}");
    }
}

#[test]
fn two_who_make_the_home_at_once_agree() {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path().join("home"));
    let opened: Vec<_> = std::thread::scope(|scope| {
        let open = || evergrant_driver::store::open(&home, &KeySource::File, Mode::Create).unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    placed(&*opened[0]);
    for store in &opened {
        assert_eq!(store.records().unwrap().len(), 1);
    }
}

#[test]
fn no_secret_lies_in_any_file() {
    let bench = SqliteBench::new();
    let store = bench.open();
    let record = placed(&*store);
    let journal = store.prepare_journal(&record.id).unwrap();
    journal
        .write(&commit(&*store, record.fence(), "refresh-1", "access-2", "refresh-2"))
        .unwrap();
    let copy = bench.copy();
    let mut files = 0;
    for directory in [copy.home.root().to_owned(), copy.home.locks()] {
        for entry in fs::read_dir(directory)
            .unwrap()
            .map(Result::unwrap)
            .filter(|entry| entry.path().is_file())
        {
            let contents = fs::read(entry.path()).unwrap();
            for secret in ["access-1", "refresh-1", "access-2", "refresh-2"] {
                let found = contents.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret} in {:?}", entry.path());
            }
            files += 1;
        }
    }
    assert!(files >= 4, "{files} files were searched");
}

#[test]
fn looking_changes_no_byte_of_the_store() {
    let bench = SqliteBench::new();
    let running = bench.open();
    let record = placed(&*running);
    // Beside a running process, and on what a kill leaves, with and without the shared index.
    let (killed, without_index) = (bench.copy(), bench.copy());
    fs::remove_file(without_index.beside("-shm")).unwrap();
    assert!(fs::metadata(killed.beside("-wal")).unwrap().len() > 0);
    for home in [&bench, &killed, &without_index] {
        let before = [bytes(home.home.database()), bytes(&home.beside("-wal"))];
        for _ in 0..3 {
            let store = home.try_open(Mode::ReadOnly).unwrap();
            assert_eq!(store.records().unwrap(), std::slice::from_ref(&record));
            store.version().unwrap();
            store.open_claims().unwrap();
        }
        assert_eq!([bytes(home.home.database()), bytes(&home.beside("-wal"))], before);
    }
    drop(running);
    assert!(
        !bench.beside("-wal").exists(),
        "who writes tidies up when it is the last"
    );
    let before = fs::read(bench.home.database()).unwrap();
    let store = bench.try_open(Mode::ReadOnly).unwrap();
    assert_eq!(store.records().unwrap(), [record]);
    assert!(matches!(
        store.prioritise(&"x".into(), 1),
        Err(StoreFault::Unwritable { .. })
    ));
    drop(store);
    assert_eq!(fs::read(bench.home.database()).unwrap(), before);
}

#[test]
fn a_reader_sees_what_is_written_while_it_looks() {
    let bench = SqliteBench::new();
    let looking = bench.try_open(Mode::ReadOnly).unwrap();
    let before = looking.version().unwrap();
    let writer = bench.open();
    placed(&*writer);
    assert_ne!(looking.version().unwrap(), before);
    assert_eq!(looking.records().unwrap().len(), 1);
}

#[test]
fn a_store_that_is_held_is_locked_and_not_damaged() {
    let bench = SqliteBench::new();
    let store = bench.open();
    let record = placed(&*store);
    let other = Connection::open(bench.home.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let fault = store.prioritise(&record.id, 1).unwrap_err();
    assert!(matches!(fault, StoreFault::Locked { .. }), "{fault:?}");
    assert_eq!(Failure::from(fault).code.exit(), 5);
    assert_eq!(store.records().unwrap().len(), 1, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    store.prioritise(&record.id, 1).unwrap();
}
