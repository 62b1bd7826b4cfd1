//! `run/gateway.json`: where a running gateway of this home can be found.

use std::fs;
use std::io;
use std::path::PathBuf;

use evergrant_engine::failure::Failure;
use serde::{Deserialize, Serialize};

use crate::home::Home;
use crate::{plain_file, private_file};

/// A gateway's address, written down for as long as this lives.
#[derive(Debug)]
pub struct Announcement {
    path: PathBuf,
    written: Vec<u8>,
}

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    /// The first address, as a client would write it.
    address: String,
    /// All of them.
    addresses: Vec<String>,
    /// The process.
    pid: u32,
}

/// What a home says of a running gateway.
pub(crate) enum Announced {
    /// Nothing.
    Nothing,
    /// Something that does not read, and why.
    Unreadable(String),
    /// There is, or was, one.
    At {
        /// Its first address.
        address: String,
        /// Its process.
        pid: u32,
    },
}

/// Where the announcement is, and what it says.
pub(crate) fn announced(home: &Home) -> (PathBuf, Announced) {
    let path = path_of(home);
    let found = match plain_file::read(&path, LENGTH_MAX) {
        Ok(text) => match serde_json::from_slice::<Written>(&text) {
            Ok(written) => Announced::At {
                address: written.address,
                pid: written.pid,
            },
            Err(error) => Announced::Unreadable(error.to_string()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Announced::Nothing,
        Err(error) => Announced::Unreadable(error.to_string()),
    };
    (path, found)
}

impl Announcement {
    /// Writes the addresses down, as a whole and in place of what another gateway wrote.
    pub(crate) fn write(home: &Home, addresses: &[String]) -> Result<Self, Failure> {
        let path = path_of(home);
        let written = Written {
            address: addresses.first().cloned().unwrap_or_default(),
            addresses: addresses.to_vec(),
            pid: std::process::id(),
        };
        let written = serde_json::to_vec(&written).unwrap_or_default();
        private_file::replace(&path, &written)?;
        Ok(Self { path, written })
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        // A gateway that came later has written its own, which stays.
        if fs::read(&self.path).is_ok_and(|found| found == self.written) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn path_of(home: &Home) -> PathBuf {
    home.run().join("gateway.json")
}

/// 64 KiB: some addresses.
const LENGTH_MAX: u64 = 64 * 1024;
