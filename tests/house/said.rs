//! Sentences for people that stand in code instead of the language files: in Swedish, and in the English that follows. Policies say
//! why in `@sv` and `@en`; a refusal in the server has both beside its code.

use super::source::File;

/// One sentence in both languages.
pub(super) struct Said {
    pub(super) sv: String,
    pub(super) en: String,
}

/// The reasons of a policy file.
pub(super) fn by_policies(file: &File) -> Vec<Said> {
    let annotations = |name: &str| -> Vec<String> {
        let marked = file.text.lines().filter_map(|line| line.trim().strip_prefix(name));
        marked.filter_map(|rest| rest.strip_prefix("(\"")?.strip_suffix("\")").map(str::to_owned)).collect()
    };
    annotations("@sv").into_iter().zip(annotations("@en")).map(|(sv, en)| Said { sv, en }).collect()
}

/// Swedish literals of a Rust file with the literal after each.
pub(super) fn by_code(file: &File) -> Vec<Said> {
    let product = file.text.split("#[cfg(test)]").next().unwrap_or_default();
    let literals = literals(product);
    let pairs = literals.iter().zip(literals.iter().skip(1)).filter(|(sv, _)| is_swedish(sv));
    pairs.map(|(sv, en)| Said { sv: sv.clone(), en: en.clone() }).collect()
}

/// More than one word, with a letter that English has not.
fn is_swedish(literal: &str) -> bool {
    literal.contains(' ') && literal.contains(['å', 'ä', 'ö', 'Å', 'Ä', 'Ö'])
}

/// String literals outside comments, in their order.
fn literals(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        let mut parts = line.replace("\\\"", "'").split('"').map(str::to_owned).collect::<Vec<_>>();
        // An odd number of quotes: a literal that goes on in the next line is no sentence of ours.
        if parts.len() % 2 == 0 {
            parts.pop();
        }
        found.extend(parts.into_iter().skip(1).step_by(2));
    }
    found
}

#[test]
fn swedish_is_found_with_its_english_and_comments_are_not() {
    let text = "// \"Ordet är fel\"\nbad(\"code\", \"Ordet är fel.\", \"The word is wrong.\");\n#[cfg(test)]\n\"Ett test är fel\"".to_owned();
    let said = by_code(&File { path: String::new(), text });
    assert!(said.len() == 1 && said.iter().all(|said| said.sv == "Ordet är fel." && said.en == "The word is wrong."));
    let text = "@id(\"x\")\n@sv(\"Du är chef.\")\n@en(\"You are the manager.\")\npermit".to_owned();
    assert!(by_policies(&File { path: String::new(), text }).iter().all(|said| said.sv == "Du är chef." && said.en == "You are the manager."));
}
