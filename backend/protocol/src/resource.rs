//! Resource indicators (RFC 8707): which resources the access token is for. Absolute, without fragment, registered for the client.

use crate::refusal::refusals;

refusals! {
    /// Why a resource is refused. Both are `invalid_target` (§2).
    pub enum Refusal {
        /// §2: no absolute URI, with a fragment, or more than eight of them.
        Form = "resource_form", "resource must be an absolute URI without fragment, at most eight of them";
        /// §2.2: at the token endpoint, one that was not granted.
        NotGranted = "resource_not_granted", "the resource was not part of the authorization";
        /// §2: not one of the client's.
        Unknown = "resource_unknown", "the client is not registered for this resource";
    }
}

const MOST: usize = 8;
const LONGEST: usize = 512;

/// Takes what the authorization request names; gives each once, in order.
pub fn asked<'a>(named: impl Iterator<Item = &'a str>, registered: &[String]) -> Result<Vec<String>, Refusal> {
    let mut resources: Vec<String> = Vec::new();
    for resource in named {
        if !is_absolute(resource) {
            return Err(Refusal::Form);
        }
        if !registered.iter().any(|known| known == resource) {
            return Err(Refusal::Unknown);
        }
        if !resources.iter().any(|known| known == resource) {
            resources.push(resource.to_owned());
        }
    }
    if resources.len() <= MOST { Ok(resources) } else { Err(Refusal::Form) }
}

/// Takes what the token request names and what was granted; gives what the token is for: some of it, or all where none is named.
pub fn narrowed<'a>(named: impl Iterator<Item = &'a str>, granted: &[String]) -> Result<Vec<String>, Refusal> {
    let asked = asked(named, granted).map_err(|refusal| if refusal == Refusal::Unknown { Refusal::NotGranted } else { refusal })?;
    if asked.is_empty() { Ok(granted.to_vec()) } else { Ok(asked) }
}

/// RFC 3986 §4.3: a scheme, something after it, no fragment, and none of the characters that no URI has.
pub(crate) fn is_absolute(uri: &str) -> bool {
    let Some((scheme, rest)) = uri.split_once(':') else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"#<>\\^`{|}".contains(c);
    let has_authority = rest.strip_prefix("//").is_none_or(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['));
    is_scheme && uri.len() <= LONGEST && !rest.is_empty() && rest.chars().all(is_plain) && has_authority
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    const DOORS: &str = "https://dorrar.example/api";
    const CARE: &str = "urn:example:omsorg";

    #[test]
    fn registered_resources_are_asked_for_once_each() {
        let registered = names(&[DOORS, CARE]);
        assert_eq!(asked([DOORS, CARE, DOORS].into_iter(), &registered), Ok(registered.clone()));
        assert_eq!(asked([].into_iter(), &registered), Ok(Vec::new()));
        for other in ["https://dorrar.example/api/", "https://dorrar.example/", "https://DORRAR.example/api", "https://annan.example/"] {
            assert_eq!(asked([DOORS, other].into_iter(), &registered), Err(Refusal::Unknown), "{other}");
        }
        let many: Vec<String> = (0..9).map(|n| format!("urn:x:{n}")).collect();
        assert_eq!(asked(many.iter().map(String::as_str), &many), Err(Refusal::Form));
    }

    #[test]
    fn what_is_no_absolute_address_is_none_even_if_registered() {
        for wrong in
            ["", "dorrar", "/api", "//dorrar.example", "https:", "https://", "https:///x", "1x:y", "https://a/#f", "https://a/ b", "urn:ö", "a b:c"]
        {
            assert_eq!(asked([wrong].into_iter(), &names(&[wrong])), Err(Refusal::Form), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_for_what_was_granted_or_less() {
        let granted = names(&[DOORS, CARE]);
        assert_eq!(narrowed([].into_iter(), &granted), Ok(granted.clone()));
        assert_eq!(narrowed([CARE].into_iter(), &granted), Ok(names(&[CARE])));
        assert_eq!(narrowed([CARE, "urn:example:annat"].into_iter(), &granted), Err(Refusal::NotGranted));
        assert_eq!(narrowed([CARE].into_iter(), &[]), Err(Refusal::NotGranted));
    }
}
