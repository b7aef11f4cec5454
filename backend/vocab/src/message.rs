//! A service's own words as a person sees them: plain text, or a small part of Markdown. What is read here is data and never markup: who
//! shows it decides how a heading looks, and what looks like HTML or a link stays the text that it is.
//!
//! Markdown: headings, lists, paragraphs, `**strong**`, `*emphasis*` and `\` before a mark. Nothing is nested, so nothing is deep.

use serde::{Deserialize, Serialize};

/// How a service wrote its words (OIDC Sweden request parameters §2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MessageType {
    /// `text/plain`, in UTF-8.
    #[default]
    #[serde(rename = "text/plain")]
    Plain,
    /// `text/markdown`.
    #[serde(rename = "text/markdown")]
    Markdown,
}

impl MessageType {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Plain, Self::Markdown];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Markdown => "text/markdown",
        }
    }

    /// The one with this name, case and a charset of UTF-8 aside.
    pub fn named(name: &str) -> Option<Self> {
        let (essence, charset) = name.split_once(';').map_or((name, None), |(essence, charset)| (essence, Some(charset.trim())));
        let is_utf8 = charset.is_none_or(|charset| charset.eq_ignore_ascii_case("charset=utf-8"));
        Self::ALL.into_iter().find(|known| is_utf8 && essence.trim().eq_ignore_ascii_case(known.as_str()))
    }

    /// Whether it is what is meant where nothing is said.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::Plain
    }

    /// The words in the pieces they are shown in.
    pub fn blocks(self, text: &str) -> Vec<Block> {
        match self {
            Self::Plain => plain(text),
            Self::Markdown => markdown(text),
        }
    }
}

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// A list whose lines have a mark.
    Bullets,
    /// One line that stands over what follows.
    Heading,
    /// A list whose lines have numbers.
    Numbers,
    /// Lines that belong together.
    Paragraph,
}

/// A piece of the words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its lines, or the items of a list.
    pub lines: Vec<Vec<Span>>,
}

impl Block {
    /// For templates, which cannot compare.
    pub const fn is_bullets(&self) -> bool {
        matches!(self.kind, BlockKind::Bullets)
    }

    /// As above.
    pub const fn is_heading(&self) -> bool {
        matches!(self.kind, BlockKind::Heading)
    }

    /// As above.
    pub const fn is_numbers(&self) -> bool {
        matches!(self.kind, BlockKind::Numbers)
    }
}

/// Text in one way of writing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// The text.
    pub text: String,
    /// It is said with weight.
    pub strong: bool,
    /// It is said with stress.
    pub emphasis: bool,
}

/// Would this text be seen as it is? Characters that turn, hide or break other characters make what is read differ from what is signed.
pub fn is_showable(text: &str) -> bool {
    let bends =
        |c: char| matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}');
    let text = text.replace("\r\n", "\n");
    !text.chars().any(|c| bends(c) || (c.is_control() && c != '\n'))
}

fn plain(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let span = Span { text: line.trim_end().to_owned(), ..Span::default() };
        match blocks.last_mut().filter(|_| is_open) {
            _ if span.text.is_empty() => is_open = false,
            Some(block) => block.lines.push(vec![span]),
            None => {
                blocks.push(Block { kind: BlockKind::Paragraph, lines: vec![vec![span]] });
                is_open = true;
            }
        }
    }
    blocks
}

fn markdown(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut is_open = false;
    for line in text.lines() {
        let (kind, said) = read_line(line);
        if said.is_empty() {
            is_open = false;
            continue;
        }
        let last = blocks.last_mut().filter(|block| is_open && block.kind == kind && kind != BlockKind::Heading);
        match last {
            Some(block) => block.lines.push(spans(said)),
            None => blocks.push(Block { kind, lines: vec![spans(said)] }),
        }
        is_open = true;
    }
    blocks
}

