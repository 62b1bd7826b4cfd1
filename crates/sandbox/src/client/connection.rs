//! One connection for one request, over TCP or TLS.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;

use super::failure::ClientError;

/// The TLS configuration that trusts the authorities of a PEM text.
pub(super) fn trusting(ca_pem: &str) -> Result<Arc<ClientConfig>, ClientError> {
    let text = |error: String| ClientError::Certificates(error);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        let certificate = certificate.map_err(|error| text(error.to_string()))?;
        roots.add(certificate).map_err(|error| text(error.to_string()))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| text(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Connects, sends, and gives the answer with its body still open.
pub(super) async fn send(
    url: &Url,
    tls: Option<&Arc<ClientConfig>>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, ClientError> {
    let host = url
        .host_str()
        .ok_or_else(|| ClientError::Url(url.to_string()))?
        .trim_matches(['[', ']']);
    let port = url
        .port_or_known_default()
        .ok_or_else(|| ClientError::Url(url.to_string()))?;
    let stream = TcpStream::connect((host, port)).await.map_err(broken)?;
    match (url.scheme(), tls) {
        ("http", _) => exchange(stream, request).await,
        ("https", Some(tls)) => {
            let name = ServerName::try_from(host.to_owned()).map_err(|_| ClientError::Url(url.to_string()))?;
            let connector = TlsConnector::from(Arc::clone(tls));
            let stream = connector.connect(name, stream).await.map_err(broken)?;
            exchange(stream, request).await
        }
        ("https", None) => Err(ClientError::Certificates(String::from(
            "this client was given none to trust",
        ))),
        _ => Err(ClientError::Url(url.to_string())),
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends with the answer's body; an error on the way shows there.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(broken)
}

/// Any failure of a connection, with its cause.
pub(super) fn broken(error: impl std::error::Error) -> ClientError {
    let cause = error.source().map(|cause| format!(": {cause}"));
    ClientError::Connection(format!("{error}{}", cause.unwrap_or_default()))
}
