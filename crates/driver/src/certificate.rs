//! The certificate that the gateway shows its clients: two files, which may change while it serves.
//!
//! Its files are settings; the rest is public for the gateway of the command line, and hidden from the docs: it names rustls.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use zeroize::Zeroizing;

/// Where a certificate and its key are.
///
/// ```
/// use evergrant_driver::settings::Settings;
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[serve]\ntls_cert = \"chain.pem\"\ntls_key = \"key.pem\"\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// // Names are taken within the home.
/// let files = settings.serve.certificate.expect("both are set");
/// assert_eq!(files.key, home.path().join("key.pem"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, and after it those that lead to a known one, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
}

/// A certificate that is shown; what its files say later holds for the connections that come after.
#[derive(Debug)]
pub struct Certificate {
    files: CertificateFiles,
    provider: Arc<CryptoProvider>,
    shown: ArcSwap<CertifiedKey>,
    looked: Mutex<Looked>,
}

/// What has been seen of the files.
#[derive(Debug)]
struct Looked {
    /// What was last taken up or refused.
    judged: Texts,
    /// What the last look saw.
    seen: Texts,
}

/// What the files said, or why they could not be read; the key is gone with it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Texts(Result<(Vec<u8>, Zeroizing<Vec<u8>>), Failure>);

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// A file that cannot be read or holds no PEM, a key that belongs to another certificate.
    pub fn load(files: CertificateFiles) -> Result<Arc<Self>, Failure> {
        let provider = Arc::new(ring::default_provider());
        let texts = Texts::read(&files);
        let shown = certified(&files, &texts, &provider)?;
        Ok(Arc::new(Self {
            files,
            provider,
            shown: ArcSwap::from_pointee(shown),
            looked: Mutex::new(Looked {
                judged: texts.clone(),
                seen: texts,
            }),
        }))
    }

    /// How the gateway speaks TLS with it: HTTP/2 with those who can, else HTTP/1.1.
    ///
    /// # Errors
    /// Never with the protocol versions of this build.
    pub fn server(self: &Arc<Self>) -> Result<Arc<ServerConfig>, Failure> {
        let builder = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::new(Code::Internal, format!("TLS cannot be spoken: {error}")))?;
        let shower: Arc<dyn ResolvesServerCert> = Arc::<Self>::clone(self);
        let mut server = builder.with_no_client_auth().with_cert_resolver(shower);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // Whoever comes back shakes hands in one round; without a ticketer there is only what is kept in memory.
        if let Ok(ticketer) = ring::Ticketer::new() {
            server.ticketer = ticketer;
        }
        Ok(Arc::new(server))
    }

    /// Reads the files again and shows what they hold now; answers whether that is something else.
    ///
    /// # Errors
    /// As at the start; then nothing changes.
    pub fn reload(&self) -> Result<bool, Failure> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.seen = Texts::read(&self.files);
        self.judge(&mut looked)
    }

    /// Looks at the files; answers what came of it if they say something new that was the same at the look before, because
    /// whoever replaces two files may be halfway through.
    pub fn look(&self) -> Option<Result<bool, Failure>> {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Texts::read(&self.files);
        let settled = now == looked.seen;
        looked.seen = now;
        (settled && looked.seen != looked.judged).then(|| self.judge(&mut looked))
    }

    fn judge(&self, looked: &mut Looked) -> Result<bool, Failure> {
        let is_new = looked.seen != looked.judged;
        looked.judged = looked.seen.clone();
        let certified = certified(&self.files, &looked.seen, &self.provider)?;
        self.shown.store(Arc::new(certified));
        Ok(is_new)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown.load_full())
    }
}

impl Texts {
    fn read(files: &CertificateFiles) -> Self {
        let read = |path: &Path| {
            fs::read(path).map_err(|error| unusable(path, &format!("`{}` cannot be read: {error}", path.display())))
        };
        Self(read(&files.certificate).and_then(|certificate| Ok((certificate, Zeroizing::new(read(&files.key)?)))))
    }
}

