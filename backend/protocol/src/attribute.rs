//! What an organisation knows of a person at work, by one word each. A claim says one of them to a service; which one, the table in
//! [`crate::release`] or the service's registration decides.

use serde::{Deserialize, Serialize};

/// A word for a person, in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Swedish.
    pub sv: &'static str,
    /// English.
    pub en: &'static str,
}

/// One thing that is known of a person at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// The account in the organisation's directory.
    AdName,
    /// Where the person works, as one text.
    Address,
    /// `orgAffiliation`.
    AffiliationId,
    /// `coordinationNumber`, of who has no personal identity number.
    CoordinationNumber,
    /// The address for mail at work.
    Email,
    /// Whether somebody has checked that mail there reaches this person.
    EmailChecked,
    /// The number in the organisation's payroll.
    EmployeeNumber,
    /// `eduPersonPrincipalName`, for schools.
    Eppn,
    /// Family name.
    FamilyName,
    /// Given name.
    GivenName,
    /// `employeeHsaId`, for health care.
    HsaId,
    /// The whole name.
    Name,
    /// `orgName`.
    OrganisationName,
    /// `orgNumber`.
    OrganisationNumber,
    /// The number that says who a person is before the law, of either kind: what is told of it is the one or the other (SE-05).
    PersonNumber,
    /// How sure a coordination number is (law 2022:1697): `confirmed`, `probable` or `uncertain`.
    PersonNumberLevel,
    /// The coordination number that a person had before.
    PersonNumberPrevious,
    /// `personalIdentityNumber`.
    PersonalNumber,
    /// The telephone at work.
    Phone,
    /// Whether somebody has checked that this telephone reaches this person.
    PhoneChecked,
    /// What the person does and where, without saying who (SE-20).
    RoleName,
    /// The unit.
    Unit,
}

impl Attribute {
    /// Every one.
    pub const ALL: [Self; 22] = [
        Self::AdName,
        Self::Address,
        Self::AffiliationId,
        Self::CoordinationNumber,
        Self::Email,
        Self::EmailChecked,
        Self::EmployeeNumber,
        Self::Eppn,
        Self::FamilyName,
        Self::GivenName,
        Self::HsaId,
        Self::Name,
        Self::OrganisationName,
        Self::OrganisationNumber,
        Self::PersonNumber,
        Self::PersonNumberLevel,
        Self::PersonNumberPrevious,
        Self::PersonalNumber,
        Self::Phone,
        Self::PhoneChecked,
        Self::RoleName,
        Self::Unit,
    ];

    /// Those that an organisation enters for each person beside the name and the employment.
    pub const ENTERED: [Self; 10] = [
        Self::AdName,
        Self::Address,
        Self::Email,
        Self::EmployeeNumber,
        Self::Eppn,
        Self::HsaId,
        Self::PersonNumber,
        Self::PersonNumberLevel,
        Self::PersonNumberPrevious,
        Self::Phone,
    ];

    /// Its word in configurations and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AdName => "ad_name",
            Self::Address => "address",
            Self::AffiliationId => "affiliation_id",
            Self::CoordinationNumber => "coordination_number",
            Self::Email => "email",
            Self::EmailChecked => "email_checked",
            Self::EmployeeNumber => "employee_number",
            Self::Eppn => "eppn",
            Self::FamilyName => "family_name",
            Self::GivenName => "given_name",
            Self::HsaId => "hsa_id",
            Self::Name => "name",
            Self::OrganisationName => "organisation_name",
            Self::OrganisationNumber => "organisation_number",
            Self::PersonNumber => "person_number",
            Self::PersonNumberLevel => "person_number_level",
            Self::PersonNumberPrevious => "person_number_previous",
            Self::PersonalNumber => "personal_number",
            Self::Phone => "phone",
            Self::PhoneChecked => "phone_checked",
            Self::RoleName => "role_name",
            Self::Unit => "unit",
        }
    }

    /// What a person reads.
    pub const fn label(self) -> Label {
        let (sv, en) = match self {
            Self::AdName => ("Konto i katalogen", "Directory account"),
            Self::Address => ("Arbetsplatsens adress", "Address of the workplace"),
            Self::AffiliationId => ("Jobb-id", "Work identity"),
            Self::CoordinationNumber => ("Samordningsnummer", "Coordination number"),
            Self::Email => ("E-postadress", "E-mail address"),
            Self::EmailChecked => ("E-postadressen är kontrollerad", "E-mail address is checked"),
            Self::EmployeeNumber => ("Anställningsnummer", "Employee number"),
            Self::Eppn => ("Skolans användarnamn", "School user name"),
            Self::FamilyName => ("Efternamn", "Last name"),
            Self::GivenName => ("Förnamn", "First name"),
            Self::HsaId => ("HSA-id", "HSA id"),
            Self::Name => ("Namn", "Name"),
            Self::OrganisationName => ("Organisation", "Organisation"),
            Self::OrganisationNumber => ("Organisationsnummer", "Organisation number"),
            Self::PersonNumber => ("Personnummer eller samordningsnummer", "Personal or coordination number"),
            Self::PersonNumberLevel => ("Samordningsnumrets nivå", "Level of the coordination number"),
            Self::PersonNumberPrevious => ("Tidigare samordningsnummer", "Earlier coordination number"),
            Self::PersonalNumber => ("Personnummer", "Personal identity number"),
            Self::Phone => ("Telefon i arbetet", "Telephone at work"),
            Self::PhoneChecked => ("Telefonen är kontrollerad", "Telephone is checked"),
            Self::RoleName => ("Roll", "Role"),
            Self::Unit => ("Enhet", "Unit"),
        };
        Label { sv, en }
    }

    /// Whether a service may be told this under a name of its choice. What says something of another value goes with that value, and what
    /// is told only on request (SE-06) has no other name.
    pub const fn may_be_named(self) -> bool {
        !matches!(self, Self::EmailChecked | Self::PersonNumber | Self::PersonNumberLevel | Self::PersonNumberPrevious | Self::PhoneChecked)
    }

    /// Whether it says something that an organisation entered.
    pub fn is_entered(self) -> bool {
        matches!(self, Self::CoordinationNumber | Self::EmailChecked | Self::PersonalNumber | Self::PhoneChecked) || Self::ENTERED.contains(&self)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_has_its_word_and_its_label() {
        assert_eq!(Attribute::ALL.map(|attribute| serde_json::to_value(attribute).unwrap()), Attribute::ALL.map(Attribute::name));
        assert_eq!(Attribute::ALL.iter().collect::<BTreeSet<_>>().len(), Attribute::ALL.len());
        assert!(Attribute::ALL.iter().all(|attribute| !attribute.label().sv.is_empty() && !attribute.label().en.is_empty()));
    }
}
