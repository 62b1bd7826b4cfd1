//! `run/gateway.json`: where a running gateway of this home can be found.

use std::fs;
use std::io;
use std::path::PathBuf;

use evergrant_engine::failure::Failure;
use serde::{Deserialize, Serialize};

use crate::home::Home;
use crate::{plain_file, private_file};

/// A gateway's address, written down for as long as this lives; hidden from the docs with [`crate::Driver::announce`].
#[derive(Debug)]
pub struct Announcement {
    path: PathBuf,
    written: Vec<u8>,
}

/// What a gateway says of itself.
#[derive(Clone, Copy, Debug)]
pub struct ServingAt<'a> {
    /// Its addresses, as a client would write them.
    pub addresses: &'a [String],
    /// Whether it speaks TLS there.
    pub tls: bool,
    /// What it answers with in `x-evergrant-instance` at `/healthz`.
    pub instance: &'a str,
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
    /// The store that it serves from.
    #[serde(default)]
    store: PathBuf,
    /// Whether it speaks TLS there.
    #[serde(default)]
    tls: bool,
    /// What it answers with at `/healthz`, so that nothing else that listens there is taken for it.
    #[serde(default)]
    instance: String,
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

/// A gateway that this home's processes may use, if it still runs.
pub(crate) struct Claimed {
    /// Where it says that it listens.
    pub(crate) addresses: Vec<String>,
    /// What it answers with at `/healthz`.
    pub(crate) instance: String,
}

/// The gateway that was announced, if it serves from this home's store, and without TLS, whose names are not known here.
pub(crate) fn claimed(home: &Home) -> Option<Claimed> {
    let text = plain_file::read(&path_of(home), LENGTH_MAX).ok()?;
    let written: Written = serde_json::from_slice(&text).ok()?;
    let usable = !written.tls && written.store == home.database() && !written.instance.is_empty();
    usable.then_some(Claimed {
        addresses: written.addresses,
        instance: written.instance,
    })
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
    pub(crate) fn write(home: &Home, serving: &ServingAt<'_>) -> Result<Self, Failure> {
        let path = path_of(home);
        let written = Written {
            address: serving.addresses.first().cloned().unwrap_or_default(),
            addresses: serving.addresses.to_vec(),
            pid: std::process::id(),
            store: home.database().to_owned(),
            tls: serving.tls,
            instance: serving.instance.to_owned(),
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
