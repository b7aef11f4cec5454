//! Reading the rules: parsed, named by their `@id`, checked against the schema in strict mode, each with its words for people.
//! Anything short of that refuses the start: a rule that is silently left out could be the one that forbids.

use std::collections::BTreeMap;

use cedar_policy::{Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};

use crate::policies::{RuleId, Words};

/// Why the rules were refused.
#[derive(Debug, thiserror::Error)]
pub enum MalformedPolicies {
    /// Two rules share an id.
    #[error("two rules have the id \"{0}\"")]
    Duplicate(String),
    /// A rule does not fit the schema, or can never apply.
    #[error("the rules do not fit the schema: {0}")]
    Misfit(String),
    /// A file is not Cedar.
    #[error("{file} is not written in Cedar: {message}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the parser said.
        message: String,
    },
    /// A rule has no `@id`.
    #[error("a rule in {0} has no @id")]
    Unnamed(String),
    /// A rule lacks `@sv` or `@en`.
    #[error("the rule \"{0}\" lacks @sv or @en")]
    Wordless(String),
}

/// The rules, ready for use.
pub(crate) struct Loaded {
    pub(crate) schema: Schema,
    pub(crate) rules: PolicySet,
    pub(crate) words: BTreeMap<RuleId, Words>,
}

/// A file's name and its text.
pub(crate) type Source<'a> = (&'a str, &'a str);

/// The files of `policies/`, compiled in.
pub(crate) const EMBEDDED: [Source<'static>; 7] = [
    ("everyone.cedar", include_str!("../../../policies/everyone.cedar")),
    ("colleagues.cedar", include_str!("../../../policies/colleagues.cedar")),
    ("log_in.cedar", include_str!("../../../policies/log_in.cedar")),
    ("signing.cedar", include_str!("../../../policies/signing.cedar")),
    ("doors.cedar", include_str!("../../../policies/doors.cedar")),
    ("journal.cedar", include_str!("../../../policies/journal.cedar")),
    ("register.cedar", include_str!("../../../policies/register.cedar")),
];

/// The schema, compiled in.
pub(crate) const SCHEMA: Source<'static> = ("schema.cedarschema", include_str!("../../../policies/schema.cedarschema"));

/// Reads, names and checks everything.
pub(crate) fn load(schema: Source<'_>, files: &[Source<'_>]) -> Result<Loaded, MalformedPolicies> {
    let (schema, _) = Schema::from_cedarschema_str(schema.1).map_err(|error| unreadable(schema.0, &error))?;
    let (mut rules, mut words) = (PolicySet::new(), BTreeMap::new());
    for (file, text) in files {
        let parsed: PolicySet = text.parse().map_err(|error| unreadable(file, &error))?;
        if parsed.num_of_templates() > 0 {
            return Err(MalformedPolicies::Unnamed((*file).to_owned())); // A template is a rule that nobody has filled in.
        }
        for rule in parsed.policies() {
            let (id, said) = named(file, rule)?;
            rules.add(rule.new_id(PolicyId::new(id.as_str()))).map_err(|_| MalformedPolicies::Duplicate(id.as_str().to_owned()))?;
            words.insert(id, said);
        }
    }
    let verdict = Validator::new(schema.clone()).validate(&rules, ValidationMode::Strict);
    // A warning is a rule that never applies, which nobody means to write.
    if verdict.validation_passed_without_warnings() { Ok(Loaded { schema, rules, words }) } else { Err(misfit(&verdict)) }
}

fn named(file: &str, rule: &Policy) -> Result<(RuleId, Words), MalformedPolicies> {
    let said = |key| rule.annotation(key).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let id = said("id").ok_or_else(|| MalformedPolicies::Unnamed(file.to_owned()))?;
    match (said("sv"), said("en")) {
        (Some(sv), Some(en)) => Ok((RuleId::named(id), Words { sv, en })),
        _ => Err(MalformedPolicies::Wordless(id)),
    }
}

fn unreadable(file: &str, error: &dyn std::error::Error) -> MalformedPolicies {
    MalformedPolicies::Unreadable { file: file.to_owned(), message: error.to_string() }
}

fn misfit(verdict: &cedar_policy::ValidationResult) -> MalformedPolicies {
    let errors = verdict.validation_errors().map(ToString::to_string);
    let all: Vec<_> = errors.chain(verdict.validation_warnings().map(ToString::to_string)).collect();
    MalformedPolicies::Misfit(all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = r#"@id("a") @sv("Ja.") @en("Yes.") permit (principal, action == Action::"LogIn", resource)"#;

    fn refusal(text: &str) -> MalformedPolicies {
        load(SCHEMA, &[("test.cedar", text)]).err().unwrap()
    }

    #[test]
    fn the_embedded_rules_fit_the_schema() {
        let loaded = load(SCHEMA, &EMBEDDED);
        assert!(loaded.is_ok(), "{}", loaded.err().unwrap());
        assert!(load(SCHEMA, &[("test.cedar", &format!("{RULE};"))]).is_ok());
    }

    /// A file that lies in `policies/` and is not compiled in would be read by people and by nobody else.
    #[test]
    fn every_file_of_rules_is_compiled_in() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
        let mut lying: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        lying.retain(|name| std::path::Path::new(name).extension().is_some_and(|end| end == "cedar"));
        let mut compiled: Vec<_> = EMBEDDED.iter().map(|(name, _)| (*name).to_owned()).collect();
        lying.sort();
        compiled.sort();
        assert_eq!(lying, compiled);
    }

    #[test]
    fn rules_without_name_or_words_are_refused() {
        for (text, expected) in [
            (r#"@sv("Ja.") @en("Yes.") permit (principal, action, resource);"#, "has no @id"),
            (r#"@id("") @sv("Ja.") @en("Yes.") permit (principal, action, resource);"#, "has no @id"),
            (r#"@id("a") @en("Yes.") permit (principal, action, resource);"#, "lacks @sv or @en"),
            (r#"@id("a") @sv(" ") @en("Yes.") permit (principal, action, resource);"#, "lacks @sv or @en"),
            (r#"@id("a") @sv("Ja.") permit (principal, action, resource);"#, "lacks @sv or @en"),
            (r#"@id("a") @sv("Ja.") @en("Yes.") permit (principal == ?principal, action, resource);"#, "has no @id"),
        ] {
            assert!(refusal(text).to_string().contains(expected), "{text}: {}", refusal(text));
        }
        assert!(matches!(refusal(&format!("{RULE}; {RULE};")), MalformedPolicies::Duplicate(id) if id == "a"));
    }

    #[test]
    fn rules_that_do_not_fit_the_schema_are_refused() {
        for condition in [
            "when { principal.bloked }",
            "when { principal.level }",
            r#"when { principal.roles.contains(Role::"boss") }"#,
            r#"when { principal.roles.contains("manager") }"#,
            "when { resource.unit == principal.unit }",
            "when { context.now > 0 }",
            "when { principal.blocked && !principal.blocked && false }",
        ] {
            assert!(matches!(refusal(&format!("{RULE} {condition};")), MalformedPolicies::Misfit(_)), "{condition}");
        }
        assert!(matches!(refusal("permit (principal"), MalformedPolicies::Unreadable { .. }));
        assert!(matches!(load(("s", "entity"), &[]), Err(MalformedPolicies::Unreadable { .. })));
    }
}
