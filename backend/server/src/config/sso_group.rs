//! Groups of services inside which one log-in is enough, and for how long (SE-11, SE-13).

use std::collections::BTreeSet;

use handslag_vocab::Seconds;
use serde::Deserialize;

use super::{Client, Refused};

/// A group. Outside every group each service logs its people in itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SsoGroup {
    /// Named by `sso_group` of its clients.
    pub name: String,
    /// How long a log-in is good in it, counted from the approval on the phone.
    pub hours: u8,
    /// On what kind of computers its services are used.
    #[serde(default)]
    pub computers: Computers,
}

/// Who sits at a computer after the one who logged in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Computers {
    /// The organisation's own, each for one person at a time, locked when left.
    Managed,
    /// Also others'.
    #[default]
    Shared,
}

impl SsoGroup {
    /// How long a log-in is good.
    pub fn life(&self) -> Seconds {
        Seconds::hours(self.hours.into())
    }

    /// A working day on managed computers, an hour or two where the next person sits down at the same one.
    fn is_sound(&self) -> bool {
        let most = match self.computers {
            Computers::Managed => 12,
            Computers::Shared => 2,
        };
        !self.name.is_empty() && (1..=most).contains(&self.hours)
    }
}

/// Each group named once and bounded, and each client in one that exists.
pub(super) fn sound(groups: &[SsoGroup], clients: &[Client]) -> Result<(), Refused> {
    let mut names = BTreeSet::new();
    if let Some(wrong) = groups.iter().find(|group| !group.is_sound() || !names.insert(group.name.as_str())) {
        return Err(Refused::SsoGroup(wrong.name.clone()));
    }
    let homeless = clients.iter().filter_map(|client| client.sso_group.as_deref()).find(|name| !names.contains(name));
    homeless.map_or(Ok(()), |name| Err(Refused::SsoGroup(name.to_owned())))
}
