//! The configuration: one TOML file. An unknown key refuses the start and is named; secrets are paths to files; a missing
//! `mode` means production, and production refuses everything that is only safe in a demonstration.

mod apps;
mod client;
mod limits;
mod network;
mod outbound;
mod protection;
mod registered;
mod registration;
mod sso_group;

use std::path::{Path, PathBuf};

use const_oid::ObjectIdentifier;
use handslag_vocab::{Assurance, OrgAffiliation, OrganisationNumber};
use serde::Deserialize;

pub use apps::{Android, Apps};
use client::sound;
pub use client::{ApplicationType, Client, Requests};
pub use limits::Limits;
pub use network::{Mtls, Proxy, Tls};
pub use outbound::Outbound;
pub use protection::{ObjectSigning, SubjectType};
pub use registered::Services;
pub use registration::{RegistrationPolicy, StatementIssuer};
pub use sso_group::{Computers, SsoGroup};

/// Everything an operator decides.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Production unless said otherwise.
    #[serde(default)]
    pub mode: Mode,
    /// `127.0.0.1:8080` unless said otherwise.
    #[serde(default = "listen")]
    pub listen: String,
    /// TLS ends here; plain HTTP behind something that ends it if absent.
    pub tls: Option<Tls>,
    /// How certificates of clients come here; not at all if absent.
    pub mtls: Option<Mtls>,
    /// What stands in front and tells who called; whoever connects is the caller if absent.
    pub proxy: Option<Proxy>,
    /// The issuer: https, no path end slash. One per deployment (docs/decisions/0002).
    pub issuer: String,
    /// Where certificates and lists are published; outlives this system (docs/decisions/0003). The issuer with `/pki` if absent.
    pub pki_base_url: Option<String>,
    /// The folder for keys, documents and, with SQLite, the database.
    pub data: PathBuf,
    /// SQLite in `data` if absent.
    pub database: Option<Database>,
    /// The memory that several nodes share.
    pub redis: Option<Redis>,
    /// Whether Digg has reviewed this provider (decides the `acr` names; SE-08).
    #[serde(default)]
    pub reviewed_by_digg: bool,
    /// Says in so many words that file keys may issue in production.
    #[serde(default)]
    pub keys: Keys,
    /// Who runs this deployment and answers for its certificates.
    pub operator: Operator,
    /// The kinds of documents people sign here.
    #[serde(default, rename = "document_class")]
    pub document_classes: Vec<DocumentClass>,
    /// Where the signing core listens when it runs alone; in this process if absent.
    pub signing_core_url: Option<String>,
    /// Vouches for the software keys of a demonstration's phones. Not part of the file: only the demonstration itself sets it.
    #[serde(skip)]
    pub demo_phone_vendor: Option<[u8; 65]>,
    /// The program that draws pages as pictures; this one if absent. Not part of the file: only who embeds this library sets it.
    #[serde(skip)]
    pub page_drawer: Option<PathBuf>,
    /// How much at a time, and for how long.
    #[serde(default)]
    pub limits: Limits,
    /// Groups of services inside which one log-in is enough.
    #[serde(default, rename = "sso_group")]
    pub sso_groups: Vec<SsoGroup>,
    /// Whom this node may call.
    #[serde(default)]
    pub outbound: Outbound,
    /// Our own apps on phones.
    #[serde(default)]
    pub apps: Apps,
    /// For outside conformance suites, and refused in production.
    pub test: Option<Test>,
    /// The services that log people in.
    #[serde(default, rename = "client")]
    pub clients: Vec<Client>,
    /// Under what programs may register themselves.
    #[serde(default, rename = "registration_policy")]
    pub registration_policies: Vec<RegistrationPolicy>,
}

/// How careful to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// An invented municipality on one's own machine.
    Demo,
    /// Real people.
    #[default]
    Production,
}

/// Who runs this deployment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// As registered.
    pub name: String,
    /// Its organisation number.
    pub number: OrganisationNumber,
    /// Its own arc of object identifiers: `.1` names the policy of its certificates, `.2` of its timestamps.
    pub oid_arc: String,
}

/// A kind of document and the level it demands (WF-13).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentClass {
    /// Names it.
    pub id: String,
    /// In Swedish.
    pub name_sv: String,
    /// In English.
    pub name_en: String,
    /// The level it demands.
    pub assurance: Assurance,
}

