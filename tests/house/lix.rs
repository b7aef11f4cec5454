//! LIX, the Swedish measure of how hard a text is (Björnsson 1968): words a sentence plus the share of words longer than six letters.
//! Under 30 a child reads it, under 40 it is plain, over 60 it is bureaucrats' Swedish.

/// Counted parts of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lix {
    words: u32,
    long: u32,
    sentences: u32,
}

impl Lix {
    /// Counts one running text. A sentence ends with `.`, `!`, `?` or `:` after a word, or with the text.
    pub(super) fn of(text: &str) -> Self {
        let mut lix = Self::default();
        let mut open = false;
        for piece in text.split_whitespace() {
            let letters = piece.chars().filter(|letter| letter.is_alphanumeric()).count();
            if letters > 0 {
                open = true;
                lix.words += 1;
                lix.long += u32::from(letters > 6);
            }
            if open && piece.trim_end_matches(['"', '”', ')', '»']).ends_with(['.', '!', '?', ':', '…']) {
                lix.sentences += 1;
                open = false;
            }
        }
        lix.sentences += u32::from(open);
        lix
    }

    /// Both texts together.
    pub(super) fn and(self, other: Self) -> Self {
        Self { words: self.words + other.words, long: self.long + other.long, sentences: self.sentences + other.sentences }
    }

    /// Words counted; of a few words the measure says nothing.
    pub(super) fn words(self) -> u32 {
        self.words
    }

    /// The measure; 0 for no text.
    pub(super) fn value(self) -> f64 {
        if self.words == 0 {
            return 0.0;
        }
        f64::from(self.words) / f64::from(self.sentences.max(1)) + 100.0 * f64::from(self.long) / f64::from(self.words)
    }
}

/// Whether this is running text: a heading, a label or a button ends with no stop and is not measured.
pub(super) fn is_running_text(text: &str) -> bool {
    text.split_whitespace().any(|piece| piece.chars().any(char::is_alphabetic) && piece.ends_with(['.', '!', '?']))
}

#[test]
fn counted_by_hand() {
    // 10 words, 2 sentences, 2 long (chefen is 6 letters; "telefonen" and "öppnar" are 9 and 6; "arbetsdagen" 11): 5 + 20 = 25.
    let lix = Lix::of("Du öppnar dörren med telefonen. Chefen ser det efter arbetsdagen!");
    assert_eq!(lix, Lix { words: 10, long: 2, sentences: 2 });
    assert!((lix.value() - 25.0).abs() < 1e-9);
}

#[test]
fn bureaucrats_swedish_is_hard_and_a_text_without_words_is_nothing() {
    let hard =
        "Autentiseringstjänstens tillitsnivå fastställs utifrån identitetskontrollens genomförande samt enhetens attesterade säkerhetsegenskaper.";
    assert!(Lix::of(hard).value() > 60.0);
    assert!(Lix::of("– … 12").value() < 2.0 && Lix::of("").value() < 1e-9);
}

#[test]
fn a_label_is_no_running_text() {
    assert!(is_running_text("Spärra telefonen. Det går att ångra."));
    assert!(!is_running_text("Spärra telefonen") && !is_running_text("… 3"));
}
