//! TLS at our own listeners, and the authorities that vouch for clients.
//!
//! In a handshake a client only proves that it holds its certificate's key. Whether the certificate means anything is asked later, when it is
//! known which client it is said to be: one that nobody vouches for may be registered by its key (RFC 8705 §2.2).

use std::{
    fmt,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use handslag_vocab::UnixTime;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme,
        client::danger::HandshakeSignatureValid,
        crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
        pki_types::{self, CertificateDer, PrivateKeyDer, pem::PemObject as _},
        server::{
            WebPkiClientVerifier,
            danger::{ClientCertVerified, ClientCertVerifier},
        },
    },
};

use crate::config::{Mtls, Tls};

/// Why a listener or an authority cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{what} cannot be used: {reason}")]
pub struct Unusable {
    what: String,
    reason: String,
}

fn unusable(what: &Path, reason: &dyn fmt::Display) -> Unusable {
    Unusable { what: what.display().to_string(), reason: reason.to_string() }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Accepts TLS with the certificate that stands in the files now.
pub struct Acceptor {
    files: Tls,
    asks_for_certificate: bool,
    current: Mutex<Current>,
}

struct Current {
    acceptor: TlsAcceptor,
    written: Vec<SystemTime>,
    looked: Instant,
}

/// How often to look whether the files have changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Acceptor {
    /// Reads the files.
    pub fn open(files: &Tls, asks_for_certificate: bool) -> Result<Self, Unusable> {
        let current = Current { acceptor: read(files, asks_for_certificate)?, written: written(files), looked: Instant::now() };
        Ok(Self { files: files.clone(), asks_for_certificate, current: Mutex::new(current) })
    }

    /// For the next connection. Files that cannot be used leave the certificate as it was.
    pub fn current(&self) -> TlsAcceptor {
        // No code panics while it holds this lock, so a poisoned one is still whole.
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.looked.elapsed() >= LOOK_EVERY {
            current.looked = Instant::now();
            let written = written(&self.files);
            if written != current.written {
                match read(&self.files, self.asks_for_certificate) {
                    Ok(acceptor) => (current.acceptor, current.written) = (acceptor, written),
                    Err(error) => tracing::warn!(%error, "the old certificate goes on"),
                }
            }
        }
        current.acceptor.clone()
    }
}

fn written(files: &Tls) -> Vec<SystemTime> {
    [&files.certificate, &files.key].into_iter().filter_map(|file| file.metadata().ok()?.modified().ok()).collect()
}

fn read(files: &Tls, asks_for_certificate: bool) -> Result<TlsAcceptor, Unusable> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(&files.certificate).and_then(Iterator::collect);
    let chain = chain.map_err(|error| unusable(&files.certificate, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
    let provider = provider();
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| unusable(&files.certificate, &error))?;
    let builder =
        if asks_for_certificate { builder.with_client_cert_verifier(Arc::new(AnyCertificate(provider))) } else { builder.with_no_client_auth() };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| unusable(&files.certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Takes every certificate whose key the other end proves to hold.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyCertificate {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(&self, _: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: pki_types::UnixTime) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Who vouches for clients; nobody where none is configured.
#[derive(Clone, Debug, Default)]
pub struct Authorities(Option<Arc<dyn ClientCertVerifier>>);

impl Authorities {
    /// Reads those of the configuration.
    pub fn open(mtls: Option<&Mtls>) -> Result<Self, Unusable> {
        let Some(file) = mtls.and_then(|mtls| mtls.authorities.as_ref()) else { return Ok(Self::default()) };
        let mut roots = RootCertStore::empty();
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
        for certificate in certificates.map_err(|error| unusable(file, &error))? {
            roots.add(certificate).map_err(|error| unusable(file, &error))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        Ok(Self(Some(verifier.map_err(|error| unusable(file, &error))?)))
    }

    /// Whether one of them vouches now for a certificate that was shown with these others: issued for clients, and not run out.
    pub fn vouch_for(&self, own: &CertificateDer<'_>, others: &[CertificateDer<'_>], now: UnixTime) -> bool {
        let now = pki_types::UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now.seconds()).unwrap_or_default()));
        self.0.as_ref().is_some_and(|verifier| verifier.verify_client_cert(own, others, now).is_ok())
    }
}