/// Another place than SQLite in the data folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// A file that holds the PostgreSQL address (it may contain a password).
    pub url_file: PathBuf,
}

/// What several nodes share beside the database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// A file that holds the address of Redis (it may contain a password).
    pub url_file: PathBuf,
}

/// What a conformance suite needs and nobody else may have.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// Answers every log-in and consent at once for this work identity, without a phone and without a person. Entered at the start, with a value for
    /// every claim, where it is not known.
    pub auto_approve: OrgAffiliation,
}

impl Test {
    /// The organisation of the work identity.
    pub fn organisation(&self) -> Option<OrganisationNumber> {
        let (opaque, number) = self.auto_approve.as_str().split_once('@')?;
        let is_opaque = !opaque.is_empty() && opaque.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        number.parse().ok().filter(|_| is_opaque)
    }
}

/// Where private keys live.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Must say `"i know that keys in files can be copied"` in production.
    pub allow_file_keys: Option<String>,
}

fn listen() -> String {
    "127.0.0.1:8080".to_owned()
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// No phone could match it.
    #[error("[apps] names apple apps as TEAM123456.bundle.name and android apps by package and sha256_cert_fingerprints (AA:BB:…)")]
    Apps,
    /// Named twice, without an address, or with a proof that is none.
    #[error(
        "the client {0} is named twice, shares its resource, has no redirect address, has keys or a secret's digest that are not understood, has keys in two places, \
         has a secret in another profile than core, wants answers that cannot be made, has pairwise names without one sector, acts for itself or asks for people without either, has an address for logging out that is none, or stays logged in for no days"
    )]
    Client(String),
    /// Keys in files, in production, without the sentence that accepts it.
    #[error("in production, issuing with keys in files must be accepted in so many words: [keys] allow_file_keys = \"{FILE_KEYS_ACCEPTED}\"")]
    FileKeys,
    /// Names the key and the line.
    #[error("the configuration {path} is not understood: {reason}")]
    Form {
        /// The file.
        path: String,
        /// What the parser said.
        reason: String,
    },
    /// Nobody could connect, or no request could be answered.
    #[error("every number under [limits] must be greater than zero, and stalled_seconds greater than request_seconds")]
    Limits,
    /// Not https, or ends with a slash.
    #[error("the issuer must be an https address without a slash at its end")]
    Issuer,
    /// No way in, two ways in, or a certificate that anybody could claim.
    #[error(
        "[mtls] needs url (https, without a slash at its end) and either listen, with a certificate and a key or [tls], or header with from: the addresses of the proxy that sets it"
    )]
    Mtls,
    /// Not dotted numbers.
    #[error("operator.oid_arc must be an object identifier")]
    OidArc,
    /// Named twice, too long, or named by a client and nowhere else.
    #[error("the group {0} is named twice or nowhere, or has hours that are not 1 to 12 on managed computers, 1 to 2 on shared ones")]
    SsoGroup(String),
    /// Not a host and a port.
    #[error("every entry of [outbound] allow must be a host and a port, as in \"tjanst.kommun.example:443\"; {0} is not")]
    Outbound(String),
    /// Nobody in particular would be believed.
    #[error("[proxy] must name the addresses it calls from, and a header")]
    Proxy,
    /// Somebody would be let in without being asked.
    #[error("[test] is for conformance suites: refused in production, beside reviewed_by_digg, and without a work identity like x7k3q9ma@2120009994")]
    Test,
    /// Named twice, open to everybody, with a token or keys that are not understood, or with secrets where the profile has none.
    #[error(
        "the registration policy {0} is named twice, shares a token, lets in without a token or a statement, has room for none, has a token's digest \
         or an issuer's keys that are not understood, or allows a secret in another profile than core"
    )]
    RegistrationPolicy(String),
    /// The file could not be read.
    #[error("the configuration {path} could not be read: {reason}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
}

fn parsed<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Refused> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Refused::Read { path: shown.clone(), reason: error.to_string() })?;
    toml::from_str(&text).map_err(|error| Refused::Form { path: shown, reason: error.to_string() })
}

const FILE_KEYS_ACCEPTED: &str = "i know that keys in files can be copied";

