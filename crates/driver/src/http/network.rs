//! The way out: settings made into proxies and trust, and a stream to any target through them.

use std::time::Duration;

use evergrant_engine::failure::Failure;
use evergrant_engine::wire::Phase;
use tokio::time::timeout;
use url::Url;

use super::broken::Broken;
use super::dial::dial;
use super::proxy::{Proxies, Proxy};
use super::settings::NetworkSettings;
use super::stream::Stream;
use super::target::Target;
use super::tls::{Purpose, Tls};
use super::tunnel::tunnel;

/// Dials out by the settings it was made of; every outgoing connection comes from here.
#[derive(Debug)]
pub struct Network {
    proxies: Proxies,
    tls: Tls,
}

impl Network {
    /// Reads the settings; a proxy's address or a certificate file that cannot be used is an error that names it.
    pub fn new(settings: &NetworkSettings) -> Result<Self, Failure> {
        Ok(Self {
            proxies: Proxies::parse(settings)?,
            tls: Tls::new(settings.ca_file.as_deref())?,
        })
    }

    /// Connects, TLS included, and sends nothing: whether the address could be used.
    pub async fn reach(&self, url: &Url, limit: Duration) -> Result<(), Failure> {
        let reached = async { self.stream(&Target::of(url)?, Purpose::Fresh, limit).await.map(drop) };
        let host = || url.host_str().unwrap_or_default();
        reached.await.map_err(|broken| broken.into_failure(host()))
    }

    /// A stream to the target: name, TCP, proxy and TLS, all within the limit.
    pub(super) async fn stream(&self, target: &Target, purpose: Purpose, limit: Duration) -> Result<Stream, Broken> {
        let proxy = self.proxies.towards(target);
        let connecting = async {
            match proxy {
                None => self.directly(target, purpose).await,
                Some(proxy) => self.through(proxy, target, purpose).await,
            }
        };
        let late = |_| {
            let way = proxy.map_or_else(String::new, |proxy| format!(" through the proxy `{proxy}`"));
            Broken::late(Phase::Connect, &format!("no connection to `{target}`{way}"), limit)
        };
        timeout(limit, connecting).await.map_err(late)?
    }

    async fn directly(&self, target: &Target, purpose: Purpose) -> Result<Stream, Broken> {
        let tcp = dial(target).await?;
        if !target.secure {
            return Ok(Stream::Tcp(tcp));
        }
        let tls = self.tls.handshake(tcp, target, purpose).await?;
        Ok(Stream::Tls(Box::new(tls)))
    }

    async fn through(&self, proxy: &Proxy, target: &Target, purpose: Purpose) -> Result<Stream, Broken> {
        let unreachable = |broken: Broken| Broken {
            detail: format!("the proxy `{proxy}` cannot be used: {}", broken.detail),
            ..broken
        };
        let tcp = dial(&proxy.target).await.map_err(unreachable)?;
        if !proxy.target.secure {
            let tcp = tunnel(tcp, proxy, target).await?;
            if !target.secure {
                return Ok(Stream::Tcp(tcp));
            }
            let tls = self.tls.handshake(tcp, target, purpose).await?;
            return Ok(Stream::Tls(Box::new(tls)));
        }
        let outer = self.tls.handshake(tcp, &proxy.target, Purpose::Fresh).await;
        let outer = tunnel(outer.map_err(unreachable)?, proxy, target).await?;
        if !target.secure {
            return Ok(Stream::Tls(Box::new(outer)));
        }
        let inner = self.tls.handshake(outer, target, purpose).await?;
        Ok(Stream::Nested(Box::new(inner)))
    }
}
