//! What a journal on the disk is taken for.

use super::*;

fn bench() -> (tempfile::TempDir, Home, Vault, CredentialId) {
    let directory = tempfile::tempdir().unwrap();
    let home = Home::at(directory.path().join("home"));
    home.create().unwrap();
    (
        directory,
        home,
        Vault::from_bytes([7; 32], "test"),
        CredentialId::from("abc"),
    )
}

/// What a version wrote that seals the same way, and says more than this one knows.
fn sealed(vault: &Vault, id: &CredentialId, plain: &[u8]) -> Vec<u8> {
    let sealed = vault.seal(plain, &context_of(id)).unwrap();
    let length = u32::try_from(sealed.len()).unwrap();
    let mut whole = [MARK.as_slice(), &length.to_le_bytes(), &sealed].concat();
    whole.resize(ROOM, 0);
    whole
}

#[test]
fn an_answer_of_a_newer_version_is_kept_and_told() {
    let (_directory, home, vault, id) = bench();
    let path = path_of(&home, &id);
    let mut later = b"egjrnl02".to_vec();
    later.resize(ROOM, 3);
    for written in [later, sealed(&vault, &id, b"{\"answer\":\"in another form\"}")] {
        private_file::replace(&path, &written).unwrap();
        assert!(matches!(find(&home, &vault, &id), Ok(Found::Newer(2))));
        let refused = Journal::prepare(&home, &vault, &id).err().unwrap();
        assert!(
            matches!(refused, StoreFault::Newer { found: 2, known: 1, .. }),
            "{refused}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), written, "not one byte of it is lost");
    }
}

#[test]
fn room_and_a_torn_answer_may_be_written_over() {
    let (_directory, home, vault, id) = bench();
    let path = path_of(&home, &id);
    let whole = sealed(&vault, &id, b"{}");
    let mut torn = whole.clone();
    torn[40] ^= 1;
    for written in [
        vec![0; ROOM],
        torn,
        whole[..30].to_vec(),
        b"egjrnl00".to_vec(),
        b"egjrnl".to_vec(),
    ] {
        private_file::replace(&path, &written).unwrap();
        assert!(matches!(find(&home, &vault, &id), Ok(Found::Room)));
        Journal::prepare(&home, &vault, &id).unwrap().remove().unwrap();
        assert!(!path.exists());
    }
}
