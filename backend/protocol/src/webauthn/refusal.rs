//! What can be wrong with an assertion or a credential key.

use crate::refusal::refusals;

refusals! {
    /// Why an assertion or a credential key is refused. Clauses are of Web Authentication Level 3.
    pub enum Refusal {
        /// §6.1: too short, trailing bytes, extensions that are no map, or attested data where none belongs.
        AuthenticatorData = "authenticator_data", "the authenticator data could not be read to its last byte";
        /// §6.1.3, §7.2 step 20: BE is not what it was at registration.
        BackupEligibility = "backup_eligibility", "the passkey's backup eligibility changed since it was registered";
        /// §7.2 step 19: BS without BE.
        BackupState = "backup_state", "the passkey says it is backed up but also that it cannot be";
        /// §7.2 step 11.
        Ceremony = "ceremony", "the client data is not of the type webauthn.get";
        /// §7.2 step 12.
        Challenge = "challenge", "the assertion answers another challenge";
        /// §7.2 steps 9 and 10.
        ClientData = "client_data", "the client data is not the JSON object that a browser makes";
        /// §7.2 step 14.
        CrossOrigin = "cross_origin", "the assertion was made inside a page of another origin";
        /// §5.8.5 and RFC 9053: not a key of a kind we verify, or not well formed.
        Key = "key", "the credential key is not an ES256, ES384, EdDSA or RS256 key in COSE form";
        /// §7.2 step 13.
        Origin = "origin", "the assertion was made for another origin";
        /// §7.2 step 16.
        RpId = "rp_id", "the assertion was made for another relying party id";
        /// §7.2 step 22.
        Signature = "signature", "the signature is not by the registered key over these bytes";
        /// §7.2 step 15.
        TopOrigin = "top_origin", "the assertion was made below a page that is not expected";
        /// §7.2 step 17.
        UserPresence = "user_presence", "nobody touched the authenticator";
        /// §7.2 step 18.
        UserVerification = "user_verification", "neither a PIN nor biometrics were used";
    }
}
