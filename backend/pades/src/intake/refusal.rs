//! Why a file is not signed, in words for the person who sent it: what is wrong with the file, and what to do.

use thiserror::Error as ThisError;

use crate::pdf;

/// One reason, with a stable code and a sentence in Swedish and in English. Rule numbers are those of the intake policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ThisError)]
pub enum Refusal {
    /// It carries a signature, or the traces of one (I7).
    #[error("the file already carries a signature")]
    AlreadySigned,
    /// It carries other files (I3).
    #[error("the file carries attachments")]
    Attachments,
    /// Its bytes are not a sound PDF file (I8, I9).
    #[error("the file is not sound: {0}")]
    Damaged(pdf::Error),
    /// An XFA form (I3).
    #[error("the file holds an XFA form")]
    DynamicForm,
    /// 0 bytes.
    #[error("the file is empty")]
    Empty,
    /// It is encrypted (I6).
    #[error("the file is encrypted")]
    Encrypted,
    /// It refers to content outside itself (I2).
    #[error("the file takes content from elsewhere")]
    ExternalContent,
    /// It holds form fields (I4).
    #[error("the file holds form fields")]
    FormFields,
    /// It holds hidden notes (I5).
    #[error("the file holds hidden annotations")]
    HiddenNotes,
    /// Optional content (I5).
    #[error("the file holds layers that can be shown and hidden")]
    Layers,
    /// It has no page.
    #[error("the file has no page")]
    NoPages,
    /// It does not begin as a PDF file (I10).
    #[error("the file is not a PDF file")]
    NotPdf,
    /// It keeps earlier versions of what it shows (I4).
    #[error("the file keeps earlier versions of its objects")]
    OlderVersions,
    /// Page box, rotation or unit out of bounds (I11).
    #[error("a page has a size that readers show differently")]
    PageSize,
    /// Actions that do more than lead to a page or a link (I1).
    #[error("the file holds programs or actions")]
    Program,
    /// `/NeedAppearances true` (I3).
    #[error("the file orders its form to be drawn anew when opened")]
    RedrawsForm,
    /// Sound, film, 3D (I3).
    #[error("the file holds sound, film or 3D")]
    RichMedia,
    /// A second file before, in or after it (I9, I10).
    #[error("the file holds more than one file: {0}")]
    SomethingElseInside(pdf::Error),
    /// Larger than the limit (I8).
    #[error("the file is larger than the limit")]
    TooBig,
    /// Passes another limit (I8).
    #[error("the file is too complex: {0}")]
    TooComplex(pdf::Error),
    /// It ends before its end (I9).
    #[error("the file is cut")]
    Truncated,
}

impl Refusal {
    /// Stable name for logs and interfaces.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadySigned => "already_signed",
            Self::Attachments => "attachments",
            Self::Damaged(_) => "damaged",
            Self::DynamicForm => "dynamic_form",
            Self::Empty => "empty",
            Self::Encrypted => "encrypted",
            Self::ExternalContent => "external_content",
            Self::FormFields => "form_fields",
            Self::HiddenNotes => "hidden_notes",
            Self::Layers => "layers",
            Self::NoPages => "no_pages",
            Self::NotPdf => "not_pdf",
            Self::OlderVersions => "older_versions",
            Self::PageSize => "page_size",
            Self::Program => "program",
            Self::RedrawsForm => "redraws_form",
            Self::RichMedia => "rich_media",
            Self::SomethingElseInside(_) => "something_else_inside",
            Self::TooBig => "too_big",
            Self::TooComplex(_) => "too_complex",
            Self::Truncated => "truncated",
        }
    }

    /// The sentence in Swedish.
    pub fn swedish(&self) -> &'static str {
        self.sentences().0
    }

    /// The sentence in English.
    pub fn english(&self) -> &'static str {
        self.sentences().1
    }

    fn sentences(&self) -> (&'static str, &'static str) {
        let mine = WORDS.iter().find(|(code, ..)| *code == self.code());
        mine.map(|(_, swedish, english)| (*swedish, *english)).unwrap_or_default()
    }
}

