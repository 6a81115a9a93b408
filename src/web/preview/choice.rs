//! What of the preview is looked at: it stands in the page's address, so that a reload keeps it and a link changes one
//! thing of it.

use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::{Sheet, Show};

/// What is looked at.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    /// The schedule's name; without it, the first.
    pub schedule: Option<String>,
    /// The variant's place from 1; without it, the first.
    pub variant: Option<usize>,
    /// The reader's address, which decides the variant; without it, a made-up reader.
    pub reader: Option<String>,
    pub part: Part,
    pub width: Width,
    pub scheme: Scheme,
    pub images: Images,
}

/// Which part of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Part {
    #[default]
    Digest,
    Text,
    Headers,
    Findings,
}

/// How wide the reader's screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Width {
    #[default]
    Both,
    Phone,
    Desktop,
}

/// What the reader's screen prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scheme {
    #[default]
    Light,
    Dark,
}

/// Whether the reader's program shows pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Images {
    #[default]
    On,
    Off,
}

/// What a choice leads to.
pub(super) struct Chosen<'a> {
    pub sheet: &'a Sheet,
    /// Index of the variant, or why there is none.
    pub variant: Result<usize, String>,
    /// Index of the reader.
    pub reader: Option<usize>,
}

impl Choice {
    /// What is chosen of a show; `None` while it has nothing. What is not there any more gives way to the first.
    pub(super) fn of<'a>(&self, show: &'a Show) -> Option<Chosen<'a>> {
        let mut sheets = show.sheets.iter();
        let named = sheets.find(|sheet| Some(&sheet.schedule) == self.schedule.as_ref());
        let sheet = named.or(show.sheets.first())?;
        let reader = self.reader.as_deref().map(str::trim);
        let reader = reader.filter(|address| !address.is_empty());
        let found = reader.and_then(|address| {
            let mut readers = sheet.readers.iter();
            readers.position(|reader| reader.address.eq_ignore_ascii_case(address))
        });
        let variant = match (reader, found) {
            (_, Some(found)) => sheet.readers[found].gets.clone(),
            (Some(address), None) => Err(format!("{address} is not on the list")),
            (None, None) => {
                let wanted = self.variant.unwrap_or(1).saturating_sub(1);
                let last = sheet.variants.len().checked_sub(1);
                let nothing = || "there is no issue to show".to_owned();
                last.map(|last| if wanted > last { 0 } else { wanted })
                    .ok_or_else(nothing)
            }
        };
        Some(Chosen {
            sheet,
            variant,
            reader: found,
        })
    }

    /// The same, but for what `change` changes.
    pub(super) fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }

    /// The address of this choice below a path.
    pub(super) fn href(&self, path: &str) -> String {
        let mut query = Serializer::new(String::new());
        for (name, value) in self.fields() {
            query.append_pair(name, &value);
        }
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }

    /// What differs from the choice of someone who has chosen nothing.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let variant = self.variant.map(|variant| variant.to_string());
        let own = |is_default: bool, name: &'static str| (!is_default).then(|| name.to_owned());
        let fields = [
            ("schedule", self.schedule.clone()),
            ("variant", variant),
            ("reader", self.reader.clone()),
            ("part", own(self.part == Part::default(), self.part.name())),
            (
                "width",
                own(self.width == Width::default(), self.width.name()),
            ),
            (
                "scheme",
                own(self.scheme == Scheme::default(), self.scheme.name()),
            ),
            (
                "images",
                own(self.images == Images::default(), self.images.name()),
            ),
        ];
        let given = fields.into_iter();
        given
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

impl Part {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Text => "text",
            Self::Headers => "headers",
            Self::Findings => "findings",
        }
    }
}

impl Width {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Phone => "phone",
            Self::Desktop => "desktop",
        }
    }
}

impl Scheme {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Images {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_only_what_differs() {
        let choice = Choice::default();
        assert_eq!(choice.href("/"), "/");
        let dark = choice.with(|choice| {
            choice.reader = Some("zoë+a@b.example".to_owned());
            choice.scheme = Scheme::Dark;
        });
        assert_eq!(
            dark.href("/frame"),
            "/frame?reader=zo%C3%AB%2Ba%40b.example&scheme=dark"
        );
    }
}
