//! Looks at every object once, wherever it hides, and refuses the dictionaries that act, fetch, hide or sign (I1–I5).
//! A rule asks for what makes a thing work (an action is nothing without `/S`), not for where it stands: an attacker
//! chooses where, and an innocent font may be called `/AA`.

use std::collections::BTreeSet;
use std::ops::Range;

use super::Refusal;
use crate::pdf::object::Object;
use crate::pdf::{Dictionary, Error, File, Value};

/// Every action of ISO 32000-2 §12.6.4 but those that lead to a place in this file (`GoTo`, `Named`), show how a page
/// turns (`Trans`) or open an address after the reader has asked (`URI`).
const HARMFUL_ACTIONS: [&[u8]; 16] = [
    b"GoTo3DView",
    b"GoToDp",
    b"GoToE",
    b"GoToR",
    b"Hide",
    b"ImportData",
    b"JavaScript",
    b"Launch",
    b"Movie",
    b"Rendition",
    b"ResetForm",
    b"RichMediaExecute",
    b"SetOCGState",
    b"Sound",
    b"SubmitForm",
    b"Thread",
];
/// Named actions that only turn the page.
const PAGE_TURNS: [&[u8]; 4] = [b"FirstPage", b"LastPage", b"NextPage", b"PrevPage"];
/// Annotations that play or show something beyond the page.
const MEDIA: [&[u8]; 5] = [b"3D", b"Movie", b"RichMedia", b"Screen", b"Sound"];
/// Hidden, NoView and ToggleNoView (ISO 32000-2 §12.5.3), and Invisible.
const HIDDEN: i64 = 1 | 2 | 32 | 256;

/// What the scan learned.
pub(super) struct Findings {
    /// Where each object stands alone in the file.
    pub(super) spans: Vec<(Range<usize>, u32)>,
    /// How many objects nothing leads to.
    pub(super) unreferenced: usize,
}

/// Reads every object in use and applies the rules.
pub(super) fn all(file: &File<'_>) -> Result<Findings, Refusal> {
    let mut spans = Vec::new();
    let mut edges = Vec::new();
    for number in file.numbers() {
        let Some(object) = file.numbered(number)? else { continue };
        let mut look = Look { file, number, edges: &mut edges };
        look.value(&object.value)?;
        check_stream(&object)?;
        if object.value.as_dictionary().is_some_and(|entries| entries.is("Type", "ObjStm")) {
            file.check_container(number)?;
        }
        spans.extend(object.span.map(|span| (span, number)));
    }
    let roots = file.sections().iter().flat_map(|section| section.trailer.iter()).filter_map(|(_, v)| v.as_reference());
    edges.extend(roots.map(|reference| (0, reference.number)));
    edges.sort_unstable();
    let unreferenced = unreferenced(file, &edges)?;
    Ok(Findings { spans, unreferenced })
}

/// How many in-use objects a walk from the trailer (0) along `edges` does not meet. Tables and object streams are
/// led to by the file's structure.
fn unreferenced(file: &File<'_>, edges: &[(u32, u32)]) -> Result<usize, Error> {
    let (mut seen, mut todo) = (BTreeSet::new(), vec![0]);
    while let Some(from) = todo.pop() {
        let first = edges.partition_point(|(number, _)| *number < from);
        let own = edges.iter().skip(first).take_while(|(number, _)| *number == from);
        todo.extend(own.map(|(_, to)| *to).filter(|to| seen.insert(*to)));
    }
    let mut lost = 0;
    for number in file.numbers().filter(|number| !seen.contains(number)) {
        let structural = file.numbered(number)?.is_some_and(|object| {
            let entries = object.value.as_dictionary();
            entries.is_some_and(|entries| entries.is("Type", "XRef") || entries.is("Type", "ObjStm"))
        });
        lost += usize::from(!structural);
    }
    Ok(lost)
}

/// A stream whose data lies elsewhere, or a form that stands for a page of another file (I2).
fn check_stream(object: &Object) -> Result<(), Refusal> {
    let (Some(_), Some(entries)) = (&object.stream, object.value.as_dictionary()) else { return Ok(()) };
    let outside = ["F", "FFilter", "FDecodeParms", "OPI"].iter().any(|key| entries.get(key).is_some());
    let reference = entries.is("Subtype", "Form") && entries.get("Ref").is_some();
    if outside || reference {
        return Err(Refusal::ExternalContent);
    }
    if entries.is("Type", "EmbeddedFile") { Err(Refusal::Attachments) } else { Ok(()) }
}