impl Config {
    /// Reads and checks a file.
    pub fn read(path: &Path) -> Result<Self, Refused> {
        let config: Self = parsed(path)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Refused> {
        let is_production = self.mode == Mode::Production;
        if self.issuer.ends_with('/') || (is_production && !self.issuer.starts_with("https://")) {
            return Err(Refused::Issuer);
        }
        if ObjectIdentifier::new(&format!("{}.2", self.operator.oid_arc)).is_err() {
            return Err(Refused::OidArc);
        }
        if self.limits.is_shut() {
            return Err(Refused::Limits);
        }
        self.outbound.check()?;
        if !self.apps.are_sound() {
            return Err(Refused::Apps);
        }
        if self.mtls.as_ref().is_some_and(|mtls| !mtls.is_sound(self.tls.as_ref())) {
            return Err(Refused::Mtls);
        }
        if self.proxy.as_ref().is_some_and(|proxy| !proxy.is_sound()) {
            return Err(Refused::Proxy);
        }
        let is_sound = |test: &Test| !is_production && !self.reviewed_by_digg && test.organisation().is_some();
        if self.test.as_ref().is_some_and(|test| !is_sound(test)) {
            return Err(Refused::Test);
        }
        sound(&self.clients)?;
        sso_group::sound(&self.sso_groups, &self.clients)?;
        registration::sound(&self.registration_policies)?;
        if is_production && self.keys.allow_file_keys.as_deref() != Some(FILE_KEYS_ACCEPTED) {
            return Err(Refused::FileKeys);
        }
        Ok(())
    }

    /// Where certificates and lists are published.
    pub fn pki_base_url(&self) -> String {
        self.pki_base_url.clone().unwrap_or_else(|| format!("{}/pki", self.issuer))
    }

    /// Whether cookies may demand https.
    pub fn is_https(&self) -> bool {
        self.issuer.starts_with("https://")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "operator = { name = \"Kvarnby kommun\", number = \"2120001124\", oid_arc = \"1.3.6.1.4.1.32473\" }\nissuer = \"https://id.kvarnby.example\"\ndata = \"data\"\n";

    fn parse(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn an_unknown_key_refuses_the_start_and_is_named() {
        let refused = parse(&format!("{SMALL}isuer = \"x\"\n")).unwrap_err();
        assert!(refused.contains("isuer"), "{refused}");
        let refused = parse(&format!("mode = \"demo\"\n{SMALL}[keys]\nallow_file_key = \"x\"\n")).unwrap_err();
        assert!(refused.contains("allow_file_key"), "{refused}");
    }

    #[test]
    fn a_file_of_services_holds_services_and_nothing_else() {
        let service = "[[client]]\nid = \"x\"\nname_sv = \"X\"\nname_en = \"X\"\norganisation = \"2120001124\"\nredirect_uris = []\nscopes = []\n";
        let services: Services = toml::from_str(service).unwrap();
        assert_eq!(services.clients.len(), 1);
        for unknown in [format!("mode = \"demo\"\n{service}"), format!("{service}secret = \"x\"\n")] {
            assert!(toml::from_str::<Services>(&unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn limits_that_shut_everybody_out_are_refused() {
        let small = format!("mode = \"demo\"\n{SMALL}");
        assert!(parse(&format!("{small}[limits]\nconnections = 10\n")).is_ok());
        let often = ["address_per_minute", "client_per_minute", "failures_per_minute", "phone_per_minute"];
        for name in often.into_iter().chain(["connections", "end_seconds", "head_seconds", "request_seconds", "stalled_seconds", "upload_seconds"]) {
            let refused = parse(&format!("{small}[limits]\n{name} = 0\n")).unwrap_err();
            assert!(refused.contains("[limits]"), "{refused}");
        }
        assert!(parse(&format!("{small}[limits]\nconections = 10\n")).unwrap_err().contains("conections"));
    }

    /// SE-11, SE-13.
    #[test]
    fn a_group_is_bounded_by_its_computers_and_exists() {
        let small = format!("mode = \"demo\"\n{SMALL}");
        let group = |hours, computers| format!("{small}[[sso_group]]\nname = \"skola\"\nhours = {hours}\ncomputers = \"{computers}\"\n");
        for right in [group(12, "managed"), group(2, "shared"), format!("{small}[[sso_group]]\nname = \"a\"\nhours = 1\n")] {
            assert!(parse(&right).is_ok(), "{right}");
        }
        let twice = format!("{}[[sso_group]]\nname = \"skola\"\nhours = 1\n", group(1, "shared"));
        let client = "[[client]]\nid = \"x\"\nname_sv = \"X\"\nname_en = \"X\"\norganisation = \"2120001124\"\nredirect_uris = [\"https://x.example/\"]\nscopes = []\nsso_group = \"annan\"\n";
        for wrong in [group(13, "managed"), group(0, "managed"), group(3, "shared"), twice, format!("{}{client}", group(1, "shared"))] {
            assert!(parse(&wrong).unwrap_err().contains("the group"), "{wrong}");
        }
    }

    #[test]
    fn nobody_is_let_in_unasked_where_people_are_real() {
        let test = "[test]\nauto_approve = \"x7k3q9ma@2120009994\"\n";
        assert!(parse(&format!("mode = \"demo\"\n{SMALL}{test}")).is_ok());
        let accepted = format!("[keys]\nallow_file_keys = \"{FILE_KEYS_ACCEPTED}\"\n");
        let unsafe_ones = [
            format!("{SMALL}{accepted}{test}"),
            format!("mode = \"production\"\n{SMALL}{accepted}{test}"),
            format!("mode = \"demo\"\nreviewed_by_digg = true\n{SMALL}{test}"),
            format!("mode = \"demo\"\n{SMALL}{}", test.replace("2120009994", "2120009995")),
            format!("mode = \"demo\"\n{SMALL}{}", test.replace("x7k3q9ma@", "@")),
            format!("mode = \"demo\"\n{SMALL}{}", test.replace("x7k3q9ma@", "")),
        ];
        for config in unsafe_ones {
            assert!(parse(&config).unwrap_err().contains("[test]"), "{config}");
        }
        assert!(parse(&format!("mode = \"demo\"\n{SMALL}[test]\nauto_aprove = \"x\"\n")).unwrap_err().contains("auto_aprove"));
    }

    #[test]
    fn what_listens_for_certificates_is_whole_or_refused() {
        let small = format!("mode = \"demo\"\n{SMALL}");
        let tls = "[tls]\ncertificate = \"c\"\nkey = \"k\"\n";
        let url = "[mtls]\nurl = \"https://mtls.example\"\n";
        for right in [
            format!("{small}{tls}{url}listen = \"127.0.0.1:1\"\n"),
            format!("{small}{url}listen = \"127.0.0.1:1\"\ncertificate = \"c\"\nkey = \"k\"\n"),
            format!("{small}{url}header = \"client-cert\"\nfrom = [\"10.0.0.1\"]\n"),
        ] {
            assert!(parse(&right).is_ok(), "{right}");
        }
        for wrong in [
            format!("{small}{url}"),
            format!("{small}{url}listen = \"127.0.0.1:1\"\n"),
            format!("{small}{url}listen = \"127.0.0.1:1\"\ncertificate = \"c\"\n"),
            format!("{small}{url}header = \"client-cert\"\n"),
            format!("{small}{url}header = \"client cert\"\nfrom = [\"10.0.0.1\"]\n"),
            format!("{small}{tls}{url}listen = \"127.0.0.1:1\"\nheader = \"client-cert\"\nfrom = [\"10.0.0.1\"]\n"),
            format!("{small}{tls}[mtls]\nurl = \"http://mtls.example\"\nlisten = \"127.0.0.1:1\"\n"),
        ] {
            assert!(parse(&wrong).unwrap_err().contains("[mtls]"), "{wrong}");
        }
        for wrong in ["from = []\n", "from = [\"10.0.0.1\"]\naddress_header = \"a b\"\n"] {
            assert!(parse(&format!("{small}[proxy]\n{wrong}")).unwrap_err().contains("[proxy]"), "{wrong}");
        }
    }

    #[test]
    fn a_missing_mode_is_production_and_production_refuses_file_keys_and_plain_http() {
        assert!(parse(SMALL).unwrap_err().contains("in so many words"));
        assert!(parse(&SMALL.replace("https", "http")).unwrap_err().contains("https"));
        assert!(parse(&format!("{SMALL}[keys]\nallow_file_keys = \"{FILE_KEYS_ACCEPTED}\"\n")).is_ok());
        assert!(parse(&format!("mode = \"demo\"\n{}", SMALL.replace("https", "http"))).is_ok());
    }
}
