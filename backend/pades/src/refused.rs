//! Every way the ASN.1 half says no: certificates, CMS, timestamps, revocation lists. One variant per wrong thing, one table,
//! so that a code in a log leads to exactly one rule and its clause.

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident => $code:literal, $sentence:literal;)*) => {
        /// Why bytes were not accepted, or why nothing could be built from what was given.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Refused {
            $($(#[$doc])* #[error($sentence)] $variant,)*
        }

        impl Refused {
            /// A stable name for logs and answers.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// Every refusal there is, for tables and tests.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

refusals! {
    /// Something else than ECDSA P-256 with SHA-256 signs, or the digest of a signature is not SHA-256 (TS 119 312).
    AlgorithmNotAllowed => "algorithm_not_allowed", "The signature uses an algorithm outside this service's policy.";
    /// RFC 6211 §2: the protected algorithms are not those of the SignerInfo.
    AlgorithmProtectionMismatch => "algorithm_protection_mismatch", "The algorithms named in the signed attributes are not those of the signature.";
    /// RFC 5652 §5.3: an attribute type stands twice, or has no or several values.
    AttributeRepeated => "attribute_repeated", "A signature attribute stands more than once or has not exactly one value.";
    /// B13, B14, L5, V13: an attribute that has no place here.
    AttributeUnexpected => "attribute_unexpected", "The signature carries an attribute that is not allowed here.";
    /// RFC 5280 §4.2: an extension stands twice or its value is not what its identifier says.
    CertificateExtensionInvalid => "certificate_extension_invalid", "A certificate extension stands twice or has a malformed value.";
    /// RFC 5280 §6.1.3: the issuer's key, name or rights do not fit.
    CertificateIssuerMismatch => "certificate_issuer_mismatch", "The certificate was not issued by the authority it was compared with.";
    /// RFC 5280 §6.1.4: the issuer may not issue (basicConstraints, keyUsage, path length).
    CertificateIssuerNotAuthority => "certificate_issuer_not_authority", "The issuing certificate has no right to issue this certificate.";
    /// RFC 5280 §6.1.3(a)(2).
    CertificateNotValidThen => "certificate_not_valid_then", "The certificate was not valid at the time in question.";
    /// RFC 5280 §6.1: no way from the certificate to the given root.
    CertificatePathMissing => "certificate_path_missing", "No chain of certificates leads to the given root.";
    /// EN 319 142-1 §6.3 (B3): a PAdES signature is detached.
    ContentEncapsulated => "content_encapsulated", "The signature carries content, but a PDF signature must be detached.";
    /// RFC 3161 §2.4.2: a token without TSTInfo.
    ContentMissing => "content_missing", "The timestamp token carries no timestamp.";
    /// RFC 5652 §11.1 (B5): absent, or not the type of the content.
    ContentTypeMismatch => "content_type_mismatch", "The signed content type is missing or is not the expected one.";
    /// RFC 5280 §4.2: a critical extension this code does not process.
    CriticalExtensionUnknown => "critical_extension_unknown", "A certificate has a critical extension that is not understood here.";
    /// The imprint or digest has not the length of its algorithm (RFC 3161 §2.4.1).
    DigestLength => "digest_length", "A digest has not the length of its algorithm.";
    /// RFC 5652 §11.2 (B6): absent, or another value: the signed bytes were changed.
    DigestMismatch => "digest_mismatch", "The signed digest is missing or is not the digest of the given bytes.";
    /// The public key is no point on P-256.
    KeyNotAllowed => "key_not_allowed", "The public key is not an ECDSA P-256 key.";
    /// RFC 5280 §4.2.1.3: the key may not be used for this.
    KeyUsageNotAllowed => "key_usage_not_allowed", "The certificate's key usage does not allow this use.";
    /// X.690 §10, §11 (B1): malformed, indefinite, padded or otherwise not the one DER form.
    NotDer => "not_der", "The bytes are not the strict DER of the expected structure.";
    /// V11: larger than this service reads.
    Oversized => "oversized", "The structure is larger than this service reads.";
    /// A profile was asked for with an issuer it cannot have.
    ProfileIssuer => "profile_issuer", "A root certificate is issued by itself, every other by an authority.";
    /// RFC 5280 §4.1.2.2; RFC 3161 §2.4.2: serial numbers are positive and short.
    SerialNumber => "serial_number", "The serial number is not positive or is too long.";
    /// X.690 §11.6 (B16): a SET OF out of order would let one signature have many forms.
    SetOutOfOrder => "set_out_of_order", "The elements of a set are repeated or not in DER order.";
    /// ECDSA verification failed.
    SignatureInvalid => "signature_invalid", "The signature does not verify with the key of its certificate.";
    /// EN 319 142-1 §6.3 (B4): the signing certificate is not among the certificates.
    SignerCertificateMissing => "signer_certificate_missing", "The signer's certificate is not inside the signature.";
    /// RFC 5652 §5.3 (B2): PAdES has exactly one signer.
    SignerCount => "signer_count", "There is not exactly one signer.";
    /// RFC 5035 §3 (B7, V9): not exactly one signing-certificate-v2, or it names another certificate.
    SigningCertificateMismatch => "signing_certificate_mismatch", "The signed certificate reference is missing or names another certificate.";
    /// EN 319 142-1 §6.3 (B8).
    SigningTimePresent => "signing_time_present", "The signature carries a signing time, which a PDF signature must not.";
    /// RFC 5280 §4.1.2.6; V12: empty, too long, or with characters that hide or reorder text.
    TextNotAllowed => "text_not_allowed", "A name is empty, too long or has characters that have no place in a certificate.";
    /// A time before 1970 or after 9999, or an end before its beginning.
    TimeOutOfRange => "time_out_of_range", "A time cannot be written in a certificate, or an end lies before its beginning.";
    /// RFC 3161 §2.4.2 (T2, V10): the token is over other data.
    TimestampImprintMismatch => "timestamp_imprint_mismatch", "The timestamp is over other data.";
    /// RFC 3161 §2.4.2: the answer belongs to another question.
    TimestampNonceMismatch => "timestamp_nonce_mismatch", "The timestamp's nonce is not the one that was sent.";
    /// EN 319 142-1 §6.3 (T3): the timestamp is not within the certificate's validity.
    TimestampOutsideCertificate => "timestamp_outside_certificate", "The timestamp is not within the validity of the signer's certificate.";
    /// RFC 3161 §2.4.2: a policy that is not on the list.
    TimestampPolicyMismatch => "timestamp_policy_mismatch", "The timestamp's policy is not the one that was asked for.";
    /// RFC 3161 §2.4.2: status is neither granted nor grantedWithMods.
    TimestampRejected => "timestamp_rejected", "The timestamp service said no.";
    /// RFC 3161 §2.3 (T4, V10): extended key usage must be critical and only id-kp-timeStamping.
    TimestampSignerNotAuthority => "timestamp_signer_not_authority", "The timestamp's certificate is not for timestamping alone.";
    /// EN 319 411-1: a short-term certificate lives at most 24 hours.
    ValidityTooLong => "validity_too_long", "A one-shot certificate was asked for with a life of more than 24 hours.";
    /// A version other than the one the standard gives.
    VersionNotAllowed => "version_not_allowed", "A structure has a version that does not fit its content.";
}

impl From<der::Error> for Refused {
    fn from(_: der::Error) -> Self {
        Self::NotDer
    }
}

impl From<spki::Error> for Refused {
    fn from(_: spki::Error) -> Self {
        Self::NotDer
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Refused;

    #[test]
    fn every_refusal_has_its_own_code_and_sentence() {
        let codes: BTreeSet<_> = Refused::ALL.iter().map(|refused| refused.code()).collect();
        let sentences: BTreeSet<_> = Refused::ALL.iter().map(ToString::to_string).collect();
        assert_eq!((codes.len(), sentences.len()), (Refused::ALL.len(), Refused::ALL.len()));
    }
}