struct Look<'l, 'a> {
    file: &'l File<'a>,
    number: u32,
    edges: &'l mut Vec<(u32, u32)>,
}

impl Look<'_, '_> {
    fn value(&mut self, value: &Value) -> Result<(), Refusal> {
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.value(item)),
            Value::Dictionary(entries) => {
                self.dictionary(entries)?;
                entries.iter().try_for_each(|(_, item)| self.value(item))
            }
            Value::Reference(reference) => {
                self.edges.push((self.number, reference.number));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The rules, one line each.
    fn dictionary(&self, entries: &Dictionary) -> Result<(), Refusal> {
        self.check_signature(entries)?;
        self.check_action(entries)?;
        self.check_additional_actions(entries)?;
        self.check_file(entries)?;
        self.check_annotation(entries)
    }

    /// The name under `key`, also when it is held elsewhere.
    fn name(&self, entries: &Dictionary, key: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let Some(value) = entries.get(key) else { return Ok(None) };
        Ok(self.file.resolve(value)?.as_name().map(<[u8]>::to_vec))
    }

    fn check_signature(&self, entries: &Dictionary) -> Result<(), Refusal> {
        let kind = self.name(entries, "Type")?;
        let typed = matches!(kind.as_deref(), Some(b"Sig" | b"DocTimeStamp"));
        if typed || entries.get("ByteRange").is_some() { Err(Refusal::AlreadySigned) } else { Ok(()) }
    }

    fn check_action(&self, entries: &Dictionary) -> Result<(), Refusal> {
        if matches!(entries.get("JS"), Some(Value::Text(_))) {
            return Err(Refusal::Program);
        }
        let Some(kind) = self.name(entries, "S")? else { return Ok(()) };
        if HARMFUL_ACTIONS.contains(&kind.as_slice()) {
            return Err(Refusal::Program);
        }
        if kind == b"Named" {
            let turn = self.name(entries, "N")?;
            return if turn.is_some_and(|turn| PAGE_TURNS.contains(&turn.as_slice())) { Ok(()) } else { Err(Refusal::Program) };
        }
        Ok(())
    }

    /// `/AA` with at least one action in it.
    fn check_additional_actions(&self, entries: &Dictionary) -> Result<(), Refusal> {
        let Some(value) = entries.get("AA") else { return Ok(()) };
        let Value::Dictionary(triggers) = self.file.resolve(value)? else { return Ok(()) };
        for (_, action) in triggers.iter() {
            if let Value::Dictionary(action) = self.file.resolve(action)?
                && action.get("S").is_some()
            {
                return Err(Refusal::Program);
            }
        }
        Ok(())
    }

    /// A file specification: of a file inside, or of one elsewhere (I2, I3).
    fn check_file(&self, entries: &Dictionary) -> Result<(), Refusal> {
        if let Some(inside) = entries.get("EF")
            && matches!(self.file.resolve(inside)?, Value::Dictionary(_))
        {
            return Err(Refusal::Attachments);
        }
        let kind = self.name(entries, "Type")?;
        if matches!(kind.as_deref(), Some(b"Filespec" | b"F")) { Err(Refusal::ExternalContent) } else { Ok(()) }
    }

    fn check_annotation(&self, entries: &Dictionary) -> Result<(), Refusal> {
        let Some(kind) = self.name(entries, "Subtype")? else { return Ok(()) };
        let annotation = entries.get("Rect").is_some();
        match kind.as_slice() {
            b"Widget" => Err(Refusal::FormFields),
            b"FileAttachment" => Err(Refusal::Attachments),
            media if annotation && MEDIA.contains(&media) => Err(Refusal::RichMedia),
            // A pop-up is the closed window of a note that shows.
            b"Popup" => Ok(()),
            _ if annotation => {
                let flags = entries.get("F").map(|flags| self.file.resolve(flags)).transpose()?;
                let flags = flags.as_ref().and_then(Value::as_integer).unwrap_or(0);
                if flags & HIDDEN == 0 { Ok(()) } else { Err(Refusal::HiddenNotes) }
            }
            _ => Ok(()),
        }
    }
}
