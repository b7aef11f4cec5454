//! Client certificates (RFC 8705): who proves itself by one, and which tokens are bound to one.
//!
//! The TLS handshake proves that the other end holds the certificate's key; whoever listens says so, and whether its chain leads to an
//! authority that vouches for clients. A certificate that nobody vouches for proves a client only if the client registered its key.

use core::net::IpAddr;

use handslag_vocab::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use x509_cert::{
    Certificate as X509,
    der::{Decode as _, Encode as _},
    ext::pkix::{SubjectAltName, name::GeneralName},
    name::Name,
    spki::SubjectPublicKeyInfoOwned,
};

use crate::{
    client::Client,
    client_authentication::Authentication,
    jose::{Algorithm, Curve, Jwk},
    refusal::refusals,
};

refusals! {
    /// Why a certificate proves nothing. Clauses are of RFC 8705.
    pub enum Refusal {
        /// It is no X.509 certificate.
        Form = "certificate_form", "the client certificate is not understood";
        /// §2.2: none of the client's registered keys is in it.
        KeyUnknown = "certificate_key", "the key in the client certificate is not among the registered ones";
        /// §2: the request came without one.
        Missing = "certificate_missing", "the client has to authenticate with its certificate, at the addresses in mtls_endpoint_aliases";
        /// §2.1.2: it is for another subject than the registered one.
        Subject = "certificate_subject", "the subject of the client certificate is not the registered one";
        /// §2.1: no authority that is trusted for clients issued it, or it has run out.
        Untrusted = "certificate_untrusted", "no authority that is trusted for clients vouches for the client certificate now";
    }
}

/// A certificate whose key the other end has proved to hold.
#[derive(Clone, Debug)]
pub struct Certificate {
    parsed: X509,
    thumbprint: Digest,
    is_vouched_for: bool,
}

/// The subject that a client registered, in the one form it chose (RFC 8705 §2.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// `tls_client_auth_subject_dn`, as RFC 4514 writes it.
    Dn(String),
    /// `tls_client_auth_san_dns`.
    SanDns(String),
    /// `tls_client_auth_san_email`.
    SanEmail(String),
    /// `tls_client_auth_san_ip`.
    SanIp(IpAddr),
    /// `tls_client_auth_san_uri`.
    SanUri(String),
}

impl Certificate {
    /// Takes DER, and whether its chain leads to an authority that is trusted for clients now.
    pub fn read(der: &[u8], is_vouched_for: bool) -> Result<Self, Refusal> {
        let parsed = X509::from_der(der).map_err(|_| Refusal::Form)?;
        Ok(Self { parsed, thumbprint: Digest::of(der), is_vouched_for })
    }

    /// `x5t#S256` (§3.1).
    pub const fn thumbprint(&self) -> Digest {
        self.thumbprint
    }

    /// Whether it proves this client, in the way the client is registered for.
    pub fn proves(&self, client: &Client) -> Result<(), Refusal> {
        match client.authentication {
            Authentication::SelfSignedTls => self.has_registered_key(client),
            // Somebody vouches for it first: a name in a certificate that anybody can make is nobody's name.
            _ if !self.is_vouched_for => Err(Refusal::Untrusted),
            _ => self.has_registered_subject(client),
        }
    }

    fn has_registered_key(&self, client: &Client) -> Result<(), Refusal> {
        let key = self.key().ok_or(Refusal::KeyUnknown)?;
        if client.keys.has(&key.thumbprint()) { Ok(()) } else { Err(Refusal::KeyUnknown) }
    }

    fn has_registered_subject(&self, client: &Client) -> Result<(), Refusal> {
        let subject = client.registration.certificate_subject.as_ref().ok_or(Refusal::Subject)?;
        let is_it = match subject {
            Subject::Dn(expected) => expected.parse::<Name>().is_ok_and(|name| !name.is_empty() && name.to_string() == self.subject()),
            other => self.names().iter().any(|name| other.is(name)),
        };
        if is_it { Ok(()) } else { Err(Refusal::Subject) }
    }

    fn subject(&self) -> String {
        self.parsed.tbs_certificate().subject().to_string()
    }

    fn names(&self) -> Vec<GeneralName> {
        let names = self.parsed.tbs_certificate().get_extension::<SubjectAltName>();
        names.ok().flatten().map(|(_, names)| names.0).unwrap_or_default()
    }

