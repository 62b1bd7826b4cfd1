//! `exec`: runs a command whose model requests go through the gateway.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use evergrant_driver::settings::{Listen, Settings};
use evergrant_driver::{Code, Driver, Failure, Remedy, Target};
use tokio::process::Command;
use url::Url;

use super::environment::Environment;
use super::exec_child::{Signals, run_to_its_end};
use super::exec_key::RunKey;
use super::exit::Exit;
use super::online;
use super::progress;
use crate::gateway::{ServeOptions, Serving};

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// The provider, or the one credential, that every request goes to [default: whoever serves the request's model]
    #[arg(value_name = "PROVIDER[/LABEL]")]
    target: Option<String>,
    /// The gateway to use [default: the one that serves this home, else one for this run]
    #[arg(long, value_name = "URL", value_parser = address)]
    gateway: Option<Url>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    command: Vec<OsString>,
}

/// Runs it, and ends as it does.
///
/// # Errors
/// A target that is not here, a command that cannot be started, a store that cannot be written.
pub(crate) fn run(typed: &Typed, settings: Settings, environment: &Environment) -> Result<Exit, Failure> {
    let target = typed.target.as_deref().map(Target::parse).transpose()?;
    online::run(async {
        // From here on no signal ends us before the key is taken back.
        let mut signals = Signals::new()?;
        let driver = Driver::open(settings)?;
        if let Some(target) = &target {
            driver.aim(target)?;
        }
        let door = Door::open(&driver, typed.gateway.as_ref(), RunKey::is_given(environment)).await?;
        let key = RunKey::make(&driver, environment, target.as_ref()).await?;
        let command = dressed(&typed.command, &driver, environment, |command| {
            point(command, &door, target.as_ref(), &key, environment);
        });
        let ended = match command {
            Some(command) => run_to_its_end(command, &mut signals).await,
            None => Err(Failure::new(Code::Usage, "there is no command to run")),
        };
        key.revoke().await;
        door.close().await;
        progress::shown("letting a renewal finish", driver.land()).await;
        ended.map(Exit::passed_on)
    })
}

/// Where the command's requests go.
enum Door {
    /// A gateway that others run.
    Theirs(String),
    /// One for this run.
    Ours { serving: Box<Serving>, url: String },
}

impl Door {
    /// Finds a gateway, or starts one on a port that is free.
    async fn open(driver: &Driver, named: Option<&Url>, has_key: bool) -> Result<Self, Failure> {
        if let Some(url) = named {
            if has_key {
                return Ok(Self::Theirs(url.as_str().trim_end_matches('/').to_owned()));
            }
            let proven = proven(driver, url).await.ok_or_else(|| foreign(url))?;
            return Ok(Self::Theirs(format!("http://{proven}")));
        }
        if let Some(url) = driver.running_gateway().await {
            return Ok(Self::Theirs(url));
        }
        let options = ServeOptions::at(vec![Listen::Tcp(([127, 0, 0, 1], 0).into())]);
        let serving = Serving::start(driver.clone(), options).await?;
        driver.stay();
        // It is not announced: it ends with the run, and others would end with it.
        let address = serving.addresses().first().cloned().unwrap_or_default();
        Ok(Self::Ours {
            serving: Box::new(serving),
            url: format!("http://{address}"),
        })
    }

    fn url(&self) -> &str {
        match self {
            Self::Theirs(url) | Self::Ours { url, .. } => url,
        }
    }

    async fn close(self) {
        if let Self::Ours { mut serving, .. } = self {
            serving.close().await;
            serving.drain(DRAIN).await;
        }
    }
}

/// The address at which the gateway of this home that runs now has proved itself. By TLS it would be known by a name, which says
/// nothing of its home.
async fn proven(driver: &Driver, url: &Url) -> Option<SocketAddr> {
    match (url.scheme(), url.host_str(), url.port_or_known_default()) {
        ("http", Some(host), Some(port)) => driver.proven_address(host, port).await,
        (_, _, _) => None,
    }
}

