//! One voice for people (style 19): no jargon on pages, the same messages in both languages, plain Swedish, keys only for doors.
//!
//! The engineers' page (`templates/engineers/`, `engineers.ftl`) speaks of protocols and is left out of the jargon rule alone.

use std::collections::BTreeMap;

use super::{
    ftl::{Message, messages},
    lix::{Lix, is_running_text},
    said::{self, Said},
    source::{File, files, none_of},
};

const TEMPLATES: &str = "backend/server/templates";
const LOCALES: &str = "backend/server/locales";

/// A word that begins like this is for engineers: `token`, `tokens`, `passkeyn`.
const JARGON: [&str; 12] =
    ["authenticator", "claim", "credential", "digest", "hash", "nonce", "oauth", "oidc", "openid", "passkey", "scope", "token"];

/// Short ones, as whole words (`loa2`, `loa3` too).
const SHORT_JARGON: [&str; 8] = ["acr", "amr", "api", "jwks", "jwt", "loa", "pkce", "webauthn"];

/// Words that say that a message speaks of doors.
const DOOR: [&str; 5] = ["dörr", "lås", "port", "hem", "hus"];

/// Below this many words of running text LIX says nothing of one file.
const ENOUGH: u32 = 50;
const WALL: f64 = 40.0;

fn is_for_engineers(file: &File) -> bool {
    file.stem() == "engineers" || file.path.contains("/engineers/")
}

fn some(folder: &str, ending: &str) -> Vec<File> {
    let files = files(folder, &[ending]);
    assert!(!files.is_empty(), "{folder} has no .{ending} file");
    files
}

/// Words of jargon in a text that people read.
fn jargon(text: &str) -> Vec<String> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).map(str::to_lowercase);
    let is_jargon = |word: &String| {
        JARGON.iter().any(|start| word.starts_with(start)) || SHORT_JARGON.contains(&word.trim_end_matches(|letter: char| letter.is_ascii_digit()))
    };
    words.filter(|word| !word.is_empty()).filter(is_jargon).collect()
}

/// What a person sees or hears of a page: text between tags, and the attributes that are shown or read aloud.
fn visible(html: &str) -> String {
    let mut text = String::new();
    let mut rest = without(&without(&without(html, "{#", "#}"), "{%", "%}"), "{{", "}}");
    for hidden in ["script", "style"] {
        rest = without(&rest, &format!("<{hidden}"), &format!("</{hidden}>"));
    }
    for piece in rest.split('<') {
        let (tag, after) = piece.split_once('>').unwrap_or(("", piece));
        for attribute in ["alt=\"", "title=\"", "aria-label=\"", "placeholder=\""] {
            let spoken = tag.split(attribute).nth(1).and_then(|value| value.split('"').next());
            text.extend([" ", spoken.unwrap_or_default()]);
        }
        text.extend([" ", after]);
    }
    text
}

fn without(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        kept.extend([before, " "]);
        rest = after.split_once(close).map_or("", |(_, after)| after);
    }
    kept + rest
}

#[test]
fn no_jargon_on_pages_for_people() {
    let mut broken = Vec::new();
    for file in some(TEMPLATES, "html").iter().filter(|file| !is_for_engineers(file)) {
        broken.extend(jargon(&visible(&file.text)).into_iter().map(|word| format!("{}: {word}", file.path)));
    }
    for file in some(LOCALES, "ftl").iter().filter(|file| !is_for_engineers(file)) {
        for (key, message) in messages(&file.text) {
            broken.extend(jargon(&message.text).into_iter().map(|word| format!("{}: {key}: {word}", file.path)));
        }
    }
    for (path, said) in said_in_code() {
        broken.extend([&said.sv, &said.en].into_iter().flat_map(|text| jargon(text)).map(|word| format!("{path}: {}: {word}", said.sv)));
    }
    none_of(&broken, "docs/ord.md names the word to use instead");
}

/// Sentences that stand in policies and in the server's own code; the programs behind commands speak to operators.
fn said_in_code() -> Vec<(String, Said)> {
    let policies = some("policies", "cedar").into_iter().map(|file| (said::by_policies(&file), file.path));
    let product = some("backend/server/src", "rs").into_iter().filter(|file| !is_for_engineers(file) && !file.path.contains("/commands/"));
    let all = policies.chain(product.map(|file| (said::by_code(&file), file.path)));
    all.flat_map(|(said, path)| said.into_iter().map(move |said| (path.clone(), said))).collect()
}

/// Every message of one language, as `file: key`.
fn language(tag: &str) -> BTreeMap<String, Message> {
    let folder = format!("{LOCALES}/{tag}");
    let all = some(&folder, "ftl").into_iter().flat_map(|file| {
        let name = file.path.trim_start_matches(&folder).to_owned();
        messages(&file.text).into_iter().map(move |(key, message)| (format!("{name}: {key}"), message))
    });
    all.collect()
}

