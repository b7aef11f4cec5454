//! Just enough reading of Fluent files for the word rules: keys with their texts, and which values a text is given.

use std::collections::{BTreeMap, BTreeSet};

/// One message or attribute: the text a person may read, and the `$values` it shows or chooses by.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) values: BTreeSet<String>,
}

/// Messages, terms and attributes (`key.attribute`) of one file.
pub(super) fn messages(ftl: &str) -> BTreeMap<String, Message> {
    let mut raw: BTreeMap<String, String> = BTreeMap::new();
    let (mut message, mut key) = (String::new(), String::new());
    for line in ftl.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let trimmed = line.trim_start();
        let indented = trimmed.len() < line.len();
        let attribute = indented.then(|| trimmed.strip_prefix('.')).flatten();
        match (attribute.unwrap_or(trimmed).split_once('='), attribute, indented) {
            (Some((name, text)), None, false) => {
                message = name.trim().to_owned();
                key.clone_from(&message);
                raw.insert(key.clone(), text.to_owned());
            }
            (Some((name, text)), Some(_), _) => {
                key = format!("{message}.{}", name.trim());
                raw.insert(key.clone(), text.to_owned());
            }
            _ => raw.entry(key.clone()).or_default().extend(["\n", trimmed]),
        }
    }
    // A message that has attributes only has no text of its own.
    raw.retain(|_, text| !text.trim().is_empty());
    raw.into_iter().map(|(key, text)| (key, message_of(&text))).collect()
}

fn message_of(raw: &str) -> Message {
    let values = raw.split('$').skip(1).map(|after| after.chars().take_while(|letter| letter.is_alphanumeric() || "_-".contains(*letter)).collect());
    Message { values: values.collect(), text: readable(raw) }
}

/// The text without placeables; of a choice every variant is read, each as a sentence of its own.
fn readable(raw: &str) -> String {
    let mut text = String::new();
    for line in raw.lines() {
        let line = match line.trim().trim_start_matches('*').strip_prefix('[').and_then(|variant| variant.split_once(']')) {
            Some((_, variant)) => variant,
            None => line,
        };
        text.push_str(&without_braces(line));
        text.push('\n');
    }
    text.trim().to_owned()
}

fn without_braces(line: &str) -> String {
    let mut depth = 0_i32;
    let outside = line.chars().filter(|letter| {
        let was = depth;
        depth = (depth + i32::from(*letter == '{') - i32::from(*letter == '}')).max(0);
        was == 0 && depth == 0 && *letter != '}'
    });
    outside.collect()
}

#[test]
fn messages_attributes_terms_and_choices() {
    let ftl = "# comment = no\n-org = Kvarnby\nhello = Hej { $name }!\n    Välkommen till { -org }.\nfield =\n    .label = Namn\n    .hint = Som på kortet = ja\n\
               doors = { $count ->\n    [one] En dörr.\n   *[other] { $count } dörrar.\n}\n";
    let messages = messages(ftl);
    let keys: Vec<&str> = messages.keys().map(String::as_str).collect();
    assert_eq!(keys, ["-org", "doors", "field.hint", "field.label", "hello"]);
    assert_eq!(messages["hello"].text, "Hej !\nVälkommen till .");
    assert_eq!(messages["field.hint"].text, "Som på kortet = ja");
    assert_eq!(messages["doors"].text.split_whitespace().collect::<Vec<_>>(), ["En", "dörr.", "dörrar."]);
    assert_eq!(messages["doors"].values.iter().collect::<Vec<_>>(), ["count"]);
}
