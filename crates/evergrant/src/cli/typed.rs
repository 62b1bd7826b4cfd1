//! What was typed: the commands and the flags that all of them know. Help, completions and manual come from here.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

use super::add;
use super::chat;
use super::colours;
use super::completions;
use super::console::ColourChoice;
use super::curate;
use super::demo;
use super::doctor;
use super::exec;
use super::explain;
use super::export;
use super::import;
use super::key;
use super::list;
use super::login;
use super::man;
use super::models;
use super::providers;
use super::refresh;
use super::remove;
use super::restore;
use super::sandbox;
use super::serve;
use super::status;
use super::token;
use super::usage;

/// The one owner of your LLM credentials: log in once, and every agent stays logged in
#[derive(Debug, Parser)]
#[command(
    name = "evergrant",
    version,
    styles = colours::HELP,
    after_long_help = EXAMPLES,
    max_term_width = 100
)]
pub(crate) struct Typed {
    #[command(flatten)]
    pub(crate) everywhere: Everywhere,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The flags of every command.
#[derive(Args, Debug)]
pub(crate) struct Everywhere {
    /// The home directory [default: $EVERGRANT_HOME, else ~/.evergrant]
    #[arg(long, global = true, value_name = "DIR", help_heading = HEADING)]
    pub(crate) home: Option<PathBuf>,
    /// Print JSON: one document, or one line for each event
    #[arg(long, global = true, help_heading = HEADING)]
    pub(crate) json: bool,
    /// When to use colours; NO_COLOR is respected
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = HEADING)]
    pub(crate) color: ColourChoice,
    /// Log to stderr: -v repairs, -vv decisions, -vvv everything; EVERGRANT_LOG says it finer
    #[arg(long, short, global = true, action = ArgAction::Count, help_heading = HEADING)]
    pub(crate) verbose: u8,
}

/// The commands, in the order in which one meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Log in at a provider
    ///
    /// The provider's first flow that can work here is taken: without a display, or over SSH, that is a code to type on
    /// another device. A new login ends a quarantine and takes the place of the credential it renews.
    Login(login::Typed),
    /// Add an API key
    ///
    /// The key is read from stdin, never from the command line, where every user of the machine could see it.
    Add(add::Typed),
    /// Use the logins of another tool, or take them over
    ///
    /// A grant of another tool is borrowed: its access token is used, and read again when the tool has renewed it. Its
    /// refresh token is never spent, because two owners of one rotating grant log each other out. API keys are copied.
    Import(import::Typed),
    /// List the credentials, offline
    List(list::Typed),
    /// Show the health of every credential and what would help, offline
    ///
    /// Reading changes nothing: no request is sent, nothing is renewed, nothing is written.
    Status(status::Typed),
    /// Print a usable access token or API key
    ///
    /// It is renewed only if it must be. stdout carries the token and nothing else.
    Token(token::Typed),
    /// Force a renewal
    Refresh(refresh::Typed),
    /// Forget a credential here, without asking its provider
    ///
    /// Nothing is revoked: whoever else holds a copy of the grant can go on using it. To end it, use `logout`.
    Remove(remove::Typed),
    /// Revoke a credential at its provider and forget it
    ///
    /// It is forgotten here whatever the provider says. What cannot be revoked within 10 s is queued: `status` shows it, a
    /// running gateway goes on trying, and the next `logout` tries once.
    Logout(remove::Typed),
    /// Let a credential be used again
    Enable(curate::Named),
    /// Keep a credential from being used
    Disable(curate::Named),
    /// Give a credential another label
    Rename(curate::Renamed),
    /// Set which credential is preferred
    Priority(curate::Prioritised),
    /// Forget a credential's cooldowns and holds
    ///
    /// A quarantine stays, because only a new login ends it; so does an unknown outcome, because only an answer ends it.
    Reset(curate::Named),
    /// Run a command that speaks to its models through evergrant
    ///
    /// It finds the gateway of this home, or has one for the length of its run, in the variables that clients of OpenAI,
    /// Anthropic and xAI read, with a key of its own that ends with it. It sees no key of yours, and its exit code is passed on.
    Exec(exec::Typed),
    /// Serve the gateway that agents speak to as to their provider
    ///
    /// Point any OpenAI or Anthropic client at it. It authenticates each request, repairs what can be repaired before the
    /// client notices, and passes bytes through as they are.
    Serve(serve::Typed),
    /// Make, list and remove keys for clients of the gateway
    ///
    /// A gateway that others than this machine can reach lets nobody in without one.
    Key(key::Typed),
    /// Show what was used: tokens in, out, and read from a cache, offline
    ///
    /// It is what the providers' answers told, of the gateway, the chat and its tasks; written down several times a second.
    Usage(usage::Typed),
    /// Chat with a model in the terminal, or get one answer
    ///
    /// On a terminal it is a conversation: it streams, keeps everything in history.db, gives it a title, and sums up what
    /// grows too long. With a PROMPT, or without a terminal, it streams one answer to stdout.
    Chat(chat::Typed),
    /// Say what a captured error body means, and what helps
    ///
    /// The body is read from stdin and judged by the same rules as every answer that evergrant receives.
    Explain(explain::Typed),
    /// List the providers
    Providers(providers::Typed),
    /// List the models that can be asked for now
    ///
    /// Each provider with a usable credential is asked for its list; for one that does not say, its row's patterns are shown.
    Models(models::Typed),
    /// Check home, store, key, configuration and every credential
    ///
    /// Offline unless --probe is given: nothing is sent, renewed or written. Exit 1 if something is at fault.
    Doctor(doctor::Typed),
    /// Seal everything that is kept here under a passphrase
    ///
    /// The backup is text that can be kept anywhere. It is made without asking any provider, and nothing here changes.
    Export(export::Typed),
    /// Bring back what a backup holds and is not here
    ///
    /// What is here is never overwritten. The access token of a grant that comes back is used while it lasts; its refresh
    /// token is sent once after that, because the home that it comes from may have gone on using it.
    Restore(restore::Typed),
    /// Run a provider that can be broken at will
    ///
    /// It is an authorization server and an inference API on loopback that behave like the real ones, until a scenario is
    /// armed: by flag from the start, or over HTTP below /_sandbox/ while it runs.
    Sandbox(sandbox::Typed),
    /// Watch a conversation survive a provider that breaks: no account, no internet
    ///
    /// It starts the sandbox, a store and the gateway in a temporary home, logs in, lets the token die in the middle of a
    /// conversation, and shows what the client and the provider saw; then a missing plan, a dead grant and a new login.
    Demo(demo::Typed),
    /// Print what a shell needs to complete commands
    Completions(completions::Typed),
    /// Print the manual
    Man(man::Typed),
}

const HEADING: &str = "Everywhere";

const EXAMPLES: &str = "\
Examples:
  evergrant login xai-oauth        log in once
  evergrant status                 see what is kept, and how it is
  evergrant token xai-oauth        a token that works now

Exit codes:
  0 done   1 a fault of ours   2 wrong usage or configuration   3 needs a login
  4 refused by plan, credit or policy   5 try again later   6 the store   130 interrupted";
