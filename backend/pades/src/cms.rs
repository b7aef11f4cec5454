//! CMS signatures as PAdES uses them (RFC 5652; EN 319 122-1; EN 319 142-1 §6.3, rules B1–B8 and B16).
//!
//! The path of one signature: the side that holds the document sends a [`Request`] with nothing but the digest; the signing
//! core reads it strictly, adds its certificate and signs [`SignedAttributes::to_be_signed`]; [`assemble`] closes the structure,
//! with the timestamp over the signature value when there is one; [`verify`] reads it back.

mod assemble;
mod attributes;
mod request;
mod signed_data;
mod verify;

pub use self::{
    assemble::assemble,
    attributes::SignedAttributes,
    request::Request,
    signed_data::{SignedData, Signer},
    verify::{Verified, verify},
};
pub(crate) use self::{
    assemble::{Content, signed_data},
    attributes::signed_attributes,
};

#[cfg(test)]
mod tests;
