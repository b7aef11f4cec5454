//! Finds the constant texts of a Rust source: string literals, `concat!` of them, and macros of the same file that complete a `concat!`.

use std::collections::HashMap;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Mark(char),
    Text(String),
    Word(String),
}

/// Each text with the line where it (or its macro's use) begins.
pub(crate) fn texts(source: &str) -> Vec<(usize, String)> {
    let tokens = tokens(source);
    let mut macros: HashMap<&str, Vec<Token>> = HashMap::new();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some((line, token)) = tokens.get(at) {
        let (name, inside) = (called(&tokens, at), group(&tokens, at + 2));
        match token {
            // The name and the body follow the `!`.
            Token::Word(word) if word == "macro_rules" => {
                let body = group(&tokens, at + 3);
                if let Some((_, Token::Word(name))) = tokens.get(at + 2) {
                    macros.insert(name, body.iter().map(|(_, token)| token.clone()).collect());
                }
                at += 3 + body.len();
                continue;
            }
            Token::Word(_) if name == Some("concat") => {
                found.push((*line, inside.iter().map(|(_, token)| text(token)).collect()));
                at += 2 + inside.len();
                continue;
            }
            Token::Word(_) if name.is_some_and(|name| macros.contains_key(name)) => {
                found.extend(name.and_then(|name| macros.get(name)).map(|body| (*line, completed(body, inside))));
                at += 2 + inside.len();
                continue;
            }
            Token::Text(text) => found.push((*line, text.clone())),
            Token::Mark(_) | Token::Word(_) => {}
        }
        at += 1;
    }
    found
}

/// `name` of a `name!` at this place.
fn called(tokens: &[(usize, Token)], at: usize) -> Option<&str> {
    match (&tokens.get(at)?.1, &tokens.get(at + 1)?.1) {
        (Token::Word(name), Token::Mark('!')) => Some(name),
        _ => None,
    }
}

/// The tokens from an opening bracket at this place to its closing one.
fn group(tokens: &[(usize, Token)], at: usize) -> &[(usize, Token)] {
    let mut open = 0_usize;
    for (length, (_, token)) in tokens.iter().skip(at).enumerate() {
        match token {
            Token::Mark('(' | '[' | '{') => open += 1,
            Token::Mark(')' | ']' | '}') => open = open.saturating_sub(1),
            _ => {}
        }
        if open == 0 {
            return &tokens[at..=at + length];
        }
    }
    &[]
}

/// The first `concat!` of a macro's body with the use's texts in the place of its parameters.
fn completed(body: &[Token], used: &[(usize, Token)]) -> String {
    let start = body.iter().position(|token| *token == Token::Word("concat".to_owned())).unwrap_or(body.len());
    let parameters: Vec<_> =
        body[..start].windows(3).filter(|three| three[0] == Token::Mark('$') && three[2] == Token::Mark(':')).map(|three| &three[1]).collect();
    let given: Vec<_> = used.iter().filter(|(_, token)| matches!(token, Token::Text(_))).map(|(_, token)| text(token)).collect();
    let part = |token: &Token| match parameters.iter().position(|parameter| *parameter == token) {
        Some(place) => given.get(place).copied().unwrap_or_default().to_owned(),
        None => text(token).to_owned(),
    };
    body[start..].iter().map(part).collect()
}

fn text(token: &Token) -> &str {
    if let Token::Text(text) = token { text } else { "" }
}

/// Comments, characters, lifetimes and white space are stepped over.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(next) = rest.chars().next() {
        let (length, token) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |end| end + 2), None)
        } else if let Some((length, text)) = raw(rest) {
            (length, Some(Token::Text(text)))
        } else if next == '"' {
            let (length, text) = quoted(rest);
            (length, Some(Token::Text(text)))
        } else if let Some(length) = character(rest) {
            (length, None)
        } else if let Some(word) = word(rest) {
            (word.len(), Some(Token::Word(word.to_owned())))
        } else {
            (next.len_utf8(), (!next.is_whitespace()).then_some(Token::Mark(next)))
        };
        tokens.extend(token.map(|token| (line, token)));
        let (done, left) = rest.split_at(length);
        line += done.matches('\n').count();
        rest = left;
    }
    tokens
}

fn word(rest: &str) -> Option<&str> {
    let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    (length > 0).then(|| &rest[..length])
}

/// `r"…"`, `r#"…"#`, also behind `b`.
fn raw(rest: &str) -> Option<(usize, String)> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let body = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end)?;
    Some((rest.len() - body.len() + length + end.len(), body[..length].to_owned()))
}

/// `"…"`; a backslash before the end of a line swallows the indentation, as the compiler does it.
fn quoted(rest: &str) -> (usize, String) {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => return (at + 1, text),
            '\\' => match characters.next() {
                Some((_, '\n')) => while characters.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                Some((_, 'n')) => text.push('\n'),
                Some((_, escaped)) => text.push(escaped),
                None => break,
            },
            _ => text.push(c),
        }
    }
    (rest.len(), text)
}

/// `'x'` or `'\x'`; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    if body.starts_with('\\') {
        return body.get(2..)?.find('\'').map(|end| end + 4);
    }
    let first = body.chars().next()?.len_utf8();
    body[first..].starts_with('\'').then_some(first + 2)
}
