//! Base64url without padding (RFC 7515 §2), strict: padding, white space and stray trailing bits are refused, because a second
//! spelling of the same bytes would slip past a replay mark.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_only() {
        assert_eq!(decode("Zg"), Some(b"f".to_vec()));
        for wrong in ["Zg==", "Zh", "Z g", "Zg\n", "Z", "Zm+v", "Zm/v"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }
}
