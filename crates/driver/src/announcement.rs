//! `run/gateway.json`: where a running gateway of this home can be found.

use std::fs;
use std::path::PathBuf;

use evergrant_engine::failure::Failure;
use serde::{Deserialize, Serialize};

use crate::home::Home;
use crate::private_file;

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

impl Announcement {
    /// Writes the addresses down, as a whole and in place of what another gateway wrote.
    pub(crate) fn write(home: &Home, addresses: &[String]) -> Result<Self, Failure> {
        let path = home.run().join("gateway.json");
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
