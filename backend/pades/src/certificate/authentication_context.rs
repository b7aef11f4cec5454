//! How the signer was authenticated, inside the certificate (RFC 7773), in two forms: the SACI XML that Swedish validators
//! read today (Sweden Connect certificate profile 1.2 §2.3.2), and an I-JSON object with OpenID Connect's own words.
//!
//! The ID token itself is never here: certificates are public, and a token carries more about a person than the signature needs.

use std::fmt::Write as _;

use der::Encode;
use der::asn1::Utf8StringRef;
use handslag_vocab::UnixTime;

use super::{
    date_time,
    name::{Person, hides_or_reorders},
};
use crate::{
    asn1::{self, tag},
    refused::Refused,
};

/// Context type of the SACI XML form.
pub const CONTEXT_TYPE_SACI: &str = "http://id.elegnamnden.se/auth-cont/1.0/saci";

/// Context type of the JSON form, version 1: an object with `iss`, `acr`, `auth_time` and `txn` as OpenID Connect defines them.
pub const CONTEXT_TYPE_OIDC: &str = "urn:x-handslag:auth-context:oidc:1";

/// Longest text of one part.
const LONGEST: usize = 1024;

/// The authentication a signature rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationContext {
    /// The OpenID Connect issuer that authenticated the signer.
    pub issuer: String,
    /// The assurance level reached, an `acr` URI.
    pub acr: String,
    /// When the signer was authenticated (`auth_time`).
    pub authenticated_at: UnixTime,
    /// The transaction the signer approved (`txn`).
    pub transaction: String,
}

impl AuthenticationContext {
    /// DER `AuthenticationContexts` with both forms (RFC 7773 §2).
    pub(super) fn der(&self, person: &Person) -> Result<Vec<u8>, Refused> {
        for text in [&self.issuer, &self.acr, &self.transaction] {
            if text.is_empty() || text.len() > LONGEST || text.chars().any(hides_or_reorders) {
                return Err(Refused::TextNotAllowed);
            }
        }
        let saci = context(CONTEXT_TYPE_SACI, &self.saci(person)?)?;
        let oidc = context(CONTEXT_TYPE_OIDC, &self.json()?)?;
        asn1::tlv(tag::SEQUENCE, &[&saci, &oidc])
    }

    fn saci(&self, person: &Person) -> Result<String, Refused> {
        let mut xml = String::from(
            r#"<saci:SAMLAuthContext xmlns:saci="http://id.elegnamnden.se/auth-cont/1.0/saci" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">"#,
        );
        let transaction = escaped(&self.transaction);
        let _ = write!(
            xml,
            r#"<saci:AuthContextInfo IdentityProvider="{}" AuthenticationInstant="{}" AuthnContextClassRef="{}" AssertionRef="{transaction}">"#,
            escaped(&self.issuer),
            date_time(self.authenticated_at)?,
            escaped(&self.acr),
        );
        let _ = write!(
            xml,
            r#"<sacex:ExtAuthInfo xmlns:sacex="http://id.swedenconnect.se/auth-cont/1.0/ext-auth-info" Name="urn:oid:1.2.752.201.3.2">{transaction}</sacex:ExtAuthInfo></saci:AuthContextInfo><saci:IdAttributes>"#,
        );
        for attribute in person.attributes() {
            let _ = write!(
                xml,
                r#"<saci:AttributeMapping Type="rdn" Ref="{}"><saml:Attribute Name="{}" FriendlyName="{}"><saml:AttributeValue>{}</saml:AttributeValue></saml:Attribute></saci:AttributeMapping>"#,
                attribute.oid,
                attribute.saml_name,
                attribute.friendly_name,
                escaped(&attribute.value),
            );
        }
        xml.push_str("</saci:IdAttributes></saci:SAMLAuthContext>");
        Ok(xml)
    }

    /// An I-JSON object (RFC 7493) with sorted names.
    fn json(&self) -> Result<String, Refused> {
        date_time(self.authenticated_at)?; // keeps auth_time within the integers I-JSON can carry
        let object = serde_json::json!({
            "acr": self.acr, "auth_time": self.authenticated_at.seconds(), "iss": self.issuer, "txn": self.transaction,
        });
        Ok(object.to_string())
    }
}

fn context(context_type: &str, info: &str) -> Result<Vec<u8>, Refused> {
    let context_type = Utf8StringRef::new(context_type)?.to_der()?;
    asn1::tlv(tag::SEQUENCE, &[&context_type, &Utf8StringRef::new(info)?.to_der()?])
}

/// XML text and attribute values (XML 1.0 §2.4). Control characters never get here: they are refused with the text.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(issuer: &str) -> AuthenticationContext {
        AuthenticationContext {
            issuer: issuer.to_owned(),
            acr: "http://id.swedenconnect.se/loa/1.0/uncertified-loa3".to_owned(),
            authenticated_at: UnixTime::from_seconds(1_795_000_000),
            transaction: "txn-1".to_owned(),
        }
    }

    #[test]
    fn markup_in_a_name_stays_text() {
        let mut person = super::super::tests::person();
        person.organisation = "Bygg & \"Mark\" <AB> 'X'".to_owned();
        let xml = context("https://id.example.se/?a=1&b=\"2\"").saci(&person).unwrap();
        assert!(xml.contains("<saml:AttributeValue>Bygg &amp; &quot;Mark&quot; &lt;AB&gt; &#39;X&#39;</saml:AttributeValue>"));
        assert!(xml.contains(r#"IdentityProvider="https://id.example.se/?a=1&amp;b=&quot;2&quot;""#));
        assert!(xml.contains(r#"AuthenticationInstant="2026-11-18T11:06:40Z""#), "{xml}");
        assert_eq!(xml.matches("<saci:AttributeMapping ").count(), 7, "one mapping for every subject attribute");
    }

    #[test]
    fn the_json_form_says_what_openid_connect_says() {
        let json: serde_json::Value = serde_json::from_str(&context("https://id.example.se/\"\\").json().unwrap()).unwrap();
        assert_eq!(json["iss"], "https://id.example.se/\"\\");
        assert_eq!(json["auth_time"], 1_795_000_000);
        assert_eq!(json.as_object().unwrap().len(), 4);
    }

    #[test]
    fn control_characters_and_emptiness_are_refused() {
        let person = super::super::tests::person();
        assert_eq!(context("https://id.example.se/\u{0}").der(&person), Err(Refused::TextNotAllowed));
        assert_eq!(context("").der(&person), Err(Refused::TextNotAllowed));
        let early = AuthenticationContext { authenticated_at: UnixTime::from_seconds(-1), ..context("https://id.example.se") };
        assert_eq!(early.der(&person), Err(Refused::TimeOutOfRange));
    }
}
