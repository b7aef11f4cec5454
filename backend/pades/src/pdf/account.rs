//! Every byte has one owner. A gap is where an attacker keeps an object for later, or where a repairing reader finds
//! another document (I4, I9).

use std::ops::Range;

use super::error::Error;
use super::file::File;
use super::lexer::Lexer;

impl File<'_> {
    /// Checks that every byte belongs to a live object, a section, white space or a comment, each byte to one of them
    /// only, and that no second header hides in a comment (I4, I9). `spans` are those of the live objects.
    pub(crate) fn account(&self, mut spans: Vec<(Range<usize>, u32)>) -> Result<(), Error> {
        let sections = self.sections().iter().flat_map(|section| std::iter::once(&section.span).chain(&section.hybrid));
        // The stream of a section is an object too, and often listed as one: the section goes first and covers it.
        spans.extend(sections.map(|span| (span.clone(), u32::MAX)));
        spans.sort_by_key(|(span, number)| (span.start, *number != u32::MAX));
        let mut reached = 0;
        let mut section_start = None;
        for (span, number) in spans {
            if number == u32::MAX {
                section_start = Some(span.start);
            } else if section_start == Some(span.start) {
                continue;
            }
            if span.start < reached {
                return Err(Error::Overlap { number: if number == u32::MAX { 0 } else { number } });
            }
            self.check_gap(reached..span.start)?;
            reached = span.end;
        }
        self.check_gap(reached..self.bytes().len())
    }

    fn check_gap(&self, gap: Range<usize>) -> Result<(), Error> {
        let start = gap.start;
        let mut lexer = Lexer::new(self.bytes().get(..gap.end).unwrap_or_default(), start);
        lexer.skip_white();
        if lexer.at() < gap.end {
            return Err(Error::Unaccounted { at: lexer.at() });
        }
        let text = self.bytes().get(gap).unwrap_or_default();
        let skip = usize::from(start == 0); // the file's own header is no second one
        let second = text.get(skip..).unwrap_or_default().windows(5).position(|window| window == b"%PDF-");
        second.map_or(Ok(()), |place| Err(Error::MultipleHeaders { at: start + skip + place }))
    }
}
