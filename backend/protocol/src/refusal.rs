//! The shape every error enum of this crate has: one variant per wrong thing, alphabetical, each with a stable code.
//!
//! The sentence is fit for a log and for `error_description` (RFC 6749 §4.1.2.1 allows printable ASCII without `"` and `\`).

/// Declares a refusal enum. `wraps` names variants that pass on what a lower module said.
macro_rules! refusals {
    (
        $(#[$meta:meta])* pub enum $name:ident {
            $( $(#[$doc:meta])* $variant:ident = $code:literal, $sentence:literal; )*
        }
        $( wraps { $( $(#[$inner_doc:meta])* $outer:ident($inner:ty); )* } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $( $(#[$doc])* $variant, )*
            $( $( $(#[$inner_doc])* $outer($inner), )* )?
        }

        impl $name {
            /// Every wrong that this enum itself names, alphabetical.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];

            /// A stable name for logs, the journal and tests.
            pub const fn code(self) -> &'static str {
                match self {
                    $( Self::$variant => $code, )*
                    $( $( Self::$outer(inner) => inner.code(), )* )?
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $( Self::$variant => f.write_str($sentence), )*
                    $( $( Self::$outer(inner) => std::fmt::Display::fmt(inner, f), )* )?
                }
            }
        }

        impl std::error::Error for $name {}

        $( $(
            impl From<$inner> for $name {
                fn from(inner: $inner) -> Self {
                    Self::$outer(inner)
                }
            }
        )* )?
    };
}

pub(crate) use refusals;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    fn check<T: Copy + std::fmt::Debug + std::fmt::Display>(all: &[T], code: impl Fn(T) -> &'static str) {
        let names: Vec<String> = all.iter().map(|wrong| format!("{wrong:?}")).collect();
        assert!(names.is_sorted(), "{names:?}");
        let codes: BTreeSet<&str> = all.iter().map(|wrong| code(*wrong)).collect();
        assert_eq!(codes.len(), all.len(), "two wrongs share a code");
        for wrong in all {
            let sentence = wrong.to_string();
            let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
            assert!(!sentence.is_empty() && sentence.chars().all(allowed), "{wrong:?}: {sentence}");
            assert!(code(*wrong).chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()), "{wrong:?}");
        }
    }

    #[test]
    fn every_refusal_is_in_order_has_its_own_code_and_a_sentence_that_rfc_6749_lets_us_send() {
        check(crate::authorization_details::Refusal::ALL, crate::authorization_details::Refusal::code);
        check(crate::authorize::Refusal::ALL, crate::authorize::Refusal::code);
        check(crate::backchannel::Refusal::ALL, crate::backchannel::Refusal::code);
        check(crate::client_assertion::Refusal::ALL, crate::client_assertion::Refusal::code);
        check(crate::client_authentication::Refusal::ALL, crate::client_authentication::Refusal::code);
        check(crate::access_token::Refusal::ALL, crate::access_token::Refusal::code);
        check(crate::device::Refusal::ALL, crate::device::Refusal::code);
        check(crate::dpop::Refusal::ALL, crate::dpop::Refusal::code);
        check(crate::mutual_tls::Refusal::ALL, crate::mutual_tls::Refusal::code);
        check(crate::end_session::Refusal::ALL, crate::end_session::Refusal::code);
        check(crate::id_token::Refusal::ALL, crate::id_token::Refusal::code);
        check(crate::jose::Refusal::ALL, crate::jose::Refusal::code);
        check(crate::moving_qr::Refusal::ALL, crate::moving_qr::Refusal::code);
        check(crate::par::Refusal::ALL, crate::par::Refusal::code);
        check(crate::pkce::Refusal::ALL, crate::pkce::Refusal::code);
        check(crate::registration::Refusal::ALL, crate::registration::Refusal::code);
        check(crate::request_object::Refusal::ALL, crate::request_object::Refusal::code);
        check(crate::resource::Refusal::ALL, crate::resource::Refusal::code);
        check(crate::sign_request::Refusal::ALL, crate::sign_request::Refusal::code);
        check(crate::single_sign_on::Refusal::ALL, crate::single_sign_on::Refusal::code);
        check(crate::token::Refusal::ALL, crate::token::Refusal::code);
        check(crate::user_message::Refusal::ALL, crate::user_message::Refusal::code);
        check(crate::webauthn::Refusal::ALL, crate::webauthn::Refusal::code);
    }
}