#[test]
fn both_languages_have_the_same_messages_with_the_same_values() {
    let (swedish, english) = (language("sv"), language("en"));
    let mut broken: Vec<String> = swedish.keys().filter(|key| !english.contains_key(*key)).map(|key| format!("only in sv{key}")).collect();
    broken.extend(english.keys().filter(|key| !swedish.contains_key(*key)).map(|key| format!("only in en{key}")));
    let differs = |(key, message): &(&String, &Message)| english.get(*key).is_some_and(|other| other.values != message.values);
    broken.extend(swedish.iter().filter(differs).map(|(key, _)| format!("other values in en than in sv{key}")));
    none_of(&broken, "both languages say the same");
}

/// LIX of the running texts of a Fluent file, each message counted apart.
fn lix_of_messages(ftl: &str) -> Lix {
    messages(ftl).values().map(|message| &message.text).filter(|text| is_running_text(text)).fold(Lix::default(), |sum, text| sum.and(Lix::of(text)))
}

/// LIX of the paragraphs and list items of a page in Markdown.
fn lix_of_markdown(page: &str) -> Lix {
    let paragraphs = page.split("\n\n").flat_map(|block| block.split("\n- ")).filter(|block| !block.starts_with('#') && !block.contains('|'));
    paragraphs.filter(|text| is_running_text(text)).fold(Lix::default(), |sum, text| sum.and(Lix::of(text)))
}

#[test]
fn swedish_texts_are_plain() {
    let mut measured: Vec<(String, Lix)> = some(&format!("{LOCALES}/sv"), "ftl")
        .into_iter()
        .filter(|file| !is_for_engineers(file))
        .map(|file| (file.path.clone(), lix_of_messages(&file.text)))
        .collect();
    measured.extend(some("docs/sv", "md").into_iter().map(|file| (file.path.clone(), lix_of_markdown(&file.text))));
    let in_code =
        said_in_code().into_iter().filter(|(_, said)| is_running_text(&said.sv)).fold(Lix::default(), |sum, (_, said)| sum.and(Lix::of(&said.sv)));
    assert!(in_code.words() > ENOUGH, "the policies and the refusals say something");
    measured.push(("policies and refusals".to_owned(), in_code));
    let few = measured.iter().filter(|(_, lix)| lix.words() < ENOUGH).fold(Lix::default(), |sum, (_, lix)| sum.and(*lix));
    measured.retain(|(_, lix)| lix.words() >= ENOUGH);
    measured.push(("the short files together".to_owned(), few));
    for (name, lix) in &measured {
        println!("LIX {:>4.1} of {:>5} words: {name}", lix.value(), lix.words());
    }
    let broken: Vec<String> =
        measured.iter().filter(|(_, lix)| lix.value() >= WALL).map(|(name, lix)| format!("{name}: LIX {:.1}", lix.value())).collect();
    none_of(&broken, "Swedish texts stay under LIX 40");
}

/// "Nyckel" is kept for doors: a word with two meanings makes people afraid of the wrong one.
fn speaks_of_another_key(text: &str) -> bool {
    let text = text.to_lowercase();
    (text.contains("nyckel") || text.contains("nyckl")) && !DOOR.iter().any(|word| text.contains(word))
}

#[test]
fn keys_are_for_doors() {
    let mut broken = Vec::new();
    for file in some(&format!("{LOCALES}/sv"), "ftl").iter().filter(|file| !is_for_engineers(file) && file.stem() != "doors") {
        let wrong = messages(&file.text).into_iter().filter(|(_, message)| speaks_of_another_key(&message.text));
        broken.extend(wrong.map(|(key, _)| format!("{}: {key}", file.path)));
    }
    none_of(&broken, "nyckel is kept for doors; a passkey is \"den här telefonen\"");
}

#[test]
fn jargon_is_seen_in_text_and_spoken_attributes_and_nowhere_else() {
    let html =
        "<p class=\"token\" title=\"Din passkey\">Du {{ token }} fick {% if nonce %} en API-nyckel {# hash #}</p><script>scope</script><b>LoA3</b>";
    assert_eq!(jargon(&visible(html)), ["passkey", "api", "loa3"]);
    assert!(jargon("Kapitel, apan, tokig? Hashade; acrobat").iter().eq(["hashade"]));
}

#[test]
fn a_key_without_a_door_is_seen() {
    assert!(speaks_of_another_key("Skapa en nyckel på telefonen") && speaks_of_another_key("Dina nycklar"));
    assert!(!speaks_of_another_key("Nyckeln till dörren") && !speaks_of_another_key("Telefonen"));
}

#[test]
fn headings_and_tables_of_a_page_are_not_measured() {
    let page = "# Arbetsgivarinformation.\n\n| Uppgiftskategori. | b |\n\nDu ser det här. Det är allt.\n- En sak till.\n";
    assert_eq!(lix_of_markdown(page).words(), 10);
}
