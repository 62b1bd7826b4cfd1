//! `sandbox`: the breakable provider, to try agents and evergrant against.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use evergrant_driver::settings::{AddedRow, Settings};
use evergrant_driver::{Code, Failure, Remedy};
use evergrant_sandbox::{Config, Order, Running, Sandbox, SandboxError, ScenarioInfo};
use serde::Serialize;

use super::console::Console;
use super::exit::Exit;
use super::interrupts::{Asked, Interrupts};
use super::online;
use super::providers::sentence;
use super::table::Table;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Typed {
    #[command(subcommand)]
    question: Option<Question>,
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:0]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Break this from the start, with parameters if wanted; may be repeated
    #[arg(long = "scenario", value_name = "NAME[:KEY=VALUE,..]", value_parser = order)]
    scenarios: Vec<Order>,
    /// Make it the provider `sandbox` here: its row is kept in providers.d, in the place of an earlier one
    #[arg(long)]
    install: bool,
    /// A TOML file that says how it behaves
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// List what it can break
    #[command(after_long_help = ARMING)]
    Scenarios,
}

impl Typed {
    fn meant(&self) -> Result<Config, Failure> {
        let mut config = match &self.config {
            Some(file) => Config::from_file(file).map_err(|error| told(&error))?,
            None => Config::default(),
        };
        if let Some(address) = self.listen {
            config.listen = address;
        }
        config.scenarios.extend(self.scenarios.iter().cloned());
        Ok(config)
    }
}

#[derive(Serialize)]
struct ListeningShape {
    event: &'static str,
    address: String,
    base_url: String,
    issuer: String,
    provider: &'static str,
    row: String,
    ca: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
}

#[derive(Serialize)]
struct ScenariosShape {
    scenarios: Vec<ScenarioInfo>,
}

/// Serves until it is interrupted, or lists the scenarios.
///
/// # Errors
/// A configuration that cannot be read, an unknown scenario, an address that cannot be had.
pub(crate) fn run(
    typed: &Typed,
    settings: impl FnOnce() -> Result<Settings, Failure>,
    console: &Console,
) -> Result<Exit, Failure> {
    match typed.question {
        Some(Question::Scenarios) => scenarios(console),
        None => {
            let config = typed.meant()?;
            let home = typed.install.then(settings).transpose()?;
            online::run(serve(config, home, console))
        }
    }
}

async fn serve(config: Config, home: Option<Settings>, console: &Console) -> Result<Exit, Failure> {
    let mut interrupts = Interrupts::new();
    let running = Sandbox::start(config).await.map_err(|error| told(&error))?;
    let installed = match home {
        None => None,
        // Only now is its address known, and that it could be had.
        Some(settings) => Some(settings.add_row(PROVIDER, &running.provider_row(PROVIDER), true)?),
    };
    announce(&running, installed.as_ref(), console)?;
    let asked = interrupts.next().await;
    running.stop().await;
    Ok(match asked {
        Asked::User => Exit::of(Code::Interrupted),
        Asked::System => Exit::DONE,
    })
}

fn announce(running: &Running, installed: Option<&AddedRow>, console: &Console) -> Result<(), Failure> {
    let row = running.provider_row(PROVIDER);
    if console.json() {
        return console.document(&ListeningShape {
            event: "listening",
            address: running.address().to_string(),
            base_url: running.base_url(),
            issuer: running.issuer(),
            provider: PROVIDER,
            row,
            ca: running.ca_pem().map(str::to_owned),
            file: installed.map(|added| added.file.display().to_string()),
        });
    }
    if let Some(added) = installed {
        console.note(&format!("the sandbox listens on {}", running.issuer()));
        console.note(&sentence(added));
        console.note(&format!(
            "log in with `evergrant login {PROVIDER}`; break it by {}/_sandbox",
            running.issuer()
        ));
        console.note("Ctrl-C ends it");
        return Ok(());
    }
    console.line(&format!(
        "# the sandbox listens on {}\n# this row makes it a provider: `evergrant providers add FILE`, or `evergrant sandbox --install` for both at once\n",
        running.issuer()
    ))?;
    console.line(row.trim_end())?;
    console.note("its panel answers at /_sandbox; Ctrl-C ends it");
    Ok(())
}

