//! Certificates of authorities, servers and clients for one test, made by openssl.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use handslag_vocab::Digest;
use reqwest::{Certificate, Client, Identity};

use super::Browser;
use crate::contracts::engine::Folder;

/// A folder of certificates and keys by name.
pub(crate) struct Pki(Folder);

/// Nothing is added that is not asked for.
const CONFIGURATION: &str = "[req]\ndistinguished_name = dn\nutf8 = yes\nstring_mask = utf8only\n[dn]\n";

impl Pki {
    /// With an authority for servers and clients named `ca`, another named `other`, and a server's certificate.
    pub(crate) fn new() -> Self {
        let pki = Self(Folder::new());
        std::fs::write(pki.file("config"), CONFIGURATION).unwrap();
        pki.authority("ca");
        pki.authority("other");
        pki.issues("server", "ca", "/CN=localhost", "DNS:localhost,IP:127.0.0.1", "serverAuth");
        pki
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn certificate(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}.pem"))
    }

    pub(crate) fn key(&self, name: &str) -> PathBuf {
        self.file(&format!("{name}.key"))
    }

    fn authority(&self, name: &str) {
        self.make(name, &format!("/CN={name}"), &["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]);
    }

    /// A certificate by one of the authorities.
    pub(crate) fn issues(&self, name: &str, by: &str, subject: &str, names: &str, usage: &str) {
        let (authority, key) = (self.certificate(by), self.key(by));
        let (names, usage) = (format!("subjectAltName={names}"), format!("extendedKeyUsage={usage}"));
        let words = ["-CA", authority.to_str().unwrap(), "-CAkey", key.to_str().unwrap(), "-addext", &names, "-addext", &usage];
        self.make(name, subject, &words);
    }

    /// A certificate for clients that nobody else vouches for.
    pub(crate) fn signs_itself(&self, name: &str, subject: &str, names: &str) {
        self.make(name, subject, &["-addext", &format!("subjectAltName={names}"), "-addext", "extendedKeyUsage=clientAuth"]);
    }

    fn make(&self, name: &str, subject: &str, words: &[&str]) {
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-utf8", "-subj", subject]);
        command.arg("-config").arg(self.file("config")).arg("-keyout").arg(self.key(name)).arg("-out").arg(self.certificate(name));
        let made = command.args(words).stderr(Stdio::piped()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    pub(crate) fn pem(&self, name: &str) -> String {
        std::fs::read_to_string(self.certificate(name)).unwrap()
    }

    pub(crate) fn der(&self, name: &str) -> Vec<u8> {
        let body: String = self.pem(name).lines().filter(|line| !line.starts_with('-')).collect();
        data_encoding::BASE64.decode(body.as_bytes()).unwrap()
    }

    /// `x5t#S256`.
    pub(crate) fn thumbprint(&self, name: &str) -> String {
        Digest::of(&self.der(name)).to_base64url()
    }

    /// The public key as a JWK.
    pub(crate) fn jwk(&self, name: &str) -> serde_json::Value {
        let der = self.der(name);
        // An uncompressed P-256 point behind its algorithm and curve.
        let at = der.windows(12).position(|bytes| bytes == [0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00]).unwrap() + 12;
        handslag_protocol::jose::Jwk::from_p256_point(&der[at..at + 65], Some(name.to_owned())).unwrap().to_json()
    }

    /// A browser that trusts `ca` and shows this certificate, if one is named.
    pub(crate) fn browser(&self, base: &str, issuer: &str, shows: Option<&str>) -> Browser {
        let root = Certificate::from_pem(self.pem("ca").as_bytes()).unwrap();
        let http = Client::builder().no_proxy().use_rustls_tls().add_root_certificate(root).redirect(reqwest::redirect::Policy::none());
        let http = match shows {
            None => http,
            Some(name) => {
                let both = format!("{}{}", self.pem(name), read(&self.key(name)));
                http.identity(Identity::from_pem(both.as_bytes()).unwrap())
            }
        };
        let mut browser = Browser::new(base, issuer);
        browser.http = http.build().unwrap();
        browser
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
