//! Object identifiers this crate writes or recognises, each with its source. Those that `const-oid` names are not repeated
//! under another name elsewhere: one list, so that a wrong digit can only be wrong once.

use const_oid::ObjectIdentifier;

macro_rules! oids {
    ($($(#[$doc:meta])* $name:ident = $dotted:literal;)*) => {
        $($(#[$doc])* pub const $name: ObjectIdentifier = ObjectIdentifier::new_unwrap($dotted);)*
    };
}

oids! {
    /// ecdsa-with-SHA256 (RFC 5758 §3.2).
    ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
    /// id-ecPublicKey (RFC 5480 §2.1.1).
    EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    /// secp256r1, P-256 (RFC 5480 §2.1.1.1).
    P256 = "1.2.840.10045.3.1.7";
    /// id-sha256 (RFC 5754 §2.2).
    SHA256 = "2.16.840.1.101.3.4.2.1";
    /// id-sha384 (RFC 5754 §2.3).
    SHA384 = "2.16.840.1.101.3.4.2.2";
    /// id-sha512 (RFC 5754 §2.4).
    SHA512 = "2.16.840.1.101.3.4.2.3";

    /// id-data (RFC 5652 §4).
    DATA = "1.2.840.113549.1.7.1";
    /// id-signedData (RFC 5652 §5.1).
    SIGNED_DATA = "1.2.840.113549.1.7.2";
    /// id-ct-TSTInfo (RFC 3161 §2.4.2).
    TST_INFO = "1.2.840.113549.1.9.16.1.4";

    /// content-type attribute (RFC 5652 §11.1).
    CONTENT_TYPE = "1.2.840.113549.1.9.3";
    /// message-digest attribute (RFC 5652 §11.2).
    MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
    /// signing-time attribute (RFC 5652 §11.3): forbidden in PAdES baseline (EN 319 142-1 §6.3).
    SIGNING_TIME = "1.2.840.113549.1.9.5";
    /// ESS signing-certificate, SHA-1 (RFC 2634 §5.4).
    SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12";
    /// ESS signing-certificate-v2 (RFC 5035 §3).
    SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47";
    /// signature-time-stamp unsigned attribute (EN 319 122-1 §5.3).
    SIGNATURE_TIME_STAMP = "1.2.840.113549.1.9.16.2.14";
    /// CMS algorithm protection (RFC 6211 §2).
    ALGORITHM_PROTECTION = "1.2.840.113549.1.9.52";

    /// id-kp-timeStamping (RFC 5280 §4.2.1.12).
    KP_TIME_STAMPING = "1.3.6.1.5.5.7.3.8";
    /// id-kp-documentSigning (RFC 9336 §3.1).
    KP_DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36";
    /// anyPolicy (RFC 5280 §4.2.1.4).
    ANY_POLICY = "2.5.29.32.0";
    /// id-ad-caIssuers (RFC 5280 §4.2.2.1).
    AD_CA_ISSUERS = "1.3.6.1.5.5.7.48.2";
    /// id-pe-qcStatements (RFC 3739 §3.2.6).
    QC_STATEMENTS = "1.3.6.1.5.5.7.1.3";
    /// id-qcs-pkixQCSyntax-v2 (RFC 3739 §3.2.6.1).
    QCS_SYNTAX_V2 = "1.3.6.1.5.5.7.11.2";
    /// id-etsi-qcs-semanticsId-Natural (EN 319 412-1 §5.1.3).
    SEMANTICS_NATURAL = "0.4.0.194121.1.1";
    /// id-etsi-qcs-semanticsId-Legal (EN 319 412-1 §5.1.4).
    SEMANTICS_LEGAL = "0.4.0.194121.1.2";
    /// valassured-ST-certs (EN 319 412-1 §5.2): too short-lived to be revoked.
    VALIDITY_ASSURED_SHORT_TERM = "0.4.0.194121.2.1";
    /// id-ce-authContext (RFC 7773 §2).
    AUTHENTICATION_CONTEXTS = "1.2.752.201.5.1";

    /// countryName (X.520).
    COUNTRY = "2.5.4.6";
    /// organizationName (X.520).
    ORGANISATION = "2.5.4.10";
    /// organizationIdentifier (X.520).
    ORGANISATION_IDENTIFIER = "2.5.4.97";
    /// commonName (X.520).
    COMMON_NAME = "2.5.4.3";
    /// surname (X.520).
    SURNAME = "2.5.4.4";
    /// givenName (X.520).
    GIVEN_NAME = "2.5.4.42";
    /// serialNumber (X.520).
    SERIAL_NUMBER = "2.5.4.5";
}
