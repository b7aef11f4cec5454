//! A strict reader and an incremental writer of PDF (ISO 32000-2). The reader decides what is signed, so it repairs
//! nothing: where two readers could see two documents, it refuses with a typed [`Error`] (I8–I10). The writer only
//! appends: the bytes it was given stay an untouched prefix.

mod account;
pub mod error;
pub mod file;
mod filter;
#[cfg(test)]
pub(crate) mod fixture;
pub mod increment;
mod lexer;
pub mod limits;
pub mod object;
pub mod pages;
pub mod value;
pub mod write;
pub mod xref;

pub use error::Error;
pub use file::File;
pub use value::{Dictionary, Reference, Value};

#[cfg(test)]
mod tests;
