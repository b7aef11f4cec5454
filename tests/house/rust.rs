//! Just enough reading of Rust text for the house rules: what is code, what is a test, where a function ends, what is imported.

use std::collections::BTreeSet;

/// The code alone: comments and the insides of strings and characters become blanks; lines stay where they were.
pub(super) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let hidden = hidden_length(rest, code.chars().next_back());
        let (head, tail) = rest.split_at(hidden.max(first.len_utf8()));
        if hidden == 0 {
            code.push(first);
        } else {
            code.extend(head.chars().map(|letter| if letter == '\n' { '\n' } else { ' ' }));
        }
        rest = tail;
    }
    code
}

/// Bytes of the comment, string or character that starts here; 0 when code starts here.
fn hidden_length(rest: &str, before: Option<char>) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if !before.is_some_and(is_word)
        && let Some(length) = raw_string(rest)
    {
        return length;
    }
    match rest.chars().next() {
        Some('"') => quoted(rest),
        Some('\'') => character(rest),
        _ => 0,
    }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let marks = rest.strip_prefix("br").or_else(|| rest.strip_prefix("cr")).or_else(|| rest.strip_prefix('r'))?;
    let hashes = marks.len() - marks.trim_start_matches('#').len();
    let inside = marks[hashes..].strip_prefix('"')?;
    let end = inside.find(&format!("\"{}", "#".repeat(hashes))).map_or(inside.len(), |end| end + 1 + hashes);
    Some(rest.len() - inside.len() + end)
}

fn quoted(rest: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A character literal; 0 for a lifetime.
fn character(rest: &str) -> usize {
    let inside = &rest[1..];
    if let Some(escape) = inside.strip_prefix('\\') {
        let first = escape.chars().next().map_or(0, char::len_utf8);
        return escape[first..].find('\'').map_or(0, |end| 2 + first + end + 1);
    }
    let length = inside.chars().next().map_or(0, char::len_utf8);
    if inside[length..].starts_with('\'') { length + 2 } else { 0 }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// The code without its `#[cfg(test)]` blocks.
pub(super) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        kept.push_str(&rest[..start]);
        let after = &rest[start..];
        let end = body(&after[MARK.len()..]).map_or(MARK.len(), |(_, end)| MARK.len() + end);
        kept.extend(after[..end].chars().filter(|letter| *letter == '\n'));
        rest = &after[end..];
    }
    kept.push_str(rest);
    kept
}

/// Modules that code declares for tests only, in files of their own: `#[cfg(test)] mod fixture;`.
pub(super) fn test_modules(code: &str) -> Vec<String> {
    let declared = code.split("#[cfg(test)]").skip(1).filter_map(|after| {
        let (head, _) = after.split_once(['{', ';'])?;
        let (_, name) = head.rsplit_once("mod ").filter(|_| after[head.len()..].starts_with(';'))?;
        Some(name.trim().to_owned())
    });
    declared.collect()
}

/// The first `{…}` before a `;`, outside round and square brackets: where it opens, and one past its end.
fn body(code: &str) -> Option<(usize, usize)> {
    let mut brackets = 0_i32;
    let open = code.char_indices().find_map(|(at, letter)| {
        brackets += i32::from(matches!(letter, '(' | '[')) - i32::from(matches!(letter, ')' | ']'));
        (brackets == 0 && matches!(letter, '{' | ';')).then_some((at, letter))
    });
    let (open, _) = open.filter(|(_, letter)| *letter == '{')?;
    let mut depth = 0_i32;
    let close = code[open..].char_indices().find_map(|(at, letter)| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        (depth == 0).then_some(at)
    })?;
    Some((open, open + close + 1))
}

/// A function's name, the line it starts at and how many lines it has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) lines: usize,
}