fn certified(files: &CertificateFiles, texts: &Texts, provider: &CryptoProvider) -> Result<CertifiedKey, Failure> {
    let (certificate, key) = texts.0.as_ref().map_err(Clone::clone)?;
    let (at, key_at) = (files.certificate.display(), files.key.display());
    let chain: Result<Vec<CertificateDer<'static>>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.map_err(|error| unusable(&files.certificate, &format!("`{at}` is no PEM: {error}")))?;
    if chain.is_empty() {
        return Err(unusable(
            &files.certificate,
            &format!("`{at}` holds no certificate in PEM"),
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| {
        let message = format!("`{key_at}` holds no private key in PEM that is not encrypted: {error}");
        unusable(&files.key, &message)
    })?;
    CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            let message = format!("the key in `{key_at}` does not belong to the certificate in `{at}`");
            unusable(&files.key, &message)
        }
        error => unusable(
            &files.certificate,
            &format!("`{at}` and `{key_at}` cannot be used: {error}"),
        ),
    })
}

fn unusable(path: &Path, message: &str) -> Failure {
    let place = format!("`{}`", path.display());
    Failure::new(Code::ConfigInvalid, message.to_owned()).with_remedy(Remedy::EditFile { place })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertifiedKey as Made, generate_simple_self_signed};

    use super::*;

    struct Folder {
        folder: tempfile::TempDir,
        files: CertificateFiles,
    }

    impl Folder {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let files = CertificateFiles {
                certificate: folder.path().join("cert.pem"),
                key: folder.path().join("key.pem"),
            };
            let made = Self { folder, files };
            let (certificate, key) = pair();
            made.write(&certificate, &key);
            made
        }

        fn write(&self, certificate: &str, key: &str) {
            fs::write(&self.files.certificate, certificate).unwrap();
            fs::write(&self.files.key, key).unwrap();
        }

        #[track_caller]
        fn refused(&self, said: &str) {
            let failure = Certificate::load(self.files.clone()).unwrap_err();
            assert_eq!(failure.code.exit(), 2);
            assert!(failure.message.contains(said), "{failure}");
        }
    }

    fn pair() -> (String, String) {
        let Made { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    #[test]
    fn each_mistake_is_told_apart() {
        let folder = Folder::new();
        let (certificate, key) = pair();
        Certificate::load(folder.files.clone()).unwrap();
        folder.write(&certificate, &pair().1);
        folder.refused("does not belong to");
        folder.write("nothing", &key);
        folder.refused("holds no certificate");
        folder.write(&certificate, "nothing");
        folder.refused("holds no private key");
        folder.write(&key, &certificate);
        folder.refused("holds no certificate");
        fs::remove_file(&folder.files.key).unwrap();
        folder.refused("cannot be read");
        assert!(folder.folder.path().exists());
    }

    #[test]
    fn what_the_files_say_later_is_shown_once_it_is_whole() {
        let folder = Folder::new();
        let shown = Certificate::load(folder.files.clone()).unwrap();
        let first = shown.shown.load_full();
        assert_eq!(shown.look(), None);
        let (certificate, key) = pair();
        fs::write(&folder.files.certificate, &certificate).unwrap();
        assert_eq!(shown.look(), None, "it may be halfway through");
        fs::write(&folder.files.key, &key).unwrap();
        assert_eq!(shown.look(), None);
        assert_eq!(shown.look(), Some(Ok(true)));
        assert_eq!(shown.look(), None);
        assert_ne!(shown.shown.load().cert, first.cert);
        let second = shown.shown.load_full();
        fs::write(&folder.files.key, "nothing").unwrap();
        assert!(shown.reload().is_err());
        assert_eq!(shown.look(), None, "it is told once");
        assert_eq!(shown.shown.load().cert, second.cert);
    }
}