/// Code, Swedish, English: what is wrong, and what to do.
const WORDS: [(&str, &str, &str); 21] = [
    (
        "already_signed",
        "Dokumentet är redan underskrivet. Ladda upp det som det var före underskriften.",
        "The document is already signed. Upload it as it was before that signature.",
    ),
    (
        "attachments",
        "Dokumentet har andra dokument som bilagor, och de syns inte på sidorna. Ta bort bilagorna eller ladda upp dem var för sig.",
        "The document carries other documents as attachments, and they do not show on its pages. Remove them or upload each one by itself.",
    ),
    (
        "damaged",
        "Dokumentet är skadat eller felaktigt skapat. Spara det på nytt som PDF i programmet där det gjordes.",
        "The document is damaged or was made wrongly. Save it as PDF again in the program it was made with.",
    ),
    (
        "dynamic_form",
        "Dokumentet är ett formulär som kan ändra sitt innehåll. Skriv ut formuläret till en ny PDF.",
        "The document is a form that can change what it shows. Print the form to a new PDF.",
    ),
    ("empty", "Dokumentet är tomt. Välj det igen.", "The document is empty. Choose it again."),
    (
        "encrypted",
        "Dokumentet är låst med lösenord eller andra skydd. Spara en kopia utan lösenord.",
        "The document is locked with a password or other protection. Save a copy without a password.",
    ),
    (
        "external_content",
        "Dokumentet hämtar innehåll från en annan plats. Skriv ut det till en ny PDF, så att allt finns i dokumentet.",
        "The document takes content from another place. Print it to a new PDF, so that everything is inside it.",
    ),
    (
        "form_fields",
        "Dokumentet har formulärfält som kan ändras efteråt. Skriv ut det till en ny PDF när fälten är ifyllda.",
        "The document has form fields that could be changed later. Print it to a new PDF when the fields are filled in.",
    ),
    (
        "hidden_notes",
        "Dokumentet har dolda anteckningar. Ta bort dem eller skriv ut dokumentet till en ny PDF.",
        "The document has hidden notes. Remove them or print the document to a new PDF.",
    ),
    (
        "layers",
        "Dokumentet har lager som kan visas och döljas. Skriv ut det till en ny PDF, så att alla ser samma sak.",
        "The document has layers that can be shown and hidden. Print it to a new PDF, so that everyone sees the same.",
    ),
    ("no_pages", "Dokumentet har inga sidor. Välj ett dokument med innehåll.", "The document has no pages. Choose a document with something in it."),
    (
        "not_pdf",
        "Dokumentet är ingen PDF. Spara det som PDF och ladda upp det igen.",
        "The document is not a PDF. Save it as PDF and upload it again.",
    ),
    (
        "older_versions",
        "Dokumentet har kvar äldre versioner av sitt innehåll. Välj ”Spara som” eller skriv ut det till en ny PDF.",
        "The document still holds older versions of its content. Choose “Save as” or print it to a new PDF.",
    ),
    (
        "page_size",
        "En sida har ett mått som visas olika i olika program. Skriv ut dokumentet till en ny PDF i till exempel A4.",
        "A page has a size that programs show differently. Print the document to a new PDF, in A4 for example.",
    ),
    (
        "program",
        "Dokumentet har inbyggda program eller knappar som gör något. Skriv ut det till en ny PDF.",
        "The document has programs or buttons inside that do things. Print it to a new PDF.",
    ),
    (
        "redraws_form",
        "Dokumentet ber läsprogrammet att rita om formulär när det öppnas, och då kan underskriften se bruten ut. Skriv ut det till en ny PDF.",
        "The document asks readers to redraw forms when it is opened, and the signature could then look broken. Print it to a new PDF.",
    ),
    (
        "rich_media",
        "Dokumentet har ljud, film eller 3D som inte kan skrivas under. Skriv ut sidorna till en ny PDF.",
        "The document has sound, film or 3D that cannot be signed. Print the pages to a new PDF.",
    ),
    (
        "something_else_inside",
        "Dokumentet har något mer i sig än en PDF. Spara det på nytt som PDF.",
        "The document holds something more than one PDF. Save it as PDF again.",
    ),
    (
        "too_big",
        "Dokumentet är större än 100 MB. Minska bilderna eller dela dokumentet.",
        "The document is larger than 100 MB. Make its pictures smaller or divide the document.",
    ),
    (
        "too_complex",
        "Dokumentet är för stort eller invecklat för att läsas säkert. Skriv ut det till en ny PDF eller dela det.",
        "The document is too large or involved to be read safely. Print it to a new PDF or divide it.",
    ),
    (
        "truncated",
        "Dokumentet är inte helt, slutet saknas. Ladda ner eller spara det igen och försök på nytt.",
        "The document is not whole, its end is missing. Download or save it again and retry.",
    ),
];