/// What a line is, and what stands after its mark.
fn read_line(line: &str) -> (BlockKind, &str) {
    let line = line.trim();
    let after_hashes = line.trim_start_matches('#');
    if (1..=6).contains(&(line.len() - after_hashes.len())) && after_hashes.starts_with(' ') {
        return (BlockKind::Heading, after_hashes.trim());
    }
    if let Some(item) = ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark)) {
        return (BlockKind::Bullets, item.trim());
    }
    let after_digits = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_numbered = (1..=9).contains(&(line.len() - after_digits.len()));
    match [". ", ") "].iter().find_map(|mark| after_digits.strip_prefix(mark)).filter(|_| is_numbered) {
        Some(item) => (BlockKind::Numbers, item.trim()),
        None => (BlockKind::Paragraph, line),
    }
}

/// A piece of a line before it is known which marks have a partner.
struct Token {
    text: String,
    mark: Option<Mark>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Mark {
    is_double: bool,
    has_partner: bool,
}

/// Marks without a partner stay text.
fn spans(line: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let (mut strong, mut emphasis) = (false, false);
    for token in tokens(line) {
        match token.mark {
            Some(Mark { is_double: true, has_partner: true }) => strong = !strong,
            Some(Mark { is_double: false, has_partner: true }) => emphasis = !emphasis,
            _ => match spans.last_mut().filter(|span| span.strong == strong && span.emphasis == emphasis) {
                Some(span) => span.text.push_str(&token.text),
                None => spans.push(Span { text: token.text, strong, emphasis }),
            },
        }
    }
    spans
}

/// One pass: of each of the four marks (`*`, `**`, `_`, `__`) only the latest that may open is remembered, so a long line costs no more
/// than its length.
fn tokens(line: &str) -> Vec<Token> {
    let letters: Vec<char> = line.chars().collect();
    let (mut tokens, mut open, mut at) = (Vec::new(), [None; 4], 0);
    while let Some(&letter) = letters.get(at) {
        let next = letters.get(at + 1).copied();
        if letter == '\\' && next.is_some_and(|next| next.is_ascii_punctuation()) {
            tokens.push(Token { text: next.into_iter().collect(), mark: None });
            at += 2;
        } else if letter == '*' || letter == '_' {
            let run = letters.iter().skip(at).take_while(|other| **other == letter).count();
            let before = at.checked_sub(1).and_then(|before| letters.get(before)).copied();
            marks(&mut tokens, &mut open, (letter, run), (before, letters.get(at + run).copied()));
            at += run;
        } else {
            tokens.push(Token { text: letter.to_string(), mark: None });
            at += 1;
        }
    }
    tokens
}

/// A run of one to three marks opens or closes; a longer one is text.
fn marks(tokens: &mut Vec<Token>, open: &mut [Option<usize>; 4], (letter, run): (char, usize), around: (Option<char>, Option<char>)) {
    let (can_open, can_close) = sides(letter, around);
    let base = if letter == '*' { 0 } else { 2 };
    let widths: &[usize] = match run {
        1 => &[1],
        2 => &[2],
        // Of three, the one that was opened last closes first.
        3 if can_close && open.get(base).copied().flatten() > open.get(base + 1).copied().flatten() => &[1, 2],
        3 => &[2, 1],
        _ => &[],
    };
    if widths.is_empty() {
        tokens.push(Token { text: letter.to_string().repeat(run), mark: None });
    }
    for &width in widths {
        let mut mark = Mark { is_double: width == 2, has_partner: false };
        let place = base + width - 1;
        let opener = open.get(place).copied().flatten().filter(|_| can_close);
        if let Some(opener) = opener {
            mark.has_partner = true;
            if let Some(partner) = tokens.get_mut(opener).and_then(|token| token.mark.as_mut()) {
                partner.has_partner = true;
            }
            // What was opened within and is still open has no partner any more.
            open.iter_mut().filter(|other| other.is_some_and(|other| other >= opener)).for_each(|other| *other = None);
        } else if can_open && let Some(slot) = open.get_mut(place) {
            *slot = Some(tokens.len());
        }
        tokens.push(Token { text: letter.to_string().repeat(width), mark: Some(mark) });
    }
}

/// Whether a run may open or close. `snake_case` is one word.
fn sides(letter: char, (before, after): (Option<char>, Option<char>)) -> (bool, bool) {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let (starts, ends) = (after.is_some_and(|c| !c.is_whitespace()), before.is_some_and(|c| !c.is_whitespace()));
    if letter == '_' { (starts && !is_word(before), ends && !is_word(after)) } else { (starts, ends) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a shell would show it, with brackets for tags.
    fn shown(kind: MessageType, text: &str) -> String {
        let span = |span: &Span| match (span.strong, span.emphasis) {
            (false, false) => span.text.clone(),
            (true, false) => format!("[b {}]", span.text),
            (false, true) => format!("[i {}]", span.text),
            (true, true) => format!("[bi {}]", span.text),
        };
        let block = |block: &Block| {
            let lines: Vec<String> = block.lines.iter().map(|line| line.iter().map(span).collect()).collect();
            format!("{:?}({})", block.kind, lines.join("|"))
        };
        kind.blocks(text).iter().map(block).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn plain_text_is_shown_as_it_is() {
        assert_eq!(shown(MessageType::Plain, "**Hej**\r\n<b>\n\n\n- en\n"), "Paragraph(**Hej**|<b>) Paragraph(- en)");
        assert_eq!(shown(MessageType::Plain, ""), "");
    }

    #[test]
    fn a_small_part_of_markdown() {
        let text = "# Avtal\nVill **du** *nu*?\nJa\n\n- en\n- två\n1. ett\n2) tu\n### Slut";
        let expected = "Heading(Avtal) Paragraph(Vill [b du] [i nu]?|Ja) Bullets(en|två) Numbers(ett|tu) Heading(Slut)";
        assert_eq!(shown(MessageType::Markdown, text), expected);
    }

    #[test]
    fn marks_have_partners_or_are_text() {
        let cases = [
            ("***a***", "[bi a]"),
            ("**a *b* c**", "[b a ][bi b][b  c]"),
            ("a * b * c", "a * b * c"),
            ("snake_case_name", "snake_case_name"),
            ("_a_ __b__", "[i a] [b b]"),
            ("**a", "**a"),
            ("a**", "a**"),
            ("*a **b*", "[i a **b]"),
            (r"\*a\* \\ \q", r"*a* \ \q"),
            ("****a****", "****a****"),
            ("2*3*4", "2[i 3]4"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(MessageType::Markdown, text), format!("Paragraph({expected})"), "{text}");
        }
    }

    /// Attack: markup of a service's own on our page.
    #[test]
    fn html_and_links_stay_text() {
        let text = "<script>alert(1)</script> <b>x</b> [lön](javascript:alert(1)) ![](x) &lt; `kod`";
        assert_eq!(shown(MessageType::Markdown, text), format!("Paragraph({text})"));
    }

    #[test]
    fn a_long_line_of_marks_costs_its_length() {
        let text = "*a _b ".repeat(20_000);
        assert!(!MessageType::Markdown.blocks(&text).is_empty());
    }

    #[test]
    fn only_the_two_types_are_known() {
        for right in ["text/plain", "TEXT/Plain; charset=UTF-8", "text/plain;charset=utf-8"] {
            assert_eq!(MessageType::named(right), Some(MessageType::Plain), "{right}");
        }
        assert_eq!(MessageType::named("text/markdown"), Some(MessageType::Markdown));
        for wrong in ["text/html", "", "text", "text/plain; charset=latin1", "text/markdownx"] {
            assert_eq!(MessageType::named(wrong), None, "{wrong}");
        }
        for known in MessageType::ALL {
            assert_eq!(serde_json::to_value(known).unwrap(), known.as_str());
        }
    }

    #[test]
    fn a_text_that_reads_otherwise_than_it_is_cannot_be_shown() {
        for right in ["Vill du skriva under?\nProtokoll § 12", "Åsa Öberg – ”ja”", "👩‍⚕️", "a\r\nb"] {
            assert!(is_showable(right), "{right}");
        }
        for wrong in ["fdp.\u{202e}nrat", "a\u{2066}b", "ab\u{200b}c", "a\rb", "a\0", "\u{1b}[2J", "\u{feff}a"] {
            assert!(!is_showable(wrong), "{wrong:?}");
        }
    }
}
