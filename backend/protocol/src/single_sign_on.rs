//! Single sign-on: does a log-in that stands in this browser answer what another service asks (OIDC Core §3.1.2.1, §3.1.2.6;
//! Sweden Connect profile §2.2.1)?
//!
//! A log-in is good inside the one group where it was made and nowhere else: what a service may see of a session gives it nothing to
//! pass on (attack 27). Its age counts from the full authentication, its level is the one that was reached. What is signed or opened is
//! approved anew each time (SG-05).

use std::collections::BTreeSet;

use handslag_vocab::{Assurance, Seconds, UnixTime};

use crate::{
    authorize::{AuthorizationRequest, Prompt},
    oauth_error::OAuthError,
    profile::Profile,
    refusal::refusals,
};

refusals! {
    /// Why a log-in does not answer a request.
    pub enum Refusal {
        /// Approved by itself each time (SG-05).
        Act = "sso_act", "what is signed or opened is approved by itself";
        /// Older than `max_age`, the group or the profile allows (SE-11).
        Age = "sso_age", "the log-in is older than the request, the group or the profile allows";
        /// Made outside the group of the service that asks (SE-13).
        Group = "sso_group", "the log-in was made outside the group of this client";
        /// Below what is asked (RFC 9470 §4).
        Level = "sso_level", "the log-in did not reach the level that is asked";
        /// OIDC Core §3.1.2.1 `id_token_hint`, §5.5.1 values of `claims`.
        Person = "sso_person", "the log-in is another person's than the one that is named";
        /// `login`, `select_account`, or nothing where the profile reads that as `login` (SE-12).
        Prompt = "sso_prompt", "the request demands a new log-in";
    }
}

/// What the person has answered before about what is sent to this service (SE-15).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// Something less than what is asked now.
    Less,
    /// Nothing.
    Nothing,
    /// What is asked now, or more.
    This,
}

/// A log-in that stands in the browser, and that may still be used.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// Whose.
    pub subject: &'a str,
    /// When it was made, by a full authentication.
    pub authenticated_at: UnixTime,
    /// What was reached, and still is.
    pub level: Assurance,
    /// The group it is good in.
    pub group: Option<&'a str>,
    /// Whether this is the person that the request names, where it names one.
    pub is_named: bool,
    /// The answer that this person has left for this service.
    pub remembered: Remembered,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The checked request.
    pub request: &'a AuthorizationRequest,
    /// What the service is held to.
    pub profile: Profile,
    /// Its group, with how long a log-in is good there.
    pub group: Option<(&'a str, Seconds)>,
    /// The level it always demands.
    pub least: Assurance,
}

/// What comes next. The number is the place of the log-in in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The service is answered; the person has said before that nothing need be shown.
    Answer(usize),
    /// The person is shown who asks and what is sent (SE-14).
    Ask(usize),
    /// A full log-in.
    LogIn,
    /// No page may be shown, and one is needed.
    Refuse(OAuthError),
}

type Check = fn(&Standing<'_>, &Asking<'_>, UnixTime) -> Result<(), Refusal>;

/// In order.
const CHECKS: [Check; 6] = [is_a_log_in_alone, needs_no_new_one, is_of_the_group, is_young_enough, reaches_the_level, is_the_named_person];

impl Standing<'_> {
    /// Whether it answers the request.
    pub fn answers(&self, asking: &Asking<'_>, now: UnixTime) -> Result<(), Refusal> {
        CHECKS.iter().try_for_each(|check| check(self, asking, now))
    }
}