    fn key(&self) -> Option<Jwk> {
        let info = self.parsed.tbs_certificate().subject_public_key_info();
        let bits = info.subject_public_key.as_bytes()?;
        match info.algorithm.oid.to_string().as_str() {
            EC_PUBLIC_KEY => {
                let curve = curve(info)?;
                Jwk::from_point(curve, bits, curve.algorithm(), None).ok()
            }
            ED25519 => Jwk::from_ed25519(bits, None).ok(),
            RSA_ENCRYPTION => {
                let (modulus, exponent) = rsa_numbers(bits)?;
                Jwk::from_rsa(&modulus, &exponent, Algorithm::Ps256, None).ok()
            }
            _ => None,
        }
    }
}

const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
const ED25519: &str = "1.3.101.112";
const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";

fn curve(info: &SubjectPublicKeyInfoOwned) -> Option<Curve> {
    let named: x509_cert::der::asn1::ObjectIdentifier = info.algorithm.parameters.as_ref()?.decode_as().ok()?;
    match named.to_string().as_str() {
        "1.2.840.10045.3.1.7" => Some(Curve::P256),
        "1.3.132.0.34" => Some(Curve::P384),
        "1.3.132.0.35" => Some(Curve::P521),
        _ => None,
    }
}

/// `RSAPublicKey` (RFC 8017 appendix A.1.1): two positive numbers.
fn rsa_numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let numbers = Vec::<x509_cert::der::asn1::Uint>::from_der(der).ok()?;
    match numbers.as_slice() {
        [modulus, exponent] => Some((modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec())),
        _ => None,
    }
}

impl Subject {
    /// Names in DNS are compared without case (RFC 4343); everything else byte for byte.
    fn is(&self, name: &GeneralName) -> bool {
        match (self, name) {
            (Self::SanDns(expected), GeneralName::DnsName(name)) => name.as_str().eq_ignore_ascii_case(expected),
            (Self::SanEmail(expected), GeneralName::Rfc822Name(name)) | (Self::SanUri(expected), GeneralName::UniformResourceIdentifier(name)) => {
                name.as_str() == expected
            }
            (Self::SanIp(expected), GeneralName::IpAddress(name)) => match expected {
                IpAddr::V4(expected) => name.as_bytes() == expected.octets(),
                IpAddr::V6(expected) => name.as_bytes() == expected.octets(),
            },
            _ => false,
        }
    }

    /// Whether it can be anybody's.
    pub fn is_readable(&self) -> bool {
        match self {
            Self::Dn(name) => name.parse::<Name>().is_ok_and(|name| !name.is_empty() && name.to_der().is_ok()),
            Self::SanDns(name) | Self::SanEmail(name) | Self::SanUri(name) => !name.is_empty(),
            Self::SanIp(_) => true,
        }
    }
}

/// What a token is bound to (`cnf`, RFC 7800).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Binding {
    /// `x5t#S256`: the certificate with which the client must come (RFC 8705 §3.1).
    Certificate(Digest),
    /// `jkt`: the key that each request must prove (RFC 9449 §6.1).
    Key(Digest),
}

impl Binding {
    /// The value of `cnf`.
    pub fn confirmation(self) -> Value {
        match self {
            Self::Certificate(thumbprint) => json!({ "x5t#S256": thumbprint }),
            Self::Key(thumbprint) => json!({ "jkt": thumbprint }),
        }
    }

    /// Reads `cnf`. One that is not understood, or that binds twice, is not read as none.
    pub fn read(confirmation: &Value) -> Option<Self> {
        let thumbprint = |name: &str| confirmation.get(name).map(|value| serde_json::from_value(value.clone()).ok());
        match (thumbprint("x5t#S256"), thumbprint("jkt")) {
            (Some(certificate), None) => certificate.map(Self::Certificate),
            (None, Some(key)) => key.map(Self::Key),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::{ClientKind, Registration, tests::client},
        jose::JwkSet,
    };

    // Made with openssl; the keys beside them as openssl prints them.
    const ED25519_CERTIFICATE: &[u8] = include_bytes!("../vectors/certificates/ed25519.der");
    const P384_CERTIFICATE: &[u8] = include_bytes!("../vectors/certificates/p384.der");
    const RSA_CERTIFICATE: &[u8] = include_bytes!("../vectors/certificates/rsa.der");
    const ED25519_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"6RTUxaekemtfhVJFcuGb2TxIscT28JWbzi8TM168h_A"}"#;
    const P384_KEY: &str = r#"{"kty":"EC","crv":"P-384","x":"qeJ80xmvGkH4x52occ2U6yRQsyrWsI4Jffw4-6-Bu6J7AgvlrhUpg7-rx2uy3ZN8","y":"HkLhB7VUaapAqNUt65E6OtcyC-R0yu3MXFt1W9smi5ZC7zGjLYSHNyZGRNh23U_E"}"#;
    const RSA_KEY: &str = r#"{"kty":"RSA","e":"AQAB","n":"strGj9IfhzLRco3AXGgzIrt47MvJ60FsGbh9sg51tX5gplH1J0MLIRcFCXMYK4wxypgLSmcvSZb2nsHfAlR0WBU3M4nlgKLThscVBL5HKrYKXHEYXZRRNZuNNQPWRf-NenOowG9oKY8EKBUscV0v5jgTv0ukl5JjUZAuVtnMEXx5Bz-a-eYiGz0oOLvzxhe7-jWwDHby_UjBYFubsTNyUJti-8l0iIbc-PrIgn4B4L_EZyfbLaRoglVJO6ZBgKpZw41_F8INEEnE8P49eiGj9fBI9GzDWxIdjfhSI3XfwZ_C5W0g0hzEmJL-EJ6O4gU1VVynPUDJssmkhqV4Lmfy-w"}"#;

