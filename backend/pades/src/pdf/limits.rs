//! The walls of the reader (I8). A file that needs more is refused by name; nothing is allocated on its word alone.

/// Largest file, in bytes: 100 MiB.
pub const MAX_FILE: usize = 100 * 1024 * 1024;
/// Most cross-reference entries over all sections.
pub const MAX_OBJECTS: usize = 1_000_000;
/// Most sections in the `/Prev` chain.
pub const MAX_SECTIONS: usize = 512;
/// Most arrays and dictionaries inside each other.
pub const MAX_DEPTH: usize = 64;
/// Most values in one indirect object.
pub const MAX_VALUES: usize = 1_000_000;
/// Most bytes one compressed stream may unfold to.
pub const MAX_INFLATED: usize = 64 * 1024 * 1024;
/// Most bytes all streams the reader opens may unfold to.
pub const MAX_INFLATED_TOTAL: usize = 128 * 1024 * 1024;
/// Most pages.
pub const MAX_PAGES: usize = 50_000;
/// How many times over the objects of a file may be read, on average.
pub const MAX_READINGS: usize = 8;
/// Bytes that may be read in any case, so that small files may lead to the same object often.
pub const MIN_READ: usize = 16 * 1024 * 1024;
/// Most signatures one file may carry: each covers, and so is digested over, nearly the whole file.
pub const MAX_SIGNATURES: usize = 64;
