//! Web addresses as far as the protocol compares them: DPoP's `htu` (RFC 9449 §4.3) and loopback redirects (RFC 8252 §7.3).
//!
//! No general URL parser: a parser that repairs (`\` to `/`, several `@`, dots in the path) is how redirect checks are fooled.

/// `scheme://host[:port]path` in one spelling: lower-case scheme and host, default port dropped, query and fragment dropped,
/// an empty path as `/`. `None` for everything that is not plainly http or https.
pub(crate) fn without_query(address: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '<' | '>' | '^' | '`' | '{' | '|' | '}');
    if !address.chars().all(is_plain) {
        return None;
    }
    let (scheme, rest) = address.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match scheme.as_str() {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let authority = authority.to_ascii_lowercase();
    let authority = authority.strip_suffix(default_port).unwrap_or(&authority);
    Some(format!("{scheme}://{authority}{path}"))
}

/// Splits a loopback address into host and what follows the port; the port itself is the client's to choose at each start.
/// Only the two literal addresses count: `localhost` is a name that somebody else may answer for (RFC 8252 §8.3).
pub(crate) fn loopback_without_port(address: &str) -> Option<(&'static str, &str)> {
    for host in ["http://127.0.0.1", "http://[::1]"] {
        let Some(rest) = address.strip_prefix(host) else { continue };
        let Some(after_colon) = rest.strip_prefix(':') else { return is_path(rest).then_some((host, rest)) };
        let end = after_colon.find(|c: char| !c.is_ascii_digit()).unwrap_or(after_colon.len());
        let (port, path) = after_colon.split_at(end);
        let is_port = port.parse::<u16>().is_ok_and(|number| number != 0 && number.to_string() == port);
        return (is_port && is_path(path)).then_some((host, path));
    }
    None
}

fn is_path(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_of_an_address() {
        let same = ["https://id.example/token", "HTTPS://ID.example:443/token?x=1", "https://id.example/token#f"];
        for address in same {
            assert_eq!(without_query(address).as_deref(), Some("https://id.example/token"), "{address}");
        }
        assert_eq!(without_query("http://id.example").as_deref(), Some("http://id.example/"));
        let other = [
            "https://id.example/Token",
            "https://id.example/token/",
            "https://id.example:8443/token",
            "http://id.example/token",
            "https://evil.example/token",
        ];
        for address in other {
            assert_ne!(without_query(address).as_deref(), Some("https://id.example/token"), "{address}");
        }
        for wrong in [
            "",
            "id.example/token",
            "ftp://id.example/",
            "https://a@id.example/",
            "https:///token",
            "https://id.example\\@evil/",
            "https://id.exa mple/",
        ] {
            assert_eq!(without_query(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_the_port_of_a_literal_loopback_address_is_free() {
        assert_eq!(loopback_without_port("http://127.0.0.1:49152/cb"), Some(("http://127.0.0.1", "/cb")));
        assert_eq!(loopback_without_port("http://127.0.0.1/cb"), Some(("http://127.0.0.1", "/cb")));
        assert_eq!(loopback_without_port("http://[::1]:1/cb?x=1"), Some(("http://[::1]", "/cb?x=1")));
        let wrong = [
            "http://localhost:1/cb",
            "https://127.0.0.1/cb",
            "http://127.0.0.1.evil.example/cb",
            "http://127.0.0.1:1@evil.example/",
            "http://127.0.0.1:0/",
            "http://127.0.0.1:65536/",
            "http://127.0.0.1:01/",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1@evil.example/",
            "http://127.0.0.10/cb",
        ];
        for address in wrong {
            assert_eq!(loopback_without_port(address), None, "{address}");
        }
    }
}