    fn registered(authentication: Authentication, certificate_subject: Option<Subject>, keys: &str) -> Client {
        let registration = Registration { certificate_subject, ..Registration::default() };
        let keys = JwkSet::parse(&format!("{{\"keys\":[{keys}]}}")).unwrap();
        Client { authentication, registration, keys, ..client(ClientKind::Confidential, &[]) }
    }

    fn shown(der: &[u8], is_vouched_for: bool) -> Certificate {
        Certificate::read(der, is_vouched_for).unwrap()
    }

    /// RFC 8705 §2.2.
    #[test]
    fn a_registered_key_of_any_kind_is_found_in_its_certificate_and_in_no_other() {
        let all = [(ED25519_CERTIFICATE, ED25519_KEY), (P384_CERTIFICATE, P384_KEY), (RSA_CERTIFICATE, RSA_KEY)];
        for (number, (certificate, _)) in all.iter().enumerate() {
            for (other, (_, key)) in all.iter().enumerate() {
                let client = registered(Authentication::SelfSignedTls, None, key);
                let expected = if number == other { Ok(()) } else { Err(Refusal::KeyUnknown) };
                assert_eq!(shown(certificate, false).proves(&client), expected, "{number} {other}");
                assert_eq!(shown(certificate, true).proves(&client), expected, "whoever vouches for it");
            }
        }
    }

    /// RFC 8705 §2.1.2.
    #[test]
    fn a_subject_is_the_whole_subject_and_counts_only_where_somebody_vouches_for_it() {
        let proves = |subject: Option<Subject>, is_vouched_for| {
            shown(RSA_CERTIFICATE, is_vouched_for).proves(&registered(Authentication::Tls, subject, RSA_KEY))
        };
        let right = [
            Subject::Dn("CN=Vardsystemet,O=Kvarnby\\, kommun,C=SE".to_owned()),
            Subject::SanDns("CARE.example".to_owned()),
            Subject::SanIp("2001:db8::7".parse().unwrap()),
        ];
        for subject in right {
            assert!(subject.is_readable());
            assert_eq!(proves(Some(subject.clone()), true), Ok(()), "{subject:?}");
            assert_eq!(proves(Some(subject.clone()), false), Err(Refusal::Untrusted), "{subject:?}");
        }
        let wrong = [
            Subject::Dn("CN=Vardsystemet".to_owned()),
            Subject::Dn("C=SE,O=Kvarnby\\, kommun,CN=Vardsystemet".to_owned()),
            Subject::Dn("CN=vardsystemet,O=Kvarnby\\, kommun,C=SE".to_owned()),
            Subject::Dn(String::new()),
            Subject::SanDns("are.example".to_owned()),
            Subject::SanDns("care.example.evil".to_owned()),
            Subject::SanUri("care.example".to_owned()),
            Subject::SanEmail("care.example".to_owned()),
            Subject::SanIp("192.0.2.7".parse().unwrap()),
        ];
        for subject in wrong {
            assert_eq!(proves(Some(subject.clone()), true), Err(Refusal::Subject), "{subject:?}");
        }
        assert_eq!(proves(None, true), Err(Refusal::Subject), "nothing registered is nobody");
        assert!(!Subject::Dn("no name".to_owned()).is_readable() && !Subject::SanDns(String::new()).is_readable());
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let mut longer = RSA_CERTIFICATE.to_vec();
        longer.push(0);
        for wrong in [&b""[..], b"x", &RSA_CERTIFICATE[..100], &longer] {
            assert_eq!(Certificate::read(wrong, true).err(), Some(Refusal::Form));
        }
        assert_eq!(shown(RSA_CERTIFICATE, true).thumbprint(), Digest::of(RSA_CERTIFICATE), "x5t#S256");
    }
}
