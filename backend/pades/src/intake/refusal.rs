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
        "Filen är redan underskriven. Ladda upp filen som den var före underskriften.",
        "The file is already signed. Upload the file as it was before that signature.",
    ),
    (
        "attachments",
        "Filen har andra filer som bilagor, och de syns inte på sidorna. Ta bort bilagorna eller ladda upp dem var för sig.",
        "The file carries other files as attachments, and they do not show on its pages. Remove them or upload each one by itself.",
    ),
    (
        "damaged",
        "Filen är skadad eller felaktigt skapad. Spara den på nytt som PDF i programmet där den gjordes.",
        "The file is damaged or was made wrongly. Save it as PDF again in the program it was made with.",
    ),
    (
        "dynamic_form",
        "Filen är ett formulär som kan ändra sitt innehåll. Skriv ut formuläret till en ny PDF.",
        "The file is a form that can change what it shows. Print the form to a new PDF.",
    ),
    ("empty", "Filen är tom. Välj filen igen.", "The file is empty. Choose the file again."),
    (
        "encrypted",
        "Filen är låst med lösenord eller andra skydd. Spara en kopia utan lösenord.",
        "The file is locked with a password or other protection. Save a copy without a password.",
    ),
    (
        "external_content",
        "Filen hämtar innehåll från en annan fil eller plats. Skriv ut den till en ny PDF, så att allt finns i filen.",
        "The file takes content from another file or place. Print it to a new PDF, so that everything is inside it.",
    ),
    (
        "form_fields",
        "Filen har formulärfält som kan ändras efteråt. Skriv ut den till en ny PDF när fälten är ifyllda.",
        "The file has form fields that could be changed later. Print it to a new PDF when the fields are filled in.",
    ),
    (
        "hidden_notes",
        "Filen har dolda anteckningar. Ta bort dem eller skriv ut filen till en ny PDF.",
        "The file has hidden notes. Remove them or print the file to a new PDF.",
    ),
    (
        "layers",
        "Filen har lager som kan visas och döljas. Skriv ut den till en ny PDF, så att alla ser samma sak.",
        "The file has layers that can be shown and hidden. Print it to a new PDF, so that everyone sees the same.",
    ),
    ("no_pages", "Filen har inga sidor. Välj en fil med innehåll.", "The file has no pages. Choose a file with something in it."),
    (
        "not_pdf",
        "Filen är ingen PDF. Spara dokumentet som PDF och ladda upp den filen.",
        "The file is not a PDF. Save the document as PDF and upload that file.",
    ),
    (
        "older_versions",
        "Filen har kvar äldre versioner av sitt innehåll. Välj ”Spara som” eller skriv ut den till en ny PDF.",
        "The file still holds older versions of its content. Choose “Save as” or print it to a new PDF.",
    ),
    (
        "page_size",
        "En sida har ett mått som visas olika i olika program. Skriv ut filen till en ny PDF i till exempel A4.",
        "A page has a size that programs show differently. Print the file to a new PDF, in A4 for example.",
    ),
    (
        "program",
        "Filen har inbyggda program eller knappar som gör något. Skriv ut den till en ny PDF.",
        "The file has programs or buttons inside that do things. Print it to a new PDF.",
    ),
    (
        "redraws_form",
        "Filen ber läsprogrammet att rita om formulär när den öppnas, och då kan underskriften se bruten ut. Skriv ut filen till en ny PDF.",
        "The file asks readers to redraw forms when it is opened, and the signature could then look broken. Print the file to a new PDF.",
    ),
    (
        "rich_media",
        "Filen har ljud, film eller 3D som inte kan skrivas under. Skriv ut sidorna till en ny PDF.",
        "The file has sound, film or 3D that cannot be signed. Print the pages to a new PDF.",
    ),
    (
        "something_else_inside",
        "Filen har något mer än ett PDF-dokument i sig. Spara dokumentet på nytt som PDF.",
        "The file holds something more than one PDF document. Save the document as PDF again.",
    ),
    (
        "too_big",
        "Filen är större än 100 MB. Minska bilderna eller dela dokumentet.",
        "The file is larger than 100 MB. Make its pictures smaller or divide the document.",
    ),
    (
        "too_complex",
        "Filen är för stor eller invecklad för att läsas säkert. Skriv ut den till en ny PDF eller dela den.",
        "The file is too large or involved to be read safely. Print it to a new PDF or divide it.",
    ),
    (
        "truncated",
        "Filen är inte hel, slutet saknas. Ladda ner eller spara den igen och försök på nytt.",
        "The file is not whole, its end is missing. Download or save it again and retry.",
    ),
];
