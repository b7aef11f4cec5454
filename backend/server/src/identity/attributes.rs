//! What the organisation knows of a person at work beside the name and the employment: each value with who said it and when. It is sent
//! only to services that ask for it and that the person approves.

use std::collections::BTreeMap;

use handslag_protocol::{
    attribute::Attribute,
    release::{self, Claim},
};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{AffiliationId, PersonNumber, Seconds, UnixTime};
use serde_json::{Map, Value, json};

use super::affiliations::Affiliation;
use crate::words::{Language, Voice};

/// One value as it was entered.
#[derive(Debug, Clone, FromRow)]
pub struct Entered {
    /// [`Attribute::name`].
    pub name: String,
    /// The value.
    pub value: String,
    /// Who said so.
    pub source: String,
    /// Since when.
    pub changed_at: UnixTime,
    /// When somebody checked that it reaches this person.
    pub checked_at: Option<UnixTime>,
}

/// One person with all that is known of them at work.
#[derive(Debug, Clone)]
pub struct Known {
    affiliation: Affiliation,
    entered: BTreeMap<String, Entered>,
}

/// So long after the employment's end a question about it may come.
const KEPT: Seconds = Seconds::days(365);

/// How sure a coordination number may be (OIDC Sweden Claims 1.0 §2.1; SE-06).
const LEVELS: [&str; 3] = ["confirmed", "probable", "uncertain"];

/// The longest value that is entered.
const LONGEST: usize = 200;

/// Reads what is known of a person.
pub async fn known(tx: &mut Tx, affiliation: &Affiliation) -> Result<Known, Error> {
    let entered = of(tx, &affiliation.affiliation_id).await?;
    Ok(Known { affiliation: affiliation.clone(), entered: entered.into_iter().map(|entered| (entered.name.clone(), entered)).collect() })
}

/// The same, as far as these claims need it: most are about the employment, which stands here already.
pub async fn known_for(tx: &mut Tx, affiliation: &Affiliation, claims: &[Claim]) -> Result<Known, Error> {
    if claims.iter().any(|claim| claim.from.is_entered()) { known(tx, affiliation).await } else { Ok(Known::of(affiliation)) }
}

impl Known {
    /// What the employment itself says.
    pub fn of(affiliation: &Affiliation) -> Self {
        Self { affiliation: affiliation.clone(), entered: BTreeMap::new() }
    }

    /// The person's one name for all services; what a service is told may differ.
    pub fn subject(&self) -> &str {
        &self.affiliation.subject
    }

    /// As JSON, for a service; nothing where there is no value.
    pub fn value(&self, attribute: Attribute) -> Option<Value> {
        match attribute {
            Attribute::EmailChecked => self.is_checked(Attribute::Email).map(Value::from),
            Attribute::PhoneChecked => self.is_checked(Attribute::Phone).map(Value::from),
            // OIDC Core §5.1.1.
            Attribute::Address => self.text(attribute, Language::Swedish).map(|text| json!({ "formatted": text })),
            Attribute::PersonNumberLevel => self.entered(attribute).map(Value::from),
            _ => self.text(attribute, Language::Swedish).map(Value::from),
        }
    }

    /// As a person reads it: the very value, and yes or no as words.
    pub fn text(&self, attribute: Attribute, language: Language) -> Option<String> {
        let affiliation = &self.affiliation;
        match attribute {
            Attribute::AffiliationId => Some(affiliation.who.to_string()),
            Attribute::CoordinationNumber => self.number(true),
            Attribute::EmailChecked => self.is_checked(Attribute::Email).map(|is| yes_or_no(is, language)),
            Attribute::FamilyName => Some(affiliation.family_name.clone()),
            Attribute::GivenName => Some(affiliation.given_name.clone()),
            Attribute::Name => Some(affiliation.name()),
            Attribute::OrganisationName => Some(affiliation.organisation_name.clone()),
            Attribute::OrganisationNumber => Some(affiliation.organisation_number.to_string()),
            Attribute::PersonNumberLevel => self.entered(attribute).map(|level| Voice::in_language(language).say(&format!("number-{level}"))),
            Attribute::PersonalNumber => self.number(false),
            Attribute::PhoneChecked => self.is_checked(Attribute::Phone).map(|is| yes_or_no(is, language)),
            Attribute::RoleName => Some(role_name(affiliation)),
            Attribute::Unit => Some(affiliation.unit.clone()),
            _ => self.entered(attribute).map(str::to_owned),
        }
    }

