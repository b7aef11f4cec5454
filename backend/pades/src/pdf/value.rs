//! The values of ISO 32000-2 §7.3, owned. Real numbers keep their digits, so that a rewritten dictionary says what it said.

/// Number and generation of an indirect object (§7.3.10).
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Reference {
    /// Object number.
    pub number: u32,
    /// Generation, 0 for nearly every object alive.
    pub generation: u16,
}

/// A direct value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `[…]`
    Array(Vec<Value>),
    /// `true` or `false`
    Bool(bool),
    /// `<<…>>`
    Dictionary(Dictionary),
    /// A whole number.
    Integer(i64),
    /// `/Name`, decoded, without the slash.
    Name(Vec<u8>),
    /// `null`
    Null,
    /// A number with a decimal point, as written.
    Real(Vec<u8>),
    /// `N G R`
    Reference(Reference),
    /// `(…)` or `<…>`, decoded.
    Text(Vec<u8>),
}

impl Value {
    /// A name from its letters.
    pub fn name(letters: &str) -> Self {
        Self::Name(letters.as_bytes().to_vec())
    }

    /// The items, if this is an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The entries, if this is a dictionary.
    pub fn as_dictionary(&self) -> Option<&Dictionary> {
        if let Self::Dictionary(entries) = self { Some(entries) } else { None }
    }

    /// The number, if this is a whole one.
    pub fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// The decoded letters, if this is a name.
    pub fn as_name(&self) -> Option<&[u8]> {
        if let Self::Name(letters) = self { Some(letters) } else { None }
    }

    /// The number, whole or not.
    #[expect(clippy::cast_precision_loss, reason = "page boxes are far below 2^52")]
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Real(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// The reference, if this is one.
    pub fn as_reference(&self) -> Option<Reference> {
        if let Self::Reference(reference) = self { Some(*reference) } else { None }
    }

    /// The bytes, if this is a string.
    pub fn as_text(&self) -> Option<&[u8]> {
        if let Self::Text(bytes) = self { Some(bytes) } else { None }
    }

    /// The whole number as a size, if it is one and not negative.
    pub fn as_size(&self) -> Option<usize> {
        usize::try_from(self.as_integer()?).ok()
    }
}

/// A dictionary in the order it was written. No key stands twice: the reader refuses that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dictionary(Vec<(Vec<u8>, Value)>);

impl Dictionary {
    /// From pairs, or nothing if a key stands twice.
    pub(crate) fn unique(pairs: Vec<(Vec<u8>, Value)>) -> Option<Self> {
        let mut keys: Vec<&[u8]> = pairs.iter().map(|(key, _)| key.as_slice()).collect();
        keys.sort_unstable();
        let twice = keys.iter().zip(keys.iter().skip(1)).any(|(one, next)| one == next);
        if twice { None } else { Some(Self(pairs)) }
    }

    /// The value of `key`; an explicit `null` is as absent (§7.3.7).
    pub fn get(&self, key: &str) -> Option<&Value> {
        let found = self.0.iter().find(|(name, _)| name == key.as_bytes());
        found.map(|(_, value)| value).filter(|value| **value != Value::Null)
    }

    /// Sets `key`, in its old place if it had one.
    pub fn set(&mut self, key: &str, value: Value) {
        if let Some((_, old)) = self.0.iter_mut().find(|(name, _)| name == key.as_bytes()) {
            *old = value;
        } else {
            self.0.push((key.as_bytes().to_vec(), value));
        }
    }

    /// Takes `key` away.
    pub fn remove(&mut self, key: &str) {
        self.0.retain(|(name, _)| name != key.as_bytes());
    }

    /// The pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Value)> {
        self.0.iter().map(|(key, value)| (key.as_slice(), value))
    }

    /// Whether `/key` is the name `letters`.
    pub fn is(&self, key: &str, letters: &str) -> bool {
        self.get(key).and_then(Value::as_name) == Some(letters.as_bytes())
    }
}
