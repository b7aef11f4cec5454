//! What the pages say, in Swedish and English, from `locales/*/*.ftl` (one file a slice). Every key stands in both.

use std::{borrow::Borrow, fmt::Display, sync::LazyLock};

use fluent::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use handslag_vocab::UnixTime;
use unic_langid::langid;

/// The two languages of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    English,
    /// Swedish, the first.
    Swedish,
}

impl Language {
    /// `sv` or `en`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Swedish => "sv",
        }
    }

    /// The language a tag names, if it is one of ours.
    pub fn named(tag: &str) -> Option<Self> {
        match tag.get(..2)? {
            "en" => Some(Self::English),
            "sv" => Some(Self::Swedish),
            _ => None,
        }
    }
}

impl Language {
    /// The cookie that keeps the choice for a year.
    pub const fn kept(self) -> &'static str {
        match self {
            Self::English => "lang=en; Path=/; SameSite=Lax; Max-Age=31536000",
            Self::Swedish => "lang=sv; Path=/; SameSite=Lax; Max-Age=31536000",
        }
    }
}

/// The language chosen in an address: `?lang=`.
pub fn chosen(query: Option<&str>) -> Option<Language> {
    query?.split('&').find_map(|pair| pair.strip_prefix("lang=")).and_then(Language::named)
}

type Bundle = FluentBundle<FluentResource>;

macro_rules! texts {
    ($language:literal: $($slice:literal),*) => {
        [$(include_str!(concat!("../locales/", $language, "/", $slice, ".ftl"))),*]
    };
}

static SWEDISH: LazyLock<Bundle> = LazyLock::new(|| {
    bundle(langid!("sv"), &texts!("sv": "page", "identity", "phone", "login", "doors", "oidc", "signing", "pages", "demo", "engineers"))
});
static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| {
    bundle(langid!("en"), &texts!("en": "page", "identity", "phone", "login", "doors", "oidc", "signing", "pages", "demo", "engineers"))
});

fn bundle(language: unic_langid::LanguageIdentifier, texts: &[&str]) -> Bundle {
    let mut bundle = Bundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    for text in texts {
        let resource = FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(partial, errors)| {
            tracing::error!(?errors, "a language file does not parse");
            partial
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(?errors, "two language files hold the same key");
        }
    }
    bundle
}

/// Swedish working life runs on Swedish time, whatever the machine's zone.
fn in_sweden(at: UnixTime) -> jiff::Zoned {
    let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_second(at.seconds()).unwrap_or_default().to_zoned(zone)
}

/// Speaks one language. Templates call `voice.say("key")`.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    language: Language,
}

impl Voice {
    /// Speaks this language.
    pub const fn in_language(language: Language) -> Self {
        Self { language }
    }

    /// Which language it speaks.
    pub const fn language(self) -> Language {
        self.language
    }

    /// `sv` or `en`.
    pub const fn tag(self) -> &'static str {
        self.language.tag()
    }

    /// The text behind a key. A missing key is shown as itself and logged: a page must not fall for a word.
    pub fn say(self, key: &str) -> String {
        self.format(key, None)
    }

    /// The text behind a key that came from elsewhere; a general one where there is none, and the unknown one is logged (MB-05).
    pub fn say_or(self, key: &str, general: &str) -> String {
        if self.bundle().has_message(key) {
            return self.say(key);
        }
        tracing::warn!(key, "no words for this");
        self.say(general)
    }

    /// A text with one value in it.
    pub fn say1(self, key: &str, name: &str, value: impl Display) -> String {
        let mut args = FluentArgs::new();
        args.set(name, FluentValue::from(value.to_string()));
        self.format(key, Some(&args))
    }

    /// A text with two values in it.
    pub fn say2(self, key: &str, first: &(&str, &str), second: &(&str, &str)) -> String {
        let mut args = FluentArgs::new();
        args.set(first.0, FluentValue::from(first.1));
        args.set(second.0, FluentValue::from(second.1));
        self.format(key, Some(&args))
    }

    /// A text that bends after a number.
    pub fn count(self, key: &str, count: impl Borrow<i64>) -> String {
        let mut args = FluentArgs::new();
        args.set("count", FluentValue::from(*count.borrow()));
        self.format(key, Some(&args))
    }

    /// A day and a time on the wall in Sweden: "21 november kl. 14.05".
    pub fn moment(self, at: impl Borrow<UnixTime>) -> String {
        let at = in_sweden(*at.borrow());
        let month = self.say(&format!("page-month-{}", at.strftime("%-m")));
        self.say2("moment", &("day", &format!("{} {month}", at.strftime("%-d"))), &("time", &self.clock(&at)))
    }

    /// A time on the wall in Sweden, as the language writes it.
    pub fn time(self, at: UnixTime) -> String {
        self.clock(&in_sweden(at))
    }

    fn clock(self, at: &jiff::Zoned) -> String {
        at.strftime(if self.language == Language::English { "%H:%M" } else { "%H.%M" }).to_string()
    }

    fn bundle(self) -> &'static Bundle {
        match self.language {
            Language::English => &ENGLISH,
            Language::Swedish => &SWEDISH,
        }
    }

    fn format(self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            tracing::error!(key, language = self.tag(), "no text for this key");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        bundle.format_pattern(pattern, args, &mut errors).into_owned()
    }
}
