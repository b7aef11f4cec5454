//! PDF bytes in, PDF bytes out: strict reader, incremental writer, CMS, timestamps, certificates.
#![warn(missing_docs)]
mod asn1;
pub mod certificate;
pub mod cms;
pub mod crl;
pub mod es256;
pub mod intake;
pub mod oid;
pub mod pdf;
pub mod refused;
pub mod sign;
#[cfg(test)]
mod signed_minutes;
#[cfg(test)]
mod test_pki;
pub mod timestamp;
pub mod unsigned;