    fn entered(&self, attribute: Attribute) -> Option<&str> {
        self.entered.get(attribute.name()).map(|entered| entered.value.as_str())
    }

    /// The person's number where it is of this kind: never both (SE-05).
    fn number(&self, is_coordination: bool) -> Option<String> {
        let number: PersonNumber = self.entered(Attribute::PersonNumber)?.parse().ok()?;
        (number.is_coordination() == is_coordination).then(|| number.to_string())
    }

    /// What these claims say of this person; a claim without a value is not there.
    pub fn values(&self, claims: &[Claim]) -> Map<String, Value> {
        claims.iter().filter_map(|claim| Some((claim.name.clone(), self.value(claim.from)?))).collect()
    }

    /// What one claim says of this person by the table, or by the service's own names.
    pub fn claim(&self, name: &str, sources: &BTreeMap<String, Attribute>) -> Option<Value> {
        self.value(sources.get(name).copied().or_else(|| release::source(name))?)
    }

    fn is_checked(&self, of: Attribute) -> Option<bool> {
        self.entered.get(of.name()).map(|entered| entered.checked_at.is_some())
    }
}

/// What the person does and where, without saying who (SE-20). In Swedish: services keep it.
fn role_name(affiliation: &Affiliation) -> String {
    let role = Voice::in_language(Language::Swedish).say(&format!("role-{}", affiliation.role));
    format!("{role}, {}", affiliation.unit)
}

fn yes_or_no(is: bool, language: Language) -> String {
    Voice::in_language(language).say(if is { "page-yes" } else { "page-no" })
}

/// Whether a value can be entered: it is shown on a phone and sent to services, so it is one line of ordinary text, and mail and
/// telephone have their forms (OIDC Core §5.1: RFC 5322 addr-spec, E.164).
pub fn is_sound(attribute: Attribute, value: &str) -> bool {
    let is_line = (1..=LONGEST).contains(&value.chars().count()) && !value.chars().any(char::is_control) && value.trim() == value;
    let is_token = !value.contains(char::is_whitespace);
    let has_two_halves = || value.split_once('@').is_some_and(|(left, right)| !left.is_empty() && right.contains('.') && !right.contains('@'));
    let has_form = match attribute {
        Attribute::Email | Attribute::Eppn => is_token && has_two_halves(),
        Attribute::Phone => value.strip_prefix('+').is_some_and(|rest| (6..=15).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit())),
        Attribute::EmployeeNumber | Attribute::HsaId => is_token,
        Attribute::PersonNumber => value.parse::<PersonNumber>().is_ok(),
        Attribute::PersonNumberLevel => LEVELS.contains(&value),
        Attribute::PersonNumberPrevious => value.parse().is_ok_and(|number: PersonNumber| number.is_coordination()),
        _ => true,
    };
    is_line && has_form && Attribute::ENTERED.contains(&attribute)
}

/// Everything entered about a person, by name. Numbers stand in a table of their own.
pub async fn of(tx: &mut Tx, affiliation: &AffiliationId) -> Result<Vec<Entered>, Error> {
    tx.all(
        "SELECT name, value, source, changed_at, checked_at FROM attributes WHERE affiliation_id = $1 \
         UNION ALL SELECT 'person_number', number, source, changed_at, NULL FROM person_numbers WHERE affiliation_id = $1 \
         UNION ALL SELECT 'person_number_level', level, source, changed_at, NULL FROM person_numbers WHERE affiliation_id = $1 AND level IS NOT NULL \
         UNION ALL SELECT 'person_number_previous', previous, source, changed_at, NULL FROM person_numbers \
         WHERE affiliation_id = $1 AND previous IS NOT NULL ORDER BY name",
        (affiliation,),
    )
    .await
}

