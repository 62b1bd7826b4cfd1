//! A home and a store in places of one's own, apart from those of the person who runs the program.
//!
//! `cargo run -p evergrant-driver --example custom_store -- HOME DATABASE`
#![allow(clippy::print_stdout, reason = "an example shows what it gets")]

use std::error::Error;
use std::path::Path;

use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, holdings};

/// The settings of a home there, with its store in another file: an absolute path, or a name within the home. Nothing is
/// made yet, and no environment is read but what is handed in.
pub(crate) fn settings(home: &Path, database: &Path) -> Result<Settings, Box<dyn Error>> {
    let mut settings = Settings::load(Some(home.to_owned()), [])?;
    settings.home = settings.home.with_database(database);
    Ok(settings)
}

/// Opens it, which makes home, key and store where there are none.
pub(crate) fn open(home: &Path, database: &Path) -> Result<Driver, Box<dyn Error>> {
    Ok(Driver::open(settings(home, database)?)?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [home, database] = arguments.as_slice() else {
        return Err("two words are needed: HOME DATABASE".into());
    };
    let (home, database) = (Path::new(home), Path::new(database));
    let driver = open(home, database)?;
    // A process that stays keeps its grants fresh from now on.
    driver.stay();
    // Whoever only looks changes nothing, and needs no driver.
    for account in holdings(&settings(home, database)?)?.accounts {
        println!("{}/{}: {}", account.provider, account.label, account.health);
    }
    Ok(())
}
