//! What can be wrong with the bytes of a PDF file. The reader repairs nothing: each of these ends the reading (I8–I10).

use thiserror::Error as ThisError;

/// One wrong thing in a file, with the byte or the object where it stands. Clauses are of ISO 32000-2.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
pub enum Error {
    /// Compressed data does not unfold (§7.4.4).
    #[error("the compressed data of object {number} does not unfold")]
    CorruptStream {
        /// Object number.
        number: u32,
    },
    /// A dictionary names the same key twice; readers disagree on which one counts (§7.3.7, I9).
    #[error("the dictionary that ends at byte {at} names a key twice")]
    DuplicateKey {
        /// Byte offset.
        at: usize,
    },
    /// There are no bytes.
    #[error("the file has no bytes")]
    Empty,
    /// The file is encrypted (§7.6, I6).
    #[error("the file is encrypted")]
    Encrypted,
    /// A reference asks for another generation than the file holds (§7.3.10).
    #[error("object {number} is asked for with another generation than the file holds")]
    Generation {
        /// Object number.
        number: u32,
    },
    /// Table and stream of a hybrid section place one object in two places (§7.5.8.4, I9).
    #[error("the two object tables of the file place object {number} differently")]
    HybridDisagrees {
        /// Object number.
        number: u32,
    },
    /// `/Length` does not lead to `endstream` (§7.3.8, I9).
    #[error("the stream at byte {at} is not as long as it says")]
    LengthMismatch {
        /// Byte offset.
        at: usize,
    },
    /// The bytes are not PDF syntax (§7.2, §7.3).
    #[error("at byte {at} there should be {wanted}")]
    Malformed {
        /// Byte offset.
        at: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// A required entry is absent or of the wrong type.
    #[error("the entry /{key} is absent or of the wrong kind")]
    MissingEntry {
        /// The key.
        key: &'static str,
    },
    /// A second header stands inside the file (I9).
    #[error("a second file begins at byte {at}")]
    MultipleHeaders {
        /// Byte offset.
        at: usize,
    },
    /// The file has no end mark (§7.5.5): it is cut.
    #[error("the file has no end mark")]
    NoEnd,
    /// The file does not begin with `%PDF-` (§7.5.2, I10).
    #[error("the file does not begin as a PDF file")]
    NotPdf,
    /// An object stream's own list disagrees with the table, or it lies in another one (§7.5.7).
    #[error("object stream {number} does not hold what the object table says")]
    ObjectStream {
        /// Object number of the stream.
        number: u32,
    },
    /// Two objects share bytes (I9).
    #[error("object {number} lies over another part of the file")]
    Overlap {
        /// Object number.
        number: u32,
    },
    /// The page tree loops, shares a page or does not count right (§7.7.3).
    #[error("the page tree is wrong at object {number}")]
    PageTree {
        /// Object number.
        number: u32,
    },
    /// The chain of `/Prev` comes back to itself (§7.5.5, I8).
    #[error("the chain of object tables comes back to byte {at}")]
    PrevLoop {
        /// Byte offset.
        at: usize,
    },
    /// An object number is not below `/Size` (§7.5.5).
    #[error("object {number} is not below the size the trailer gives")]
    Size {
        /// Object number.
        number: u32,
    },
    /// `startxref` is absent or does not lead to a cross-reference section (§7.5.5, I9).
    #[error("the file's last pointer does not lead to an object table")]
    Startxref,
    /// More than [`MAX_FILE`](super::limits::MAX_FILE) bytes.
    #[error("the file is larger than the limit")]
    TooBig,
    /// Deeper than [`MAX_DEPTH`](super::limits::MAX_DEPTH).
    #[error("the values at byte {at} are nested too deep")]
    TooDeep {
        /// Byte offset.
        at: usize,
    },
    /// One of the other limits is passed (I8).
    #[error("the file has more {what} than the limit")]
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// Something follows the last end mark (I9, I10).
    #[error("something follows the end of the file at byte {at}")]
    TrailingData {
        /// Byte offset.
        at: usize,
    },
    /// Bytes that belong to no object, table or comment: a place to hide objects in (I4, I9).
    #[error("the bytes at {at} belong to no part of the file")]
    Unaccounted {
        /// Byte offset.
        at: usize,
    },
    /// A stream that has to be read uses a filter this reader does not know (§7.4).
    #[error("object {number} is stored in a way that is not supported")]
    UnsupportedFilter {
        /// Object number.
        number: u32,
    },
    /// The table's offset is not the first byte of `N G obj` (§7.5.4, I9).
    #[error("object {number} does not begin where the object table says")]
    WrongOffset {
        /// Object number.
        number: u32,
    },
    /// A cross-reference stream is wrong (§7.5.8).
    #[error("the object table in the stream at byte {at} is wrong")]
    XrefStream {
        /// Byte offset.
        at: usize,
    },
    /// A cross-reference table is wrong, for example entries of different lengths (§7.5.4).
    #[error("the object table is wrong at byte {at}")]
    XrefTable {
        /// Byte offset.
        at: usize,
    },
}

impl Error {
    /// Stable name for logs and interfaces.
    pub fn code(&self) -> &'static str {
        match self {
            Self::CorruptStream { .. } => "corrupt_stream",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::Empty => "empty",
            Self::Encrypted => "encrypted",
            Self::Generation { .. } => "generation",
            Self::HybridDisagrees { .. } => "hybrid_disagrees",
            Self::LengthMismatch { .. } => "length_mismatch",
            Self::Malformed { .. } => "malformed",
            Self::MissingEntry { .. } => "missing_entry",
            Self::MultipleHeaders { .. } => "multiple_headers",
            Self::NoEnd => "no_end",
            Self::NotPdf => "not_pdf",
            Self::ObjectStream { .. } => "object_stream",
            Self::Overlap { .. } => "overlap",
            Self::PageTree { .. } => "page_tree",
            Self::PrevLoop { .. } => "prev_loop",
            Self::Size { .. } => "size",
            Self::Startxref => "startxref",
            Self::TooBig => "too_big",
            Self::TooDeep { .. } => "too_deep",
            Self::TooMany { .. } => "too_many",
            Self::TrailingData { .. } => "trailing_data",
            Self::Unaccounted { .. } => "unaccounted",
            Self::UnsupportedFilter { .. } => "unsupported_filter",
            Self::WrongOffset { .. } => "wrong_offset",
            Self::XrefStream { .. } => "xref_stream",
            Self::XrefTable { .. } => "xref_table",
        }
    }
}
