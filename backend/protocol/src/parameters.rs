//! Request parameters of OAuth endpoints (RFC 6749 §3.1, §3.2): a name stands at most once, `resource` excepted (RFC 8707 §2),
//! and a parameter without a value counts as omitted.
//!
//! A doubled parameter is remembered instead of refused here, because where the refusal may be sent depends on which one it is.

use std::collections::BTreeMap;

/// Decoded name and value pairs of one request.
#[derive(Clone, Debug, Default)]
pub struct Parameters(BTreeMap<String, Vec<String>>);

/// The one that may stand several times.
const RESOURCE: &str = "resource";

impl Parameters {
    /// Takes pairs after `application/x-www-form-urlencoded` decoding, in the order they came.
    pub fn collect(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut parameters = Self::default();
        for (name, value) in pairs {
            parameters.0.entry(name).or_default().push(value);
        }
        parameters
    }

    /// The value, unless it is absent or empty or the name stood twice (then nobody can tell which one was meant).
    pub fn value(&self, name: &str) -> Option<&str> {
        match self.0.get(name)?.as_slice() {
            [value] if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// The resources that were asked for (RFC 8707 §2), in order.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.0.get(RESOURCE).into_iter().flatten().map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether this name stood more than once.
    pub fn is_repeated(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|values| values.len() > 1)
    }

    /// Whether any name stood more than once that may not, known to us or not.
    pub fn has_repeated(&self) -> bool {
        self.0.iter().any(|(name, values)| values.len() > 1 && name != RESOURCE)
    }

    /// Whether this name stood at all, be it without a value.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Every name that stood.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Sets what did not stand.
    pub(crate) fn set_if_absent(&mut self, name: &str, value: &str) {
        self.0.entry(name.to_owned()).or_insert_with(|| vec![value.to_owned()]);
    }

    /// All of them again as pairs.
    pub(crate) fn into_pairs(self) -> impl Iterator<Item = (String, String)> {
        self.0.into_iter().flat_map(|(name, values)| values.into_iter().map(move |value| (name.clone(), value)))
    }

    /// The same without the names that `unwanted` picks.
    #[must_use]
    pub(crate) fn without(mut self, unwanted: impl Fn(&str) -> bool) -> Self {
        self.0.retain(|name, _| !unwanted(name));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_or_empty_parameter_has_no_value() {
        let pairs = [("a", "1"), ("b", ""), ("c", "1"), ("c", "1"), ("d", ""), ("d", "")];
        let parameters = Parameters::collect(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(parameters.value("a"), Some("1"));
        for without in ["b", "c", "d", "e"] {
            assert_eq!(parameters.value(without), None, "{without}");
        }
        assert!(parameters.is_repeated("c") && parameters.is_repeated("d") && !parameters.is_repeated("a"));
        assert!(parameters.has_repeated() && !parameters.without(|name| name == "c" || name == "d").has_repeated());
    }

    #[test]
    fn only_resource_may_stand_several_times() {
        let twice = |name: &str| Parameters::collect([(name.to_owned(), "1".to_owned()), (name.to_owned(), "2".to_owned())]);
        assert!(!twice("resource").has_repeated() && twice("audience").has_repeated() && twice("resources").has_repeated());
        assert_eq!(twice("resource").resources().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(twice("resource").value("resource"), None);
    }
}
