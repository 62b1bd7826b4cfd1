//! The files of `deploy/`, as far as a machine without the systems that they are for can check them.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::scratch::Scratch;

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(file)
}

fn text(file: &str) -> String {
    std::fs::read_to_string(deploy(file)).unwrap()
}

/// What a program says, if there is such a program here.
fn said(program: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let both = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&both).into_owned()))
}

#[tokio::test]
async fn what_they_start_can_be_started() {
    let scratch = Scratch::new();
    let help = scratch.run(&["serve", "--help"]).await.expect(0);
    assert!(help.stdout.contains("--listen"), "{help}");
    assert!(text("systemd/evergrant.service").contains("\nExecStart=/usr/local/bin/evergrant serve\n"));
    assert!(text("docker/Dockerfile").contains("\nCMD [\"serve\", \"--listen\", \"0.0.0.0:8787\"]\n"));
    assert!(text("launchd/evergrant.plist").contains("<string>serve</string>"));
}

#[test]
fn systemd_takes_the_units_and_finds_them_closed() {
    let folder = tempfile::tempdir().unwrap();
    // The program need not be installed where the test runs.
    let service = text("systemd/evergrant.service").replace("/usr/local/bin/evergrant", "/bin/true");
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("evergrant.service"), service).unwrap();
    std::fs::write(at("evergrant.socket"), text("systemd/evergrant.socket")).unwrap();
    let units = [at("evergrant.service"), at("evergrant.socket")];
    if let Some((accepted, said)) = said("systemd-analyze", &["verify", "--man=no", &units[0], &units[1]]) {
        assert!(accepted && !said.contains("evergrant."), "{said}");
        let closed = ["security", "--offline=true", "--threshold=20", &units[0]];
        let (closed, said) = self::said("systemd-analyze", &closed).unwrap();
        assert!(closed, "{said}");
    }
}

#[test]
fn the_property_list_is_one() {
    let file = deploy("launchd/evergrant.plist").display().to_string();
    let script = "import plistlib, sys; found = plistlib.load(open(sys.argv[1], 'rb')); \
                  assert found['ProgramArguments'][1] == 'serve' and found['ExitTimeOut'] > 20, found";
    if let Some((accepted, said)) = said("python3", &["-c", script, &file]) {
        assert!(accepted, "{said}");
    }
}

#[test]
fn the_image_has_no_root_and_no_shell() {
    let text = text("docker/Dockerfile");
    let last = text.rsplit("\nFROM ").next().unwrap();
    assert!(last.starts_with("gcr.io/distroless/"), "{last}");
    assert!(
        last.contains("\nUSER 65532:65532\n") && !last.contains("\nRUN "),
        "{last}"
    );
    let after = |start: &str| last.lines().find_map(|line| line.strip_prefix(start)).unwrap();
    let (home, volume) = (after("ENV EVERGRANT_HOME="), after("VOLUME "));
    assert!(
        home.strip_prefix(volume).is_some_and(|below| below.len() > 1),
        "volumes come with modes of their own, and a home that others can read is refused: {home}"
    );
    assert!(
        last.contains(&format!(" --chown=65532:65532 /out{volume} {volume}\n")),
        "{last}"
    );
    let rust = text.lines().find_map(|line| line.strip_prefix("FROM rust:")).unwrap();
    // With another compiler the image would hold a gateway that its profile says nothing of.
    let profiled = std::fs::read_to_string(deploy("../crates/evergrant/profile/compiler")).unwrap();
    let by = profiled.split_whitespace().nth(1).unwrap();
    assert!(rust.starts_with(&format!("{by}-slim-")), "{rust} is not {by}");
}
