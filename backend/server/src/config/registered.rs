//! Services alone, in the same tables as a node's: what a demonstration registers beside its own.

use std::path::Path;

use serde::Deserialize;

use super::{Client, Config, Mtls, Outbound, Refused, RegistrationPolicy, SsoGroup, client, parsed, registration, sso_group};

/// What such a file may hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// The services.
    #[serde(default, rename = "client")]
    pub clients: Vec<Client>,
    /// Those of them that share log-ins.
    #[serde(default, rename = "sso_group")]
    pub sso_groups: Vec<SsoGroup>,
    /// Where they are, if that is this machine or its network.
    #[serde(default)]
    pub outbound: Outbound,
    /// How their certificates come here.
    pub mtls: Option<Mtls>,
    /// Under what others register themselves beside them.
    #[serde(default, rename = "registration_policy")]
    pub registration_policies: Vec<RegistrationPolicy>,
}

impl Services {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, Refused> {
        let services: Self = parsed(path)?;
        client::sound(&services.clients)?;
        sso_group::sound(&services.sso_groups, &services.clients)?;
        registration::sound(&services.registration_policies)?;
        services.outbound.check()?;
        if services.mtls.as_ref().is_some_and(|mtls| !mtls.is_sound(None)) {
            return Err(Refused::Mtls);
        }
        Ok(services)
    }

    /// Puts them beside what the configuration has.
    pub fn join(self, config: &mut Config) {
        config.clients.extend(self.clients);
        config.sso_groups.extend(self.sso_groups);
        config.outbound.allow.extend(self.outbound.allow);
        config.outbound.roots.extend(self.outbound.roots);
        config.mtls = self.mtls;
        config.registration_policies.extend(self.registration_policies);
    }
}