/// All functions with a body in code without comments and strings.
pub(super) fn functions(code: &str) -> Vec<Function> {
    let starts = code.match_indices("fn ").filter(|(at, _)| !code[..*at].chars().next_back().is_some_and(is_word));
    starts
        .filter_map(|(at, _)| {
            let name: String = code[at + 3..].chars().take_while(|letter| is_word(*letter)).collect();
            let (_, end) = body(&code[at..]).filter(|_| !name.is_empty())?;
            let lines = code[at..at + end].matches('\n').count() + 1;
            Some(Function { name, line: code[..at].matches('\n').count() + 1, lines })
        })
        .collect()
}

/// The modules at the crate's root that this code names: after `crate::`, or after enough `super::` to stand at the root.
/// `depth` is how deep the file's module lies: 1 for `crate::audit`, 2 for `crate::audit::journal`.
pub(super) fn root_modules(code: &str, depth: usize) -> BTreeSet<String> {
    let up = "super::".repeat(depth);
    ["crate::", &up]
        .into_iter()
        .flat_map(|path| code.match_indices(path).map(move |(at, _)| (at, at + path.len())))
        .filter(|(at, _)| !code[..*at].chars().next_back().is_some_and(|letter| is_word(letter) || letter == ':'))
        .flat_map(|(_, after)| heads(&code[after..]))
        .collect()
}

/// `a::b` gives a; `{a::{b, c}, d}` gives a and d.
fn heads(code: &str) -> Vec<String> {
    let name = |code: &str| code.trim_start().chars().take_while(|letter| is_word(*letter)).collect::<String>();
    let Some((0, end)) = body(code) else { return vec![name(code)] };
    let mut depth = 0_i32;
    let split = code[1..end - 1].split(move |letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        letter == ',' && depth == 0
    });
    split.map(name).filter(|head| !head.is_empty()).collect()
}

#[test]
fn comments_strings_and_characters_are_no_code() {
    let text = "let a = \"fn x() {\\\"}\"; // fn y\n/* { /* */ } */ let b = r#\"\"{\"#; let c = '{'; let d = '\\''; fn e<'a>(_: &'a str) {}";
    let code = code_only(text);
    assert!(code.contains("let a =") && code.contains("let b =") && code.contains("fn e<'a>(_: &'a str) {}"), "{code}");
    assert!(!code.contains("fn x") && !code.contains("fn y"), "{code}");
    assert_eq!((code.matches('{').count(), code.matches('\n').count()), (1, 1), "{code}");
}

#[test]
fn a_block_of_tests_is_left_out_and_lines_stay() {
    let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n use crate::x;\n}\nfn b() {}\n#[cfg(test)]\nmod more;\nfn c() {}\n";
    let kept = without_tests(code);
    assert!(!kept.contains("crate::x") && kept.contains("fn b") && kept.contains("fn c"), "{kept}");
    assert_eq!(kept.lines().count(), code.lines().count());
    assert_eq!(test_modules(code), ["more"]);
    assert_eq!(test_modules("#[cfg(test)]\n#[path = \"x.rs\"]\npub(crate) mod fixture;\n#[cfg(test)]\nuse x;"), ["fixture"]);
}

#[test]
fn functions_are_measured_from_their_name_to_their_brace() {
    let code = "trait T { fn no_body(&self, _: [u8; 3]); }\nfn one(_: [u8; 2]) -> u8 { 1 }\nfn three()\n{\n}\ntype F = fn (u8);\n";
    let expected = [("one", 2, 1), ("three", 3, 3)].map(|(name, line, lines)| Function { name: name.to_owned(), line, lines });
    assert_eq!(functions(code), expected);
}

#[test]
fn imports_are_read_in_groups_inline_and_through_super() {
    let code = "use crate::{audit::{self, Event}, oidc, problem::Problem}; use crate::login; fn f() { super::super::doors::open(); super::near(); }";
    assert_eq!(root_modules(code, 2).into_iter().collect::<Vec<_>>(), ["audit", "doors", "login", "oidc", "problem"]);
    assert_eq!(root_modules("use super::identity::Person;", 1).into_iter().collect::<Vec<_>>(), ["identity"]);
    assert!(root_modules("use mycrate::login; use super::login;", 2).is_empty());
}
