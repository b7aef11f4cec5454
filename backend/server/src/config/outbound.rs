//! Whom this node may call although an address that somebody else named would not let it.

use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;

use super::Refused;
use crate::outward::bare;

/// Exemptions of the guarded client.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Outbound {
    /// `host:port`, each: may be called inside a network of our own, and without https.
    pub allow: Vec<String>,
    /// Files with certificates (PEM) of authorities to trust beside the public ones, for services of an inner authority.
    pub roots: Vec<PathBuf>,
}

impl Outbound {
    pub(super) fn check(&self) -> Result<(), Refused> {
        let wrong = self.allow.iter().find(|entry| host_and_port(entry).is_none());
        wrong.map_or(Ok(()), |entry| Err(Refused::Outbound(entry.clone())))
    }

    /// Hosts and ports as an address has them when it is read.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = (String, u16)> {
        self.allow.iter().filter_map(|entry| host_and_port(entry))
    }
}

fn host_and_port(entry: &str) -> Option<(String, u16)> {
    let (host, port) = entry.rsplit_once(':')?;
    let is_host = !host.is_empty() && !host.contains(['/', '@', '?', '#', '\\', ' ']);
    let url = Url::parse(&format!("http://{host}/")).ok().filter(|url| is_host && url.port().is_none())?;
    Some((bare(url.host_str()?).to_owned(), port.parse().ok().filter(|port| *port > 0)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exemption_names_a_host_and_a_port() {
        let read = |entry: &str| host_and_port(entry).map(|(host, port)| format!("{host} {port}"));
        for (entry, expected) in [("Tjanst.Example:443", "tjanst.example 443"), ("127.0.0.1:8080", "127.0.0.1 8080"), ("[::1]:80", "::1 80")] {
            assert_eq!(read(entry).as_deref(), Some(expected));
        }
        for wrong in [
            "",
            ":443",
            "tjanst.example",
            "tjanst.example:",
            "tjanst.example:0",
            "tjanst.example:65536",
            "https://tjanst.example:443",
            "a/b:1",
            "::1",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
