//! A private certificate authority for one run, and the server certificate it signs.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, version};

use crate::failure::SandboxError;

/// The authority's certificate, and the server's configuration under it.
pub(crate) struct Identity {
    pub(crate) ca_pem: String,
    pub(crate) server: Arc<ServerConfig>,
}

/// Makes both; they are good for `127.0.0.1`, `::1` and `localhost`.
pub(crate) fn identity(http2: bool) -> Result<Identity, SandboxError> {
    make(http2).map_err(SandboxError::Certificate)
}

fn make(http2: bool) -> Result<Identity, String> {
    let text = |error: rcgen::Error| error.to_string();
    let ca_key = KeyPair::generate().map_err(text)?;
    let mut ca = CertificateParams::new(Vec::<String>::new()).map_err(text)?;
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::CommonName, "sandbox authority");
    let ca_certificate = ca.self_signed(&ca_key).map_err(text)?;
    let issuer = Issuer::new(ca, ca_key);

    let key = KeyPair::generate().map_err(text)?;
    let names = ["localhost", "127.0.0.1", "::1"].map(String::from);
    let mut leaf = CertificateParams::new(names).map_err(text)?;
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.distinguished_name.push(DnType::CommonName, "sandbox");
    leaf.use_authority_key_identifier_extension = true;
    let certificate = leaf.signed_by(&key, &issuer).map_err(text)?;

    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut server = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .map_err(|error| error.to_string())?;
    server.alpn_protocols = if http2 {
        vec![b"h2".to_vec(), b"http/1.1".to_vec()]
    } else {
        vec![b"http/1.1".to_vec()]
    };
    Ok(Identity {
        ca_pem: ca_certificate.pem(),
        server: Arc::new(server),
    })
}
