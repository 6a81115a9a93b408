//! Categories and keywords, each noted once.

use super::super::reading::Category;
use super::super::tree::Element;
use super::Walk;
use super::elements::ITUNES_SCHEME;

/// Among how many of the last ones a category is looked for: a feed with thousands of them is no friend.
const LOOKED_AT: usize = 200;

impl Walk<'_> {
    pub(super) fn start_category(&mut self, element: &Element, default_scheme: Option<&str>) {
        let field = |name: &str| element.get(name).map(str::to_owned);
        let scheme = field("scheme")
            .or_else(|| field("domain"))
            .or_else(|| default_scheme.map(str::to_owned));
        self.add_category(field("term"), scheme, field("label"));
        self.push("category", true);
    }

    pub(super) fn start_itunes_category(&mut self, element: &Element) {
        let term = element.get("text").map(str::to_owned);
        self.add_category(term, Some(ITUNES_SCHEME.to_owned()), None);
        self.push("category", true);
    }

    pub(super) fn end_category(&mut self) {
        let Some(value) = self.pop("category").filter(|value| !value.is_empty()) else {
            return;
        };
        match self.context().categories.last_mut() {
            Some(last) if last.term.as_deref().unwrap_or_default().is_empty() => {
                last.term = Some(value);
            }
            _ => self.add_category(Some(value), None, None),
        }
    }

    pub(super) fn end_keywords(&mut self, scheme: Option<&str>) {
        let words = self.pop("keywords").unwrap_or_default();
        for word in words
            .split(',')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            self.add_category(Some(word.to_owned()), scheme.map(str::to_owned), None);
        }
    }

    fn add_category(
        &mut self,
        term: Option<String>,
        scheme: Option<String>,
        label: Option<String>,
    ) {
        let is_empty = |text: &Option<String>| text.as_deref().unwrap_or_default().is_empty();
        if is_empty(&term) && is_empty(&scheme) && is_empty(&label) {
            return;
        }
        let category = Category {
            term,
            scheme,
            label,
        };
        let categories = &mut self.context().categories;
        let mut last = categories.iter().rev().take(LOOKED_AT);
        if !last.any(|known| *known == category) {
            categories.push(category);
        }
    }
}
