//! A provider of one's own: its row is a file of the home, and its key is kept there or read from a variable at each use.
//!
//! `ACME_KEY=... cargo run -p evergrant-driver --example custom_provider -- HOME BASE_URL`
#![allow(clippy::print_stdout, reason = "an example shows what it gets")]

use std::error::Error;
use std::path::Path;

use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, KeySource, Target};

/// Writes the row of a provider that takes API keys. A mistake in it is told with file, line and key when the home is loaded.
pub(crate) fn write_row(home: &Path, id: &str, base_url: &str, host: &str) -> Result<(), Box<dyn Error>> {
    let row = format!(
        "id = \"{id}\"\n\
         name = \"A provider of my own\"\n\
         base_url = \"{base_url}\"\n\
         hosts = [\"{host}\"]\n\
         auth = \"api-key\"\n\
         models = [\"{id}-*\"]\n\
         \n\
         # What it says when a key is refused, in its own words.\n\
         [[signal]]\n\
         name = \"{id}-key-refused\"\n\
         channel = \"inference\"\n\
         status = [418]\n\
         contains = \"no such key\"\n\
         verdict = \"unauthenticated\"\n"
    );
    let folder = home.join("providers.d");
    std::fs::create_dir_all(&folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o700))?;
    }
    std::fs::write(folder.join(format!("{id}.toml")), row)?;
    Ok(())
}

/// Keeps a reference to the variable that holds the key, and answers the key as a request would be sent with it.
pub(crate) async fn key_of(driver: &Driver, id: &str, variable: &str) -> Result<String, Box<dyn Error>> {
    let key = KeySource::Variable(variable.to_owned());
    driver.add_key(&id.into(), None, key).await?;
    let token = driver.token(&Target::parse(id)?, std::time::Duration::ZERO).await?;
    Ok(token.access_token.expose().clone())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [home, base_url] = arguments.as_slice() else {
        return Err("two words are needed: HOME BASE_URL".into());
    };
    let host = base_url.parse::<http::Uri>()?.host().unwrap_or_default().to_owned();
    write_row(Path::new(home), "acme", base_url, &host)?;
    let settings = Settings::load(Some(home.into()), std::env::vars())?;
    for provider in evergrant_driver::providers(&settings)? {
        println!("{}: {} ({})", provider.id, provider.name, provider.origin);
    }
    let key = key_of(&Driver::open(settings)?, "acme", "ACME_KEY").await?;
    println!("the key has {} characters", key.len());
    Ok(())
}
