//! A certificate or revocation list that waits for its issuer's signature. Two phases, because the key is elsewhere:
//! hand out [`Unsigned::to_be_signed`], get the signature, close with [`Unsigned::signed`].

use crate::{
    asn1::{self, tag},
    es256::{self, PublicKey},
    refused::Refused,
};

/// `SIGNED { … }` without its signature (RFC 5280 §4.1, §5.1).
#[derive(Clone, Debug)]
pub struct Unsigned {
    to_be_signed: Vec<u8>,
    issuer_key: PublicKey,
}

impl Unsigned {
    pub(crate) const fn new(to_be_signed: Vec<u8>, issuer_key: PublicKey) -> Self {
        Self { to_be_signed, issuer_key }
    }

    /// The octets the issuer signs: ECDSA P-256 over their SHA-256.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// Takes the DER ECDSA signature and gives the DER certificate or list.
    ///
    /// A signature that is not the issuer's over exactly these octets is [`Refused::SignatureInvalid`].
    pub fn signed(self, signature: &[u8]) -> Result<Vec<u8>, Refused> {
        self.issuer_key.verify(&self.to_be_signed, signature)?;
        let bits = asn1::tlv(tag::BIT_STRING, &[&[0], signature])?;
        asn1::tlv(tag::SEQUENCE, &[&self.to_be_signed, &es256::signature_algorithm()?, &bits])
    }
}
