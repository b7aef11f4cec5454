//! From a certificate to a given root (RFC 5280 §6.1), at one point in time.
//!
//! Names constraints and policy trees are not processed: a certificate that makes them critical is refused, never skipped.

use handslag_vocab::UnixTime;

use super::Certificate;
use crate::refused::Refused;

/// Longer paths than this are never ours.
const LONGEST: usize = 5;

/// Refuses unless `certificate` leads through `others` to `root`, each valid at `time`. Revocation is not looked at here.
pub fn path(certificate: &Certificate, others: &[Certificate], root: &Certificate, time: UnixTime) -> Result<(), Refused> {
    let mut current = certificate;
    for authorities_below in 0..LONGEST {
        current.check_extensions()?;
        current.check_valid_at(time)?;
        if current == root {
            return Ok(());
        }
        let issuer = std::iter::once(root).chain(others).find(|other| current.check_issued_by(other).is_ok());
        let issuer = issuer.filter(|issuer| *issuer != current).ok_or(Refused::CertificatePathMissing)?;
        if issuer.path_length()?.is_some_and(|most| usize::from(most) < authorities_below) {
            return Err(Refused::CertificateIssuerNotAuthority);
        }
        current = issuer;
    }
    Err(Refused::CertificatePathMissing)
}
