//! Deciding. A forbid wins over every permit, no permit means no, and a rule that could not be evaluated means no:
//! Cedar leaves such a rule out, which would be an open door if it was one that forbids.

use std::{
    collections::{BTreeMap, HashMap},
    fmt, mem,
    sync::{PoisonError, RwLock},
};

use cedar_policy::{Authorizer, Decision, PolicySet, Schema};

use crate::{
    Act, MalformedPolicies, Question,
    load::{EMBEDDED, SCHEMA, load},
    translate::{TypeNames, translate},
};

/// All rules, ready to be asked. Shared between threads as it is.
pub struct Policies {
    pub(crate) rules: PolicySet,
    schema: Schema,
    types: TypeNames,
    words: BTreeMap<RuleId, Words>,
    /// What was decided about log-ins. The rules are compiled in and every fact stands in the question, so its answer never changes.
    decided: RwLock<Decided>,
}

/// Answers in two generations: when the young one is full, the old one is forgotten, and what was asked again meanwhile is in the young one.
#[derive(Default)]
struct Decided {
    young: HashMap<Question, Answer>,
    old: HashMap<Question, Answer>,
}

const MOST_KEPT: usize = 4_096;

impl Decided {
    fn keep(&mut self, question: &Question, answer: &Answer) {
        self.old.remove(question);
        if self.young.len() >= MOST_KEPT / 2 {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(question.clone(), answer.clone());
    }
}

/// The id of a rule: its `@id`, or one of the two names for what no rule says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(String);

/// Yes or no, and the rules that decided: never none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// May they?
    pub allowed: bool,
    /// For yes the rules that permit, for no those that forbid; `no-rule` when none speaks, `question-broken` when one could not be
    /// evaluated. In alphabetical order.
    pub rules: Vec<RuleId>,
}

/// What a rule says to people.
#[derive(Clone)]
pub(crate) struct Words {
    pub(crate) sv: String,
    pub(crate) en: String,
}

impl Policies {
    /// The rules of `policies/`, compiled in. A test proves that they load; an error means that the program was built wrong.
    pub fn embedded() -> Result<Self, MalformedPolicies> {
        let loaded = load(SCHEMA, &EMBEDDED)?;
        let types = TypeNames::new().map_err(MalformedPolicies::Misfit)?;
        Ok(Self { rules: loaded.rules, schema: loaded.schema, types, words: loaded.words, decided: RwLock::default() })
    }

    /// May they? Whether somebody may log in to a service is asked at each of its tokens, with the same facts again and again: that is
    /// decided once. What depends on a moment is decided anew.
    pub fn decide(&self, question: &Question) -> Answer {
        if !matches!(question.act, Act::LogIn { .. }) {
            return self.evaluate(question);
        }
        let aged = {
            let decided = self.decided.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(answer) = decided.young.get(question) {
                return answer.clone();
            }
            decided.old.get(question).cloned()
        };
        let answer = aged.unwrap_or_else(|| self.evaluate(question));
        self.decided.write().unwrap_or_else(PoisonError::into_inner).keep(question, &answer);
        answer
    }

    /// How many answers are kept.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        let decided = self.decided.read().unwrap_or_else(PoisonError::into_inner);
        decided.young.len() + decided.old.len()
    }

    pub(crate) fn evaluate(&self, question: &Question) -> Answer {
        let Ok((request, entities)) = translate(question, &self.types, &self.schema) else { return Answer::no(BROKEN) };
        let response = Authorizer::new().is_authorized(&request, &self.rules, &entities);
        if response.diagnostics().errors().next().is_some() {
            return Answer::no(BROKEN);
        }
        let mut rules: Vec<_> = response.diagnostics().reason().map(|id| RuleId(id.to_string())).collect();
        rules.sort();
        if rules.is_empty() { Answer::no(SILENT) } else { Answer { allowed: response.decision() == Decision::Allow, rules } }
    }

    /// The words of a rule for people: English for `en`, Swedish for any other language. `None` for a rule that does not exist
    /// (any more).
    pub fn reason(&self, rule: &RuleId, language: &str) -> Option<&str> {
        let (sv, en) = match rule.as_str() {
            SILENT => (SILENT_SV, SILENT_EN),
            BROKEN => (BROKEN_SV, BROKEN_EN),
            _ => self.words.get(rule).map(|words| (words.sv.as_str(), words.en.as_str()))?,
        };
        Some(if language == "en" { en } else { sv })
    }

    /// Every rule's id, in alphabetical order.
    pub fn rules(&self) -> impl Iterator<Item = &RuleId> {
        self.words.keys()
    }
}

impl Answer {
    fn no(rule: &str) -> Self {
        Self { allowed: false, rules: vec![RuleId::named(rule)] }
    }
}

impl RuleId {
    /// Takes an id as it stands in a file or in the journal.
    pub fn named(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const SILENT: &str = "no-rule";
const SILENT_SV: &str = "Du har inte rätt att göra det här. Fråga din chef.";
const SILENT_EN: &str = "You do not have the right to do this. Ask your manager.";
const BROKEN: &str = "question-broken";
const BROKEN_SV: &str = "Det gick inte att avgöra om du får göra det här. Försök igen, eller kontakta supporten.";
const BROKEN_EN: &str = "It could not be decided whether you may do this. Try again, or contact support.";