fn foreign(url: &Url) -> Failure {
    let message = format!(
        "`{url}` does not prove to be the gateway of this home, and a key of this home is shown to no other: a key of that \
         gateway is read from `EVERGRANT_CLIENT_KEY`"
    );
    Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
        command: "evergrant key add NAME".to_owned(),
        why: "whoever runs that gateway makes a key, or leave `--gateway` away to use this home's own".to_owned(),
    })
}

/// The command with an environment that holds nothing of ours, and what `pointed` adds.
fn dressed(
    words: &[OsString],
    driver: &Driver,
    environment: &Environment,
    pointed: impl FnOnce(&mut Command),
) -> Option<Command> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments);
    for name in driver.withheld() {
        command.env_remove(name);
    }
    for (name, _) in environment.variables() {
        if name.starts_with("EVERGRANT_") && !NO_SECRETS.contains(&name.as_str()) {
            command.env_remove(name);
        }
    }
    for name in LEAD_PAST_US {
        command.env_remove(name);
    }
    pointed(&mut command);
    Some(command)
}

/// Tells the command where to ask and with which key.
fn point(command: &mut Command, door: &Door, target: Option<&Target>, key: &RunKey, environment: &Environment) {
    let base = match target {
        Some(target) => format!("{}/p/{}", door.url(), segment(target)),
        None => door.url().to_owned(),
    };
    command
        .env("OPENAI_BASE_URL", format!("{base}/v1"))
        .env("ANTHROPIC_BASE_URL", &base);
    for name in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "XAI_API_KEY"] {
        command.env(name, key.expose());
    }
    let Some(host) = Url::parse(door.url())
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
    else {
        return;
    };
    // The way to a gateway on this machine leads through no proxy, and most clients do not know that by themselves.
    if PROXIES.iter().any(|name| environment.value(name).is_some()) {
        for name in ["NO_PROXY", "no_proxy"] {
            let known = environment.value(name).map(|known| format!("{known},"));
            command.env(name, format!("{}{host}", known.unwrap_or_default()));
        }
    }
}

/// `PROVIDER` or `PROVIDER@LABEL` as one segment of a path.
fn segment(target: &Target) -> String {
    let Some(label) = &target.label else {
        return target.provider.to_string();
    };
    let mut segment = format!("{}@", target.provider);
    for byte in label.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

/// An address of a gateway: without a user, whose password would stand in the command line.
fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("no address like `http://127.0.0.1:8787`: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
        return Err("not of the form `http://HOST:PORT` or `https://HOST:PORT`".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("a gateway's address ends with its port: `/v1` is added where a client wants it".to_owned());
    }
    Ok(url)
}

/// What of ours a command may know: where the home is, and how much is logged.
const NO_SECRETS: [&str; 2] = ["EVERGRANT_HOME", "EVERGRANT_LOG"];

/// What clients prefer to the variables that are set here: an old name of the base, and a token beside the key.
const LEAD_PAST_US: [&str; 2] = ["OPENAI_API_BASE", "ANTHROPIC_AUTH_TOKEN"];

/// Where a proxy may be named.
const PROXIES: [&str; 6] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// 2 s for what a command that has ended left under way: nobody waits for its answer.
const DRAIN: Duration = Duration::from_secs(2);

const EXAMPLES: &str = "\
Examples:
  evergrant exec -- python agent.py
  evergrant exec xai-oauth -- codex                     every request goes to this provider
  evergrant exec openai/work -- sh -c 'echo $OPENAI_BASE_URL'
  EVERGRANT_CLIENT_KEY=... evergrant exec --gateway https://gate.example -- CMD

The exit code is the command's: 128 + n if signal n ended it.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_one_segment() {
        let check = |text: &str, expected: &str| assert_eq!(segment(&Target::parse(text).unwrap()), expected);
        check("xai", "xai");
        check("xai/work", "xai@work");
        check("xai/me@acme.example", "xai@me@acme.example");
        check("xai/a b/ü", "xai@a%20b%2F%C3%BC");
    }

    #[test]
    fn an_address_has_neither_user_nor_path() {
        assert!(address("http://127.0.0.1:8787").is_ok());
        assert!(address("https://gate.example/").is_ok());
        for bad in [
            "127.0.0.1:8787",
            "http://a:b@h",
            "http://h/v1",
            "ftp://h",
            "http://h/?q",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}
