//! The page tree (ISO 32000-2 §7.7.3), walked once, in order. A tree that loops, shares a page or miscounts is refused:
//! two readers would show two documents.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::error::Error;
use super::file::File;
use super::limits::{MAX_DEPTH, MAX_PAGES};
use super::value::{Dictionary, Reference, Value};

/// A page with what it inherits.
#[derive(Debug)]
pub struct Page {
    /// Its object.
    pub reference: Reference,
    /// Its dictionary.
    pub entries: Dictionary,
    /// `/MediaBox`, its own or inherited.
    pub media_box: Option<Value>,
    /// `/Rotate`, its own or inherited.
    pub rotate: Option<Value>,
}

/// The first page; reads only the objects on the way to it.
pub fn first(file: &File<'_>) -> Result<Page, Error> {
    let mut found = None;
    walk(file, &mut |page| {
        found = Some(page);
        ControlFlow::Break(())
    })?;
    found.ok_or(Error::PageTree { number: 0 })
}

/// Gives every page in order to `visit`, until it breaks; answers how many were given.
pub fn walk(file: &File<'_>, visit: &mut dyn FnMut(Page) -> ControlFlow<()>) -> Result<usize, Error> {
    let (_, catalog) = file.catalog()?;
    let missing = Error::MissingEntry { key: "Pages" };
    let root = catalog.get("Pages").and_then(Value::as_reference).ok_or(missing)?;
    let mut tree = Walk { file, visit, seen: BTreeSet::new(), pages: 0 };
    let _walked_all_or_broke_off = tree.node(root, &(None, None), 0)?;
    Ok(tree.pages)
}

struct Walk<'w, 'a> {
    file: &'w File<'a>,
    visit: &'w mut dyn FnMut(Page) -> ControlFlow<()>,
    seen: BTreeSet<u32>,
    pages: usize,
}

type Inherited = (Option<Value>, Option<Value>);

impl Walk<'_, '_> {
    fn node(&mut self, reference: Reference, above: &Inherited, depth: usize) -> Result<ControlFlow<()>, Error> {
        let wrong = Error::PageTree { number: reference.number };
        if depth > MAX_DEPTH || !self.seen.insert(reference.number) {
            return Err(wrong);
        }
        let Some(Value::Dictionary(entries)) = self.file.object(reference)?.map(|object| object.value) else {
            return Err(wrong);
        };
        let own = |key, inherited: &Option<Value>| entries.get(key).or(inherited.as_ref()).cloned();
        let inherited = (own("MediaBox", &above.0), own("Rotate", &above.1));
        if entries.is("Type", "Pages") {
            return self.branch(reference, &entries, &inherited, depth);
        }
        if !entries.is("Type", "Page") || depth == 0 {
            return Err(wrong);
        }
        self.pages += 1;
        if self.pages > MAX_PAGES {
            return Err(Error::TooMany { what: "pages" });
        }
        let (media_box, rotate) = inherited;
        Ok((self.visit)(Page { reference, entries, media_box, rotate }))
    }

    fn branch(&mut self, reference: Reference, entries: &Dictionary, inherited: &Inherited, depth: usize) -> Result<ControlFlow<()>, Error> {
        let wrong = Error::PageTree { number: reference.number };
        let before = self.pages;
        for kid in self.file.array(entries, "Kids")?.ok_or(wrong)? {
            let kid = kid.as_reference().ok_or(wrong)?;
            if self.node(kid, inherited, depth + 1)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        let count = entries.get("Count").map(|count| self.file.resolve(count)).transpose()?;
        let count = count.as_ref().and_then(Value::as_size).ok_or(wrong)?;
        if count == self.pages - before { Ok(ControlFlow::Continue(())) } else { Err(wrong) }
    }
}