/// Enters a value in the place of the one before. What was checked counts for the value that was checked and for no other. False for what
/// says something of a number that is not there, or of another kind.
pub async fn enter(tx: &mut Tx, affiliation: &AffiliationId, attribute: Attribute, entered: &Entered) -> Result<bool, Error> {
    let Entered { value, source, changed_at, .. } = entered;
    let number = (affiliation, value, source, changed_at);
    let changed = match attribute {
        Attribute::PersonNumber => {
            let text = "INSERT INTO person_numbers (affiliation_id, number, source, changed_at) VALUES ($1, $2, $3, $4) \
                        ON CONFLICT (affiliation_id) DO UPDATE SET number = excluded.number, level = NULL, previous = NULL, \
                        source = excluded.source, changed_at = excluded.changed_at";
            tx.execute(text, number).await?
        }
        Attribute::PersonNumberLevel => {
            // A coordination number has 60 added to the day.
            let text = "UPDATE person_numbers SET level = $2, source = $3, changed_at = $4 WHERE affiliation_id = $1 AND SUBSTR(number, 7, 1) >= '6'";
            tx.execute(text, number).await?
        }
        Attribute::PersonNumberPrevious => {
            let text = "UPDATE person_numbers SET previous = $2, source = $3, changed_at = $4 WHERE affiliation_id = $1 AND number <> $2";
            tx.execute(text, number).await?
        }
        _ => {
            let text = "INSERT INTO attributes (affiliation_id, name, value, source, changed_at, checked_at) VALUES ($1, $2, $3, $4, $5, $6) \
                        ON CONFLICT (affiliation_id, name) DO UPDATE SET value = excluded.value, source = excluded.source, \
                        changed_at = excluded.changed_at, checked_at = excluded.checked_at";
            tx.execute(text, (affiliation, &entered.name, value, source, changed_at, entered.checked_at)).await?
        }
    };
    Ok(changed == 1)
}

/// Takes a value away.
pub async fn forget(tx: &mut Tx, affiliation: &AffiliationId, attribute: Attribute) -> Result<(), Error> {
    let text = match attribute {
        Attribute::PersonNumber => "DELETE FROM person_numbers WHERE affiliation_id = $1",
        Attribute::PersonNumberLevel => "UPDATE person_numbers SET level = NULL WHERE affiliation_id = $1",
        Attribute::PersonNumberPrevious => "UPDATE person_numbers SET previous = NULL WHERE affiliation_id = $1",
        _ => {
            tx.execute("DELETE FROM attributes WHERE affiliation_id = $1 AND name = $2", (affiliation, attribute.name())).await?;
            return Ok(());
        }
    };
    tx.execute(text, (affiliation,)).await?;
    Ok(())
}

/// Disposes of what was known of those who have left.
pub async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    let text = "DELETE FROM attributes WHERE affiliation_id IN (SELECT affiliation_id FROM affiliations WHERE valid_to < $1 OR blocked_at < $1)";
    tx.execute(text, (now - KEPT,)).await?;
    let text = "DELETE FROM person_numbers WHERE affiliation_id IN (SELECT affiliation_id FROM affiliations WHERE valid_to < $1 OR blocked_at < $1)";
    tx.execute(text, (now - KEPT,)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_line_in_its_form() {
        let right = [
            (Attribute::Email, "asa.oberg@kvarnby.example"),
            (Attribute::Eppn, "x7k3@skola.kvarnby.example"),
            (Attribute::Phone, "+46701740605"),
            (Attribute::HsaId, "SE2120009994-A1B2"),
            (Attribute::AdName, "KVARNBY\\asaobe01"),
            (Attribute::Address, "Storgatan 1, 123 45 Kvarnby"),
            (Attribute::PersonNumber, "191212121212"),
            (Attribute::PersonNumber, "197010632391"),
            (Attribute::PersonNumberLevel, "probable"),
            (Attribute::PersonNumberPrevious, "197010632391"),
        ];
        for (attribute, value) in right {
            assert!(is_sound(attribute, value), "{value}");
        }
        let wrong = [
            (Attribute::Email, "asa"),
            (Attribute::Email, "a b@kvarnby.example"),
            (Attribute::Email, "a@b@kvarnby.example"),
            (Attribute::Email, "a@kvarnby"),
            (Attribute::Phone, "070-174 06 05"),
            (Attribute::Phone, "+46"),
            (Attribute::HsaId, "SE 1"),
            (Attribute::AdName, ""),
            (Attribute::AdName, " a"),
            (Attribute::Address, "Storgatan 1\nKvarnby"),
            (Attribute::Name, "Åsa Öberg"),
            (Attribute::EmailChecked, "true"),
            (Attribute::PersonNumber, "191212121213"),
            (Attribute::PersonNumber, "19121212-1212"),
            (Attribute::PersonNumberLevel, "sure"),
            (Attribute::PersonNumberPrevious, "191212121212"),
            (Attribute::PersonalNumber, "191212121212"),
        ];
        for (attribute, value) in wrong {
            assert!(!is_sound(attribute, value), "{value}");
        }
    }
}
