//! What can be typed.

use clap::{Args, Parser, Subcommand};

use super::target::Target;

/// Measures a gateway on loopback.
#[derive(Parser)]
pub(crate) struct Typed {
    #[command(subcommand)]
    pub(crate) bench: Bench,
}

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// A provider of fixed answers; prints its address.
    Upstream(Served),
    /// A bare relay over hyper to one address, without anything of the product; prints its own.
    Relay(Relaying),
    /// Streams of stamped events: what each was late by.
    Streams(Streamed),
    /// Requests one after another on each of many connections: what each took.
    Load(Loaded),
}

/// Where the provider listens.
#[derive(Args)]
pub(crate) struct Served {
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
}

/// Where the relay listens and leads.
#[derive(Args)]
pub(crate) struct Relaying {
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
    /// The provider's address.
    #[arg(long)]
    pub(crate) to: std::net::SocketAddr,
}

/// Streams to measure.
#[derive(Args)]
pub(crate) struct Streamed {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Streams at a time.
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: u32,
    /// Streams of each connection, one after another.
    #[arg(long, default_value_t = 20)]
    pub(crate) rounds: u32,
    /// Microseconds between two events.
    #[arg(long, default_value_t = 4_000)]
    pub(crate) pause: u64,
}

/// Requests to measure.
#[derive(Args)]
pub(crate) struct Loaded {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Requests at a time.
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: u32,
    /// How long, in seconds.
    #[arg(long, default_value_t = 6)]
    pub(crate) seconds: u32,
    /// Bytes of each request's body.
    #[arg(long, default_value_t = 256)]
    pub(crate) body: usize,
    /// The provider's own address, to let it refuse, halfway, the token that it was shown last.
    #[arg(long)]
    pub(crate) refuse_at: Option<String>,
}
