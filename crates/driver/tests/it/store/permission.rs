//! Homes, keys and stores that others can reach, that belong to others, or that may not be read or written.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use evergrant_driver::home::Home;
use evergrant_driver::store::{Mode, Store, StoreFault};
use evergrant_driver::vault::{KeySource, Vault};
use evergrant_engine::failure::{Code, Failure};

use super::damage::MODES;
use super::fixture::{Bench, SqliteBench, access_token, moment, placed};

/// 65534: `nobody` on every Linux.
const NOBODY: u32 = 65_534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[track_caller]
fn refused_with(bench: &SqliteBench, fix: &str) {
    for mode in MODES {
        let failure = Failure::from(bench.try_open(mode).err().unwrap());
        assert_eq!(failure.code, Code::StorePermission, "{failure:?}");
        let command = failure.remedy.unwrap().command().unwrap();
        assert!(command.starts_with(fix), "{command}");
    }
}

#[test]
fn what_others_can_reach_is_refused() {
    let bench = SqliteBench::new();
    let places: [(PathBuf, u32); 3] = [
        (bench.home.root().into(), 0o700),
        (bench.home.database().into(), 0o600),
        (bench.home.key(), 0o600),
    ];
    for (path, good) in places {
        for bits in [0o040, 0o004, 0o020, 0o001] {
            set_mode(&path, good | bits);
            refused_with(&bench, &format!("chmod {good:o} {}", path.display()));
        }
        set_mode(&path, good);
        bench.open();
    }
}

#[test]
fn what_belongs_to_another_is_refused() {
    if !is_root() {
        // Only root can give a file away; but the root directory is root's.
        assert!(matches!(Home::at("/").check(), Err(StoreFault::Permission { .. })));
        return;
    }
    let bench = SqliteBench::new();
    for path in [
        bench.home.root().to_owned(),
        bench.home.database().to_owned(),
        bench.home.key(),
    ] {
        chown(&path, Some(NOBODY), None).unwrap();
        // Root needs no `sudo`, and many a container has none.
        refused_with(&bench, "chown 0 ");
        chown(&path, Some(0), None).unwrap();
        bench.open();
    }
}

#[test]
fn links_in_place_of_store_and_key_are_refused() {
    let bench = SqliteBench::new();
    for path in [bench.home.database().to_owned(), bench.home.key()] {
        let moved = bench.home.root().join("moved");
        fs::rename(&path, &moved).unwrap();
        symlink(&moved, &path).unwrap();
        refused_with(&bench, "mv ");
        fs::rename(&moved, &path).unwrap();
        bench.open();
    }
}

/// Runs as someone whom file modes bind, on a home that is theirs.
fn as_ordinary_user(bench: &SqliteBench, work: impl FnOnce() + Send) {
    if !is_root() {
        return work();
    }
    let own = Command::new("chown")
        .arg("-R")
        .arg(NOBODY.to_string())
        .arg(bench.home.root())
        .status()
        .unwrap();
    assert!(own.success());
    set_mode(bench.home.root().parent().unwrap(), 0o711);
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let nobody = rustix::process::Uid::from_raw(NOBODY);
            // On Linux this binds this thread alone.
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
            work();
        });
        thread.join().unwrap();
    });
}

#[test]
fn a_read_only_home_can_be_looked_at() {
    let bench = SqliteBench::new();
    placed(&*bench.open());
    as_ordinary_user(&bench, || {
        set_mode(bench.home.root(), 0o500);
        set_mode(bench.home.database(), 0o400);
        let store = bench.try_open(Mode::ReadOnly).unwrap();
        assert_eq!(access_token(&store.records().unwrap()[0]), "access-1");
        store.version().unwrap();
        let fault = bench.try_open(Mode::ReadWrite).err().unwrap();
        assert!(
            matches!(fault, StoreFault::Unwritable { .. } | StoreFault::Permission { .. }),
            "{fault:?}"
        );
        set_mode(bench.home.root(), 0o700);
    });
}

#[test]
fn a_read_only_home_with_an_unfinished_log_is_not_read_as_if_it_had_none() {
    let bench = SqliteBench::new();
    let running = bench.open();
    placed(&*running);
    let killed = bench.copy();
    fs::remove_file(killed.beside("-shm")).unwrap();
    as_ordinary_user(&killed, || {
        set_mode(killed.home.root(), 0o500);
        let fault = killed.try_open(Mode::ReadOnly).err().unwrap();
        assert!(matches!(fault, StoreFault::Unwritable { .. }), "{fault:?}");
        set_mode(killed.home.root(), 0o700);
        assert_eq!(killed.try_open(Mode::ReadOnly).unwrap().records().unwrap().len(), 1);
    });
}

#[test]
fn an_unreadable_key_or_store_is_a_matter_of_permission() {
    let bench = SqliteBench::new();
    placed(&*bench.open());
    as_ordinary_user(&bench, || {
        for path in [
            bench.home.key(),
            bench.home.database().to_owned(),
            bench.home.root().to_owned(),
        ] {
            let before = fs::metadata(&path).unwrap().permissions();
            set_mode(&path, 0);
            let fault = bench.try_open(Mode::ReadOnly).err().unwrap();
            assert!(
                matches!(fault, StoreFault::Permission { .. }),
                "{}: {fault:?}",
                path.display()
            );
            fs::set_permissions(&path, before).unwrap();
        }
        bench.try_open(Mode::ReadOnly).unwrap();
    });
}

#[test]
fn everything_in_the_home_is_ours_alone() {
    let bench = SqliteBench::new();
    let store = bench.open();
    let record = placed(&*store);
    let _journal = store.prepare_journal(&record.id).unwrap();
    let name = evergrant_driver::store::LockName::Credential(record.id);
    let owner = evergrant_driver::store::this_process(moment(0).wall);
    let _held = bench.open().try_lock(&name, &owner).unwrap();
    for directory in [bench.home.root().to_owned(), bench.home.locks()] {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
            assert_eq!(mode, 0, "{:?}", entry.path());
        }
    }
}

#[test]
fn a_vault_of_a_home_of_someone_else_is_not_even_read() {
    let bench = SqliteBench::new();
    set_mode(bench.home.root(), 0o755);
    assert!(matches!(
        Vault::unlock(&bench.home, &KeySource::File),
        Err(StoreFault::Permission { .. })
    ));
}
