//! What can be wrong with a key or a signed token.

use crate::refusal::refusals;

refusals! {
    /// Why a key, a key set or a compact JWS is refused.
    pub enum Refusal {
        /// RFC 8725 §3.1: `none`, HMAC, another algorithm than the caller allows, or one that is not the key's.
        Algorithm = "algorithm", "the token is not signed with an allowed algorithm";
        /// RFC 7519 §4: the payload is no JSON object, or a member stands twice.
        Claims = "claims", "the token's payload is not a JSON object with each claim once";
        /// RFC 7515 §4.1.11: we understand no critical extension.
        Critical = "critical", "the token names a critical header extension that is not supported";
        /// RFC 7516 §11.5: whatever went wrong while decrypting. One answer for all, or the answer is an oracle.
        Decryption = "decryption", "the token cannot be decrypted";
        /// RFC 7518 §4.1, §5.1: an `alg` or `enc` that we do not take.
        Encryption = "encryption", "the token is not encrypted with an allowed algorithm";
        /// RFC 7515 §4: the header is no JSON object, or a member stands twice or has the wrong type.
        Header = "header", "the token's header is not a JSON object with each parameter once";
        /// RFC 8725 §3.5 and RFC 7517: not a key of our kinds, or one meant for something else.
        Key = "key", "the key is not an EC, Ed25519 or RSA key of at least 2048 bits that is meant for this";
        /// RFC 8725 §3.10: the header brings a key or the address of one.
        KeyInHeader = "key_in_header", "the token's header brings its own key";
        /// RFC 7517 §4.5: no key of this id, or no id where several keys stand.
        KeyUnknown = "key_unknown", "no key of that id is registered";
        /// RFC 7517 §4.5: two keys of the same id.
        KidRepeated = "kid_repeated", "two keys in the set have the same id";
        /// RFC 7515 §7.1, RFC 7516 §7.1: not three (signed) or five (encrypted) parts of strict base64url.
        Malformed = "malformed", "the token is not three or five parts of base64url";
        /// RFC 7517 §9.2: a private or symmetric key where a public one belongs. Whoever sent it has lost it.
        PrivateKey = "private_key", "the key set holds private or symmetric key material";
        /// A bound of ours against exhaustion.
        SetTooLarge = "set_too_large", "the key set is longer than 64 KiB or has more than 64 keys";
        /// RFC 7515 §5.2.
        Signature = "signature", "the token's signature does not verify";
        /// A bound of ours against exhaustion.
        TooLong = "too_long", "the token is longer than 16 KiB, or 32 KiB encrypted";
        /// RFC 8725 §3.11.
        Type = "type", "the token is of another type";
        /// RFC 7516 §4.1.3: what is said is compressed by us or by nobody (attack 33).
        Zip = "zip", "compressed tokens are not supported";
    }
}
