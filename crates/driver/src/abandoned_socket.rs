//! Unix sockets in the file system: what a killed process left there, and who may use them.
//!
//! Public for the gateway of the command line, and hidden from the docs: no part of the contract.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use evergrant_engine::failure::{Code, Failure};

/// Removes a socket that nobody listens on any more; anything else is left alone.
pub fn remove(path: &Path) {
    let is_socket = fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if !is_socket {
        return;
    }
    if let Err(error) = UnixStream::connect(path)
        && error.kind() == std::io::ErrorKind::ConnectionRefused
    {
        // If it cannot be removed, listening fails next and says why.
        let _ = fs::remove_file(path);
    }
}

/// Lets nobody but the owner use a socket.
pub fn keep_private(path: &Path) -> Result<(), Failure> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(|error| {
        let message = format!("`{}` could not be kept to its owner: {error}", path.display());
        Failure::new(Code::StorePermission, message)
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_an_abandoned_socket_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let (socket, file) = (directory.path().join("s"), directory.path().join("f"));
        fs::write(&file, "x").unwrap();
        remove(&file);
        assert!(file.exists());
        let listening = UnixListener::bind(&socket).unwrap();
        keep_private(&socket).unwrap();
        assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
        remove(&socket);
        assert!(socket.exists());
        drop(listening);
        remove(&socket);
        assert!(!socket.exists());
    }
}
