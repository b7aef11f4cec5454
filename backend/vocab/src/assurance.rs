//! Level of assurance. `acr` is min(how the person was identified, what key the phone holds, what was done now) and is
//! told by who reviewed what: without Digg's review only the `uncertified` names may be used
//! (Sweden Connect registry of identifiers §3.1.1.2; SE-08, SE-10).

use serde::{Deserialize, Serialize};

/// How sure one can be that this is the person. Ordered: `Loa2 < Loa3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "sql", derive(sqlx::Type), sqlx(type_name = "TEXT", rename_all = "lowercase"))]
#[serde(rename_all = "lowercase")]
pub enum Assurance {
    /// One manager with an ID document, or a key that can be copied between devices.
    Loa2,
    /// Two independent sources and a key that cannot leave its hardware.
    Loa3,
}

impl Assurance {
    /// The `acr` value. `reviewed` says whether Digg has reviewed both this provider and this e-ID.
    pub const fn acr(self, reviewed: bool) -> &'static str {
        match (self, reviewed) {
            (Self::Loa2, false) => "http://id.swedenconnect.se/loa/1.0/uncertified-loa2",
            (Self::Loa3, false) => "http://id.swedenconnect.se/loa/1.0/uncertified-loa3",
            (Self::Loa2, true) => "http://id.elegnamnden.se/loa/1.0/loa2",
            (Self::Loa3, true) => "http://id.elegnamnden.se/loa/1.0/loa3",
        }
    }

    /// The lowest of the three facts that make an `acr` (architecture §7).
    pub fn of(person: Self, phone: Self, act: Self) -> Self {
        person.min(phone).min(act)
    }

    /// The level as digits for a person: 2 or 3.
    pub const fn number(self) -> u8 {
        match self {
            Self::Loa2 => 2,
            Self::Loa3 => 3,
        }
    }

    /// The word stored and sent: `loa2` or `loa3`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Loa2 => "loa2",
            Self::Loa3 => "loa3",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StartKind;

    #[test]
    fn the_weakest_fact_decides_and_no_unreviewed_level_claims_the_mark() {
        assert_eq!(Assurance::of(Assurance::Loa3, Assurance::Loa2, Assurance::Loa3), Assurance::Loa2);
        assert_eq!(Assurance::of(Assurance::Loa3, Assurance::Loa3, Assurance::Loa3), Assurance::Loa3);
        for level in [Assurance::Loa2, Assurance::Loa3] {
            assert!(level.acr(false).contains("uncertified"));
            assert!(!level.acr(true).contains("uncertified"));
        }
    }

    /// SE-08, SE-09, SE-10: every person × phone × way of coming here × review. Nobody is told a level that was not reached, no unreviewed
    /// provider a reviewed name, and, because nobody here is registered as a nonresident, never a nonresident name.
    #[test]
    fn every_combination_has_its_one_name() {
        let levels = [Assurance::Loa2, Assurance::Loa3];
        let starts = [StartKind::Assigned, StartKind::MovingQr, StartKind::Number, StartKind::SameDevice, StartKind::TypedCode];
        let mut told = std::collections::BTreeMap::new();
        for (person, phone) in levels.into_iter().flat_map(|person| levels.map(|phone| (person, phone))) {
            for start in starts {
                for reviewed in [false, true] {
                    let acr = Assurance::of(person, phone, start.assurance()).acr(reviewed);
                    let is_near = !matches!(start, StartKind::Number | StartKind::TypedCode);
                    let is_three = person == Assurance::Loa3 && phone == Assurance::Loa3 && is_near;
                    assert_eq!(acr.ends_with("loa3"), is_three, "{person:?} {phone:?} {start:?}: {acr}");
                    assert_eq!(acr.starts_with("http://id.elegnamnden.se/loa/1.0/loa"), reviewed, "{acr}");
                    assert_eq!(acr.contains("/uncertified-"), !reviewed, "{acr}");
                    assert!(!acr.contains("nonresident"), "{acr}");
                    *told.entry(acr).or_insert(0) += 1;
                }
            }
        }
        assert_eq!(told.into_values().collect::<Vec<_>>(), [17, 3, 17, 3]);
    }
}