impl Asking<'_> {
    /// Takes the log-ins of the browser, newest first.
    pub fn step(&self, standing: &[Standing<'_>], now: UnixTime) -> Step {
        let usable = standing.iter().enumerate().filter(|(_, standing)| standing.answers(self, now).is_ok());
        let usable: Vec<(usize, &Standing<'_>)> = usable.collect();
        let people: BTreeSet<&str> = usable.iter().map(|(_, standing)| standing.subject).collect();
        let is_silent = self.request.prompt == Prompt::None;
        match usable.first() {
            None if is_silent => Step::Refuse(OAuthError::LoginRequired),
            Some(_) if people.len() > 1 && is_silent => Step::Refuse(OAuthError::AccountSelectionRequired),
            Some((place, standing)) if people.len() == 1 => self.shown(*place, standing.remembered),
            // On the phone the person chooses which work identity it is.
            _ => Step::LogIn,
        }
    }

    fn shown(&self, place: usize, remembered: Remembered) -> Step {
        match (self.request.prompt, remembered) {
            (Prompt::None, Remembered::Nothing) => Step::Refuse(OAuthError::ConsentRequired),
            // Sweden Connect profile §2.2.1: the answer was given for other claims.
            (Prompt::None, Remembered::Less) => Step::Refuse(OAuthError::InteractionRequired),
            (Prompt::Interactive { consent: true, .. }, _) | (_, Remembered::Nothing | Remembered::Less) => Step::Ask(place),
            (_, Remembered::This) => Step::Answer(place),
        }
    }
}

fn is_a_log_in_alone(_: &Standing<'_>, asking: &Asking<'_>, _: UnixTime) -> Result<(), Refusal> {
    if asking.request.details.is_empty() && asking.request.signs().is_none() { Ok(()) } else { Err(Refusal::Act) }
}

fn needs_no_new_one(_: &Standing<'_>, asking: &Asking<'_>, _: UnixTime) -> Result<(), Refusal> {
    let is_new = match asking.request.prompt {
        Prompt::Absent => asking.profile.logs_in_without_prompt(),
        Prompt::None => false,
        Prompt::Interactive { login, select_account, .. } => login || select_account,
    };
    if is_new { Err(Refusal::Prompt) } else { Ok(()) }
}

fn is_of_the_group(standing: &Standing<'_>, asking: &Asking<'_>, _: UnixTime) -> Result<(), Refusal> {
    let is_shared = asking.group.is_some_and(|(name, _)| standing.group == Some(name));
    if is_shared { Ok(()) } else { Err(Refusal::Group) }
}

/// Counted from the full authentication, never from the last use.
fn is_young_enough(standing: &Standing<'_>, asking: &Asking<'_>, now: UnixTime) -> Result<(), Refusal> {
    let age = now.since(standing.authenticated_at);
    let limits = [asking.group.map(|(_, hours)| hours), asking.profile.longest_session()];
    let is_young = limits.into_iter().flatten().all(|limit| age < limit);
    if is_young && asking.request.accepts_login_of(standing.authenticated_at, now) { Ok(()) } else { Err(Refusal::Age) }
}

/// One of the levels that are asked, wished or demanded: where none is met, a new log-in may meet it.
fn reaches_the_level(standing: &Standing<'_>, asking: &Asking<'_>, _: UnixTime) -> Result<(), Refusal> {
    let levels = &asking.request.acr.levels;
    let is_met = levels.is_empty() || levels.iter().any(|level| *level <= standing.level);
    if is_met && standing.level >= asking.least { Ok(()) } else { Err(Refusal::Level) }
}

fn is_the_named_person(standing: &Standing<'_>, _: &Asking<'_>, _: UnixTime) -> Result<(), Refusal> {
    if standing.is_named { Ok(()) } else { Err(Refusal::Person) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::{AcrDemand, tests::checked};

    const NOW: UnixTime = UnixTime::from_seconds(100_000);
    const HOURS: Seconds = Seconds::hours(8);

    fn standing(minutes: i64) -> Standing<'static> {
        Standing {
            subject: "k3",
            authenticated_at: NOW - Seconds::minutes(minutes),
            level: Assurance::Loa2,
            group: Some("skola"),
            is_named: true,
            remembered: Remembered::This,
        }
    }

    fn asking(request: &AuthorizationRequest, profile: Profile) -> Asking<'_> {
        Asking { request, profile, group: Some(("skola", HOURS)), least: Assurance::Loa2 }
    }

    fn with(prompt: Prompt) -> AuthorizationRequest {
        AuthorizationRequest { prompt, ..checked() }
    }

    const fn interactive(login: bool, consent: bool, select_account: bool) -> Prompt {
        Prompt::Interactive { login, consent, select_account }
    }

    #[test]
    fn a_log_in_in_the_group_answers_and_is_shown_unless_that_was_remembered() {
        let request = with(Prompt::Absent);
        let step = |remembered| asking(&request, Profile::Strict).step(&[Standing { remembered, ..standing(10) }], NOW);
        assert_eq!(step(Remembered::This), Step::Answer(0));
        assert_eq!((step(Remembered::Nothing), step(Remembered::Less)), (Step::Ask(0), Step::Ask(0)));
        let request = with(interactive(false, true, false));
        assert_eq!(asking(&request, Profile::Strict).step(&[standing(10)], NOW), Step::Ask(0), "prompt=consent is obeyed");
    }

    /// SE-12: the four of `prompt=none`, and no prompt as `login`.
    #[test]
    fn a_swedish_client_logs_in_and_hears_four_refusals() {
        let absent = with(Prompt::Absent);
        assert_eq!(asking(&absent, Profile::Swedish).step(&[standing(10)], NOW), Step::LogIn);
        let none = with(Prompt::None);
        let refused = |standing: Standing<'_>| match asking(&none, Profile::Swedish).step(&[standing], NOW) {
            Step::Refuse(error) => error,
            other => panic!("{other:?}"),
        };
        let login = OAuthError::LoginRequired;
        assert_eq!(refused(standing(60)), login, "expired");
        assert_eq!(refused(Standing { group: Some("vård"), ..standing(10) }), login, "another service's");
        assert_eq!(refused(Standing { group: None, ..standing(10) }), login, "no group's");
        let higher = AuthorizationRequest { acr: AcrDemand { levels: vec![Assurance::Loa3], essential: false }, ..none.clone() };
        assert_eq!(asking(&higher, Profile::Swedish).step(&[standing(10)], NOW), Step::Refuse(login), "another level");
        assert_eq!(refused(Standing { remembered: Remembered::Less, ..standing(10) }), OAuthError::InteractionRequired);
        assert_eq!(refused(Standing { remembered: Remembered::Nothing, ..standing(10) }), OAuthError::ConsentRequired);
        assert_eq!(asking(&none, Profile::Swedish).step(&[standing(59)], NOW), Step::Answer(0));
    }

    /// SE-11.
    #[test]
    fn age_counts_from_the_full_log_in() {
        let request = with(Prompt::Absent);
        let refusal = |minutes, profile| standing(minutes).answers(&asking(&request, profile), NOW).err();
        assert_eq!((refusal(8 * 60 - 1, Profile::Strict), refusal(8 * 60, Profile::Strict)), (None, Some(Refusal::Age)));
        for (max_age, minutes, expected) in [(600, 10, None), (599, 10, Some(Refusal::Age)), (0, 0, Some(Refusal::Age))] {
            let request = AuthorizationRequest { max_age: Some(Seconds(max_age)), ..with(Prompt::None) };
            assert_eq!(standing(minutes).answers(&asking(&request, Profile::Strict), NOW).err(), expected, "{max_age}");
        }
    }

    /// Attack 27: what a session is not, it is not for anybody.
    #[test]
    fn a_log_in_is_never_more_than_it_was() {
        let plain = with(Prompt::Absent);
        let refusal = |standing: Standing<'_>, asking: Asking<'_>| standing.answers(&asking, NOW).err();
        assert_eq!(refusal(standing(1), Asking { group: None, ..asking(&plain, Profile::Strict) }), Some(Refusal::Group));
        assert_eq!(refusal(standing(1), Asking { group: Some(("vård", HOURS)), ..asking(&plain, Profile::Strict) }), Some(Refusal::Group));
        assert_eq!(refusal(standing(1), Asking { least: Assurance::Loa3, ..asking(&plain, Profile::Strict) }), Some(Refusal::Level));
        assert_eq!(refusal(Standing { is_named: false, ..standing(1) }, asking(&plain, Profile::Strict)), Some(Refusal::Person));
        for prompt in [interactive(true, false, false), interactive(false, false, true), interactive(true, true, true)] {
            assert_eq!(refusal(standing(1), asking(&with(prompt), Profile::Core)), Some(Refusal::Prompt), "{prompt:?}");
        }
        let either = AuthorizationRequest { acr: AcrDemand { levels: vec![Assurance::Loa3, Assurance::Loa2], essential: true }, ..plain.clone() };
        assert_eq!(refusal(standing(1), asking(&either, Profile::Strict)), None, "one of the levels is met");
    }

    #[test]
    fn of_two_work_identities_the_person_chooses() {
        let both = [standing(1), Standing { subject: "k4", ..standing(2) }];
        let (silent, absent) = (with(Prompt::None), with(Prompt::Absent));
        assert_eq!(asking(&silent, Profile::Strict).step(&both, NOW), Step::Refuse(OAuthError::AccountSelectionRequired));
        assert_eq!(asking(&absent, Profile::Strict).step(&both, NOW), Step::LogIn);
        let [first, second] = both;
        let named = [Standing { is_named: false, ..first }, second];
        assert_eq!(asking(&silent, Profile::Strict).step(&named, NOW), Step::Answer(1), "a hint chooses");
    }
}