fn scenarios(console: &Console) -> Result<Exit, Failure> {
    let scenarios = evergrant_sandbox::scenarios();
    if console.json() {
        console.document(&ScenariosShape { scenarios })?;
        return Ok(Exit::DONE);
    }
    let mut table = Table::new(vec!["SCENARIO", "STRIKES", "WHAT IT DOES", "PARAMETERS"]);
    for scenario in &scenarios {
        let parameters: Vec<&str> = scenario.parameters.iter().map(|parameter| parameter.name).collect();
        table.row(vec![
            scenario.name.into(),
            scenario.area.into(),
            scenario.description.into(),
            parameters.join(", ").as_str().into(),
        ]);
    }
    console.line(&table.render(console))?;
    console.note(&format!("\n{ARMING}"));
    Ok(Exit::DONE)
}

/// `NAME`, or `NAME:times=2,retry_after_secs=5`; numbers are numbers, the rest is text.
fn order(text: &str) -> Result<Order, String> {
    let (name, parameters) = text.split_once(':').unwrap_or((text, ""));
    let mut order = Order::new(name);
    for pair in parameters.split(',').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair
            .split_once('=')
            .ok_or_else(|| format!("`{pair}` is not KEY=VALUE"))?;
        order = match (key, value.parse::<u64>()) {
            ("times", Ok(times)) => order.times(times),
            ("times", Err(_)) => return Err(format!("`times` is a number, not `{value}`")),
            (_, Ok(number)) => order.with(key, number),
            (_, Err(_)) => order.with(key, value),
        };
    }
    Ok(order)
}

fn told(error: &SandboxError) -> Failure {
    let message = error.to_string();
    match error {
        SandboxError::Listen { .. } => Failure::new(Code::AddressInUse, message).with_remedy(Remedy::Run {
            command: "evergrant sandbox --listen 127.0.0.1:0".to_owned(),
            why: "let it take any free port".to_owned(),
        }),
        SandboxError::Certificate(_) | SandboxError::Entropy(_) => Failure::new(Code::Internal, message),
        SandboxError::Configuration(_) => Failure::new(Code::ConfigInvalid, message),
        SandboxError::UnknownUserCode(_) => Failure::new(Code::Usage, message),
        SandboxError::UnknownScenario(_) | SandboxError::Parameter { .. } => Failure::new(Code::Usage, message)
            .with_remedy(Remedy::Run {
                command: "evergrant sandbox scenarios".to_owned(),
                why: "see what it can break, and with which parameters".to_owned(),
            }),
    }
}

/// The id under which the row is printed.
const PROVIDER: &str = "sandbox";

const ARMING: &str = "\
Break it from the start, or while it runs; all scenarios also take times, path, subject, bearer, credential, grant_type and after:
  evergrant sandbox --scenario rate-limit:times=2,retry_after_secs=5
  curl http://ADDRESS/_sandbox/scenario -d '{\"name\":\"rate-limit\",\"times\":2,\"retry_after_secs\":5}'";

const EXAMPLES: &str = "\
Examples:
  evergrant sandbox --install --listen 127.0.0.1:9000     in one terminal
  evergrant login sandbox --flow device                   in another
  evergrant chat --provider sandbox hello

  evergrant sandbox --scenario stale-wke:times=1 --scenario rate-limit:retry_after_secs=2
  evergrant sandbox scenarios

While it runs:
  curl http://127.0.0.1:9000/_sandbox                     all that can be read and switched
  curl http://127.0.0.1:9000/_sandbox/scenario -d '{\"name\":\"rate-limit\",\"times\":2,\"retry_after_secs\":5}'
  curl -X DELETE http://127.0.0.1:9000/_sandbox/scenario  break nothing any more";
