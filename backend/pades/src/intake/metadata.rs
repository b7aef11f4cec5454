//! Title and PDF/A claim, from XMP (ISO 16684-1) or the Info dictionary (ISO 32000-2 §14.3). Both are only told, never
//! trusted: what cannot be read is absent, not an error.

use crate::pdf::{Dictionary, File, Value};

/// The most letters of a title that are kept.
const MAX_TITLE: usize = 200;

/// Title and PDF/A claim.
pub(super) fn read(file: &File<'_>, catalog: &Dictionary) -> (Option<String>, Option<String>) {
    let xmp = xmp(file, catalog).unwrap_or_default();
    let title = xmp_title(&xmp).or_else(|| info_title(file)).and_then(|title| tidy(&title));
    let part = property(&xmp, "pdfaid:part").filter(|part| part.len() == 1);
    let level = property(&xmp, "pdfaid:conformance").unwrap_or_default();
    let pdfa = part.filter(|_| level.len() <= 1).map(|part| format!("{part}{}", level.to_uppercase()));
    (title, pdfa.filter(|claim| claim.bytes().all(|byte| byte.is_ascii_alphanumeric())))
}

fn xmp(file: &File<'_>, catalog: &Dictionary) -> Option<String> {
    let object = file.object(catalog.get("Metadata")?.as_reference()?).ok()??;
    String::from_utf8(file.unfolded(&object).ok()?).ok()
}

/// A simple property, written as an element or as an attribute.
fn property(xmp: &str, name: &str) -> Option<String> {
    let (_, rest) = xmp.split_once(&format!("<{name}>")).unwrap_or_default();
    if let Some((value, _)) = rest.split_once('<') {
        return Some(value.trim().to_owned());
    }
    let (_, rest) = xmp.split_once(&format!("{name}="))?;
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest.get(1..)?.split_once(quote).map(|(value, _)| value.trim().to_owned())
}

/// The first alternative of `dc:title`.
fn xmp_title(xmp: &str) -> Option<String> {
    let (_, rest) = xmp.split_once("<dc:title")?;
    let (title, _) = rest.split_once("</dc:title>")?;
    let (_, item) = title.split_once("<rdf:li")?;
    let (text, _) = item.split_once('>')?.1.split_once('<')?;
    let plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    Some(plain.replace("&amp;", "&"))
}

fn info_title(file: &File<'_>) -> Option<String> {
    let info = file.dictionary(file.trailer().ok()?, "Info").ok()??;
    let Value::Text(bytes) = file.resolve(info.get("Title")?).ok()? else { return None };
    match bytes.as_slice() {
        [0xFE, 0xFF, units @ ..] => {
            let units: Vec<u16> = units.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?))).collect();
            String::from_utf16(&units).ok()
        }
        [0xEF, 0xBB, 0xBF, text @ ..] => String::from_utf8(text.to_vec()).ok(),
        // PDFDocEncoding equals Latin-1 for every letter of Swedish.
        text => Some(text.iter().map(|byte| char::from(*byte)).collect()),
    }
}

/// Without control and direction characters: a title must not disguise itself on a screen.
fn tidy(title: &str) -> Option<String> {
    let disguise = |c: char| c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    let kept: String = title.chars().filter(|c| !disguise(*c)).take(MAX_TITLE).collect();
    let kept = kept.trim();
    if kept.is_empty() { None } else { Some(kept.to_owned()) }
}
