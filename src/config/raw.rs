//! Values before and after they are understood. A file knows types, a variable or a flag is text;
//! `Setting` reads both into the type of the knob.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object per line, for machines.
    Json,
}

/// A value as it was given.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// From a flag or a variable: text that stands for any type. A list is split at commas.
    Loose(String),
    /// A string of the file.
    Text(String),
    /// A whole number of the file.
    Whole(i64),
    /// `true` or `false` of the file.
    Truth(bool),
    /// A list of strings of the file.
    List(Vec<String>),
    /// Something no knob takes; what it is.
    Other(&'static str),
}

impl Raw {
    /// What was found, in words. A text is never repeated: it might be a secret in the wrong place.
    pub(super) fn found(&self) -> String {
        match self {
            Self::Loose(text) if text.is_empty() => "nothing".to_owned(),
            Self::Loose(_) => "something else".to_owned(),
            Self::Text(_) => "a text".to_owned(),
            Self::Whole(number) => number.to_string(),
            Self::Truth(truth) => truth.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Other(kind) => (*kind).to_owned(),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Loose(text) | Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

/// A type that a knob can have.
pub(super) trait Setting: Sized {
    /// Takes the value, if it is one of this type and within the bounds.
    fn accept(&mut self, raw: &Raw, within: &RangeInclusive<u64>) -> bool {
        match Self::read(raw, within) {
            Some(value) => {
                *self = value;
                true
            }
            None => false,
        }
    }
    /// Reads a value.
    fn read(raw: &Raw, within: &RangeInclusive<u64>) -> Option<Self>;
    /// What is expected, in words.
    fn expected(&self, within: &RangeInclusive<u64>) -> String;
    /// The value as written in the file.
    fn show(&self) -> String;
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {$(
        impl Setting for $number {
            fn read(raw: &Raw, within: &RangeInclusive<u64>) -> Option<Self> {
                let number = match raw {
                    Raw::Loose(text) => text.parse().ok()?,
                    Raw::Whole(number) => u64::try_from(*number).ok()?,
                    _ => return None,
                };
                within.contains(&number).then(|| Self::try_from(number).ok())?
            }
            fn expected(&self, within: &RangeInclusive<u64>) -> String {
                format!("a whole number from {} to {}", within.start(), within.end())
            }
            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

whole_numbers!(u32, u64, usize);

impl Setting for bool {
    fn read(raw: &Raw, _: &RangeInclusive<u64>) -> Option<Self> {
        match raw {
            Raw::Loose(text) => text.parse().ok(),
            Raw::Truth(truth) => Some(*truth),
            _ => None,
        }
    }
    fn expected(&self, _: &RangeInclusive<u64>) -> String {
        "true or false".to_owned()
    }
    fn show(&self) -> String {
        self.to_string()
    }
}

/// A text as TOML and JSON both read it. They differ in one character only.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

impl Setting for String {
    fn read(raw: &Raw, _: &RangeInclusive<u64>) -> Option<Self> {
        raw.text().map(str::to_owned)
    }
    fn expected(&self, _: &RangeInclusive<u64>) -> String {
        "a text that is not empty".to_owned()
    }
    fn show(&self) -> String {
        quoted(self)
    }
}

impl Setting for PathBuf {
    fn read(raw: &Raw, _: &RangeInclusive<u64>) -> Option<Self> {
        raw.text().map(Self::from)
    }
    fn expected(&self, _: &RangeInclusive<u64>) -> String {
        "a path".to_owned()
    }
    fn show(&self) -> String {
        quoted(&self.display().to_string())
    }
}

impl Setting for Option<PathBuf> {
    fn read(raw: &Raw, within: &RangeInclusive<u64>) -> Option<Self> {
        PathBuf::read(raw, within).map(Some)
    }
    fn expected(&self, _: &RangeInclusive<u64>) -> String {
        "a path".to_owned()
    }
    fn show(&self) -> String {
        self.as_ref().map_or_else(String::new, Setting::show)
    }
}

impl Setting for SocketAddr {
    fn read(raw: &Raw, _: &RangeInclusive<u64>) -> Option<Self> {
        raw.text()?.parse().ok()
    }
    fn expected(&self, _: &RangeInclusive<u64>) -> String {
        "an IP address and a port, such as 127.0.0.1:7420 or [::1]:7420".to_owned()
    }
    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Setting for Vec<String> {
    fn read(raw: &Raw, _: &RangeInclusive<u64>) -> Option<Self> {
        match raw {
            Raw::Loose(text) => Some(
                text.split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect(),
            ),
            Raw::List(list) => Some(list.clone()),
            _ => None,
        }
    }
    fn expected(&self, _: &RangeInclusive<u64>) -> String {
        "a list of texts, such as [\"https://wardroom.example\"]".to_owned()
    }
    fn show(&self) -> String {
        let parts: Self = self.iter().map(|text| quoted(text)).collect();
        format!("[{}]", parts.join(", "))
    }
}

impl Setting for Format {
    fn read(raw: &Raw, _: &RangeInclusive<u64>) -> Option<Self> {
        match raw.text()? {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
    fn expected(&self, _: &RangeInclusive<u64>) -> String {
        "\"text\" or \"json\"".to_owned()
    }
    fn show(&self) -> String {
        match self {
            Self::Text => "\"text\"",
            Self::Json => "\"json\"",
        }
        .to_owned()
    }
}
