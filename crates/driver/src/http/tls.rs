//! TLS to providers and proxies: whom we trust, and which protocols are offered.

use std::sync::{Arc, OnceLock};

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::broken::{Broken, in_words};
use super::target::Target;

/// What a connection is for, which decides what TLS offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One request that spends a secret: HTTP/1.1 alone, a full handshake.
    Fresh,
    /// Many requests: HTTP/2 where the server has it, sessions resumed.
    Pooled,
}

/// The roots, and the two configurations made of them at the first connection, because reading the platform's takes
/// time that `status` and `list` need not spend.
#[derive(Debug)]
pub(super) struct Tls {
    own_roots: Option<Arc<RootCertStore>>,
    ready: OnceLock<Configurations>,
}

#[derive(Clone, Debug)]
struct Configurations {
    fresh: Arc<ClientConfig>,
    pooled: Arc<ClientConfig>,
}

impl Tls {
    /// Trusts the certificates of this PEM file, or the platform's without one.
    pub(super) fn new(ca_file: Option<&str>) -> Result<Self, Failure> {
        Ok(Self {
            own_roots: ca_file.map(read_roots).transpose()?.map(Arc::new),
            ready: OnceLock::new(),
        })
    }

    /// Shakes hands over a stream that leads to the target.
    pub(super) async fn handshake<S>(
        &self,
        stream: S,
        target: &Target,
        purpose: Purpose,
    ) -> Result<TlsStream<S>, Broken>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let failed = |words: String| Broken::unsent(format!("TLS with `{target}` failed: {words}"));
        let configurations = self.configurations().map_err(|error| failed(in_words(&error)))?;
        let configuration = match purpose {
            Purpose::Fresh => configurations.fresh,
            Purpose::Pooled => configurations.pooled,
        };
        let name = server_name(target).map_err(|error| failed(in_words(&error)))?;
        let handshake = TlsConnector::from(configuration).connect(name, stream).await;
        handshake.map_err(|error| failed(in_words(&error)))
    }

    fn configurations(&self) -> Result<Configurations, rustls::Error> {
        if let Some(ready) = self.ready.get() {
            return Ok(ready.clone());
        }
        let made = Configurations::new(self.own_roots.clone())?;
        Ok(self.ready.get_or_init(|| made).clone())
    }
}

impl Configurations {
    fn new(own_roots: Option<Arc<RootCertStore>>) -> Result<Self, rustls::Error> {
        let provider: Arc<CryptoProvider> = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = match own_roots {
            Some(roots) => builder.with_root_certificates(roots),
            None => builder.with_platform_verifier()?,
        };
        // Early data stays off, which is the default: it could be replayed by whoever recorded it.
        let mut fresh = builder.with_no_client_auth();
        let mut pooled = fresh.clone();
        fresh.alpn_protocols = vec![b"http/1.1".to_vec()];
        fresh.resumption = Resumption::disabled();
        pooled.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            fresh: Arc::new(fresh),
            pooled: Arc::new(pooled),
        })
    }
}

fn server_name(target: &Target) -> Result<ServerName<'static>, rustls::pki_types::InvalidDnsNameError> {
    match &target.host {
        url::Host::Domain(name) => ServerName::try_from(name.clone()),
        url::Host::Ipv4(address) => Ok(ServerName::from(std::net::IpAddr::V4(*address))),
        url::Host::Ipv6(address) => Ok(ServerName::from(std::net::IpAddr::V6(*address))),
    }
}

fn read_roots(file: &str) -> Result<RootCertStore, Failure> {
    let invalid = |why: String| {
        let message = format!("`SSL_CERT_FILE` cannot be used, {why}: `{file}`");
        let place = format!("`{file}`, or the environment variable `SSL_CERT_FILE`");
        Failure::new(Code::ConfigInvalid, message).with_remedy(Remedy::EditFile { place })
    };
    let pem = std::fs::read(file).map_err(|error| invalid(error.to_string()))?;
    let certificates: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| invalid(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    // A system's bundle may hold an old certificate that cannot be parsed; the others still count.
    let (usable, _) = roots.add_parsable_certificates(certificates);
    if usable == 0 {
        return Err(invalid("it holds no certificate".to_owned()));
    }
    Ok(roots)
}
