//! Request parameters of OAuth endpoints (RFC 6749 §3.1, §3.2): a name stands at most once, and a parameter without a value
//! counts as omitted.
//!
//! A doubled parameter is remembered instead of refused here, because where the refusal may be sent depends on which one it is.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

/// Decoded name and value pairs of one request.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    values: BTreeMap<String, String>,
    repeated: BTreeSet<String>,
}

impl Parameters {
    /// Takes pairs after `application/x-www-form-urlencoded` decoding, in the order they came.
    pub fn collect(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut parameters = Self::default();
        for (name, value) in pairs {
            match parameters.values.entry(name) {
                Entry::Occupied(first) => {
                    parameters.repeated.insert(first.key().clone());
                }
                Entry::Vacant(free) => {
                    free.insert(value);
                }
            }
        }
        parameters
    }

    /// The value, unless it is absent or empty or the name stood twice (then nobody can tell which one was meant).
    pub fn value(&self, name: &str) -> Option<&str> {
        let value = self.values.get(name).map(String::as_str).filter(|value| !value.is_empty());
        value.filter(|_| !self.repeated.contains(name))
    }

    /// Whether this name stood more than once.
    pub fn is_repeated(&self, name: &str) -> bool {
        self.repeated.contains(name)
    }

    /// Whether any name stood more than once, known to us or not.
    pub fn has_repeated(&self) -> bool {
        !self.repeated.is_empty()
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
    }
}
