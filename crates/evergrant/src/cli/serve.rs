//! `serve`: the gateway that agents speak to as to their provider.

use std::path::PathBuf;

use clap::Args;
use evergrant_driver::settings::{AccessLog, Listen, LogForm, Settings};
use evergrant_driver::{CertificateFiles, Code, Driver, Failure, Remedy};
use serde::Serialize;

use super::colours;
use super::console::Console;
use super::exit::Exit;
use super::online;
use crate::gateway::{ServeOptions, ServiceManager, inherited_sockets, serve};
use crate::traces::Traces;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// Where to listen: 127.0.0.1:8787, [::1]:0 or unix:PATH; may be repeated [default: as configured, else 127.0.0.1:8787]
    #[arg(long, value_name = "ADDR")]
    listen: Vec<Listen>,
    /// The store to use instead of the home's own
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// The certificate to speak TLS with, in PEM; read again when it changes
    #[arg(long, value_name = "F", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key, in PEM
    #[arg(long, value_name = "F", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Keep a line for each request: json or text [default: as configured, else none]
    #[arg(long, value_name = "FORM")]
    access_log: Option<LogForm>,
    /// Where to keep it; SIGHUP opens the file again [default: as configured, else stdout]
    #[arg(long, value_name = "FILE")]
    access_log_file: Option<PathBuf>,
}

impl Typed {
    fn meant(&self, settings: Settings) -> Result<(Settings, ServeOptions), Failure> {
        let settings = match &self.store {
            Some(url) => settings.with_store(url)?,
            None => settings,
        };
        let mut serve = settings.serve.clone();
        if let (Some(certificate), Some(key)) = (&self.tls_cert, &self.tls_key) {
            serve.certificate = Some(CertificateFiles {
                certificate: certificate.clone(),
                key: key.clone(),
            });
        }
        let inherited = inherited_sockets()?;
        let listen = match self.listen.as_slice() {
            // Whoever listens for us has said where.
            [] if !inherited.is_empty() => Vec::new(),
            [] => settings.listen.clone(),
            typed => typed.to_vec(),
        };
        let manager = ServiceManager::named(|name| settings.environment.value(name));
        let options = ServeOptions {
            listen,
            inherited,
            serve,
            access_log: self.access_log(&settings)?,
            manager,
        };
        Ok((settings, options))
    }

    fn access_log(&self, settings: &Settings) -> Result<Option<AccessLog>, Failure> {
        let configured = settings.access_log.clone();
        let form = self.access_log.or(configured.as_ref().map(|log| log.form));
        let file = self.access_log_file.clone();
        match form {
            Some(form) => {
                let file = file.or(configured.and_then(|log| log.file));
                Ok(Some(AccessLog { form, file }))
            }
            None if file.is_none() => Ok(None),
            None => {
                let message = "`--access-log-file` needs `--access-log json` or `--access-log text`";
                Err(Failure::new(Code::Usage, message).with_remedy(Remedy::ChangeRequest))
            }
        }
    }
}

#[derive(Serialize)]
struct ListeningShape<'a> {
    event: &'static str,
    address: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tls: bool,
}

/// Serves until it is told to end, then drains.
///
/// # Errors
/// An address that cannot be had, a store that cannot be opened.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console, traces: &Traces) -> Result<Exit, Failure> {
    let (settings, options) = typed.meant(settings)?;
    let tls = options.serve.certificate.is_some();
    online::run(async {
        traces.begin(&settings.network)?;
        let driver = Driver::open(settings)?;
        let served = serve(driver, options, |address| announce(address, tls, console)).await;
        traces.finish().await;
        served.map(|()| Exit::DONE)
    })
}

fn announce(address: &str, tls: bool, console: &Console) {
    let tls = tls && !address.starts_with("unix:");
    if console.json() {
        let event = "listening";
        // It serves even if nobody reads where.
        let _ = console.document(&ListeningShape { event, address, tls });
    } else {
        let address = console.paint_note(colours::COMMAND, address);
        let how = if tls { " with TLS" } else { "" };
        console.note(&format!("listening on {address}{how}"));
    }
}

const EXAMPLES: &str = "\
Examples:
  evergrant serve                                  then: OPENAI_BASE_URL=http://127.0.0.1:8787/v1
  evergrant serve --listen unix:/run/evergrant.sock
  evergrant serve --tls-cert cert.pem --tls-key key.pem
  evergrant serve --listen 127.0.0.1:0 --json      any free port, told as an event";
