//! The form and the page learn of the signature: of catalog, form, field list, page and annotation list only what has to
//! change is written again.

use super::Error;
use crate::pdf::increment::Increment;
use crate::pdf::pages::Page;
use crate::pdf::{Dictionary, File, Reference, Value, write};

/// Print and Locked (ISO 32000-2 §12.5.3): PDF/A demands Print, and a locked widget is not moved by mistake.
const WIDGET_FLAGS: i64 = 132;
/// SignaturesExist and AppendOnly (ISO 32000-2 §12.7.3).
const SIGNATURE_FLAGS: i64 = 3;
/// The field and its widget in one (ISO 32000-2 §12.7.5.5). It has no area and so no appearance: a signature that shows
/// nothing cannot show something false (V7). `/TU` is what a screen reader says.
pub(super) fn widget_dictionary(signature: Reference, page: &Page, name: &str) -> Value {
    let mut entries = Dictionary::default();
    entries.set("Type", Value::name("Annot"));
    entries.set("Subtype", Value::name("Widget"));
    entries.set("FT", Value::name("Sig"));
    entries.set("T", write::text_string(name));
    entries.set("TU", write::text_string("Elektronisk underskrift"));
    entries.set("F", Value::Integer(WIDGET_FLAGS));
    entries.set("Rect", Value::Array(vec![Value::Integer(0); 4]));
    entries.set("P", Value::Reference(page.reference));
    entries.set("V", Value::Reference(signature));
    Value::Dictionary(entries)
}

/// Puts the field into the form, which is made if there is none; answers the field's name. Of catalog, form and field
/// list only the innermost object that has to change is written.
pub(super) fn register(file: &File<'_>, increment: &mut Increment, widget: Reference) -> Result<String, Error> {
    let (root, mut catalog) = file.catalog()?;
    let form = file.dictionary(&catalog, "AcroForm")?;
    let mut form = form.unwrap_or_default();
    let mut fields = file.array(&form, "Fields")?.unwrap_or_default();
    let name = free_name(file, &fields)?;
    fields.push(Value::Reference(widget));
    let mut changed = form.get("SigFlags") != Some(&Value::Integer(SIGNATURE_FLAGS));
    form.set("SigFlags", Value::Integer(SIGNATURE_FLAGS));
    if let Some(list) = form.get("Fields").and_then(Value::as_reference) {
        increment.put_value(list, &Value::Array(fields));
    } else {
        form.set("Fields", Value::Array(fields));
        changed = true;
    }
    match catalog.get("AcroForm").and_then(Value::as_reference) {
        Some(reference) if changed => increment.put_value(reference, &Value::Dictionary(form)),
        Some(_) => {}
        None => {
            catalog.set("AcroForm", Value::Dictionary(form));
            increment.put_value(root, &Value::Dictionary(catalog));
        }
    }
    Ok(name)
}

/// `Signature1`, or the first number no field has.
fn free_name(file: &File<'_>, fields: &[Value]) -> Result<String, Error> {
    let mut taken = Vec::new();
    for field in fields {
        if let Value::Dictionary(field) = file.resolve(field)?
            && let Some(name) = field.get("T").and_then(Value::as_text)
        {
            taken.push(name.to_vec());
        }
    }
    let mut names = (1..).map(|number: u64| format!("Signature{number}"));
    Ok(names.find(|name| !taken.iter().any(|taken| taken == name.as_bytes())).unwrap_or_default())
}

/// Adds the widget to the page's annotations: to their own object if they have one, else to the page.
pub(super) fn annotate(file: &File<'_>, increment: &mut Increment, page: &Page, widget: Reference) -> Result<(), Error> {
    let mut annotations = file.array(&page.entries, "Annots")?.unwrap_or_default();
    annotations.push(Value::Reference(widget));
    if let Some(list) = page.entries.get("Annots").and_then(Value::as_reference) {
        increment.put_value(list, &Value::Array(annotations));
    } else {
        let mut entries = page.entries.clone();
        entries.set("Annots", Value::Array(annotations));
        increment.put_value(page.reference, &Value::Dictionary(entries));
    }
    Ok(())
}
