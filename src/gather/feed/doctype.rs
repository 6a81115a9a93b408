//! A document type declaration: the entities that it defines in itself, and whose RSS it names.
//!
//! Nothing outside the document is ever asked for. An entity's text is taken as it stands: references inside it are
//! resolved once, other entities never, and all that they give is counted, so that no document can grow (XML 1.0 §4.4,
//! "billion laughs").

use std::cell::Cell;
use std::collections::HashMap;

use super::entities;
use super::repairs::Repairs;

/// Entities kept of one document, and octets kept of each.
const MAX_ENTITIES: usize = 500;
const MAX_TEXT: usize = 1_000;

/// Octets that they may give in sum: 300 KB of references made 100 MB of text.
pub(super) const MAX_GIVEN: usize = 1_000_000;

/// Names with their texts, and how much they gave so far.
#[derive(Debug, Default)]
pub(super) struct Entities {
    texts: HashMap<String, String>,
    given: Cell<usize>,
}

impl Entities {
    /// What a reference to it gives; nothing once all of them gave what they may.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let text = self.texts.get(name)?;
        self.given.set(self.given.get().saturating_add(text.len()));
        (!self.overflow()).then_some(text)
    }

    /// Whether they would have given more than they may.
    pub(super) fn overflow(&self) -> bool {
        self.given.get() > MAX_GIVEN
    }

    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

/// What a declaration said.
#[derive(Debug, Default)]
pub(super) struct Doctype {
    pub(super) entities: Entities,
    pub(super) netscape: bool,
    /// Octets from `<!DOCTYPE` to behind its `>`.
    pub(super) length: usize,
}

/// Reads the declaration that the text begins with.
pub(super) fn read(text: &str) -> Doctype {
    let end = text.find('>').unwrap_or(text.len());
    let head = &text[..end];
    let Some(open) = head.find('[') else {
        return Doctype {
            entities: Entities::default(),
            netscape: head.to_ascii_lowercase().contains("netscape"),
            length: (end + 1).min(text.len()),
        };
    };
    let inner = &text[open + 1..];
    let close = inner.find("]>").or_else(|| {
        let bracket = inner.find(']')?;
        inner[bracket + 1..]
            .trim_start()
            .starts_with('>')
            .then_some(bracket)
    });
    let (subset, length) = match close {
        Some(close) => {
            let behind = text[open + 1 + close..].find('>').unwrap_or(0);
            (&inner[..close], open + 2 + close + behind)
        }
        // Never closed: the declaration is its own line, or nothing would be left of the feed.
        None => ("", (end + 1).min(text.len())),
    };
    Doctype {
        entities: defined(subset),
        netscape: head.to_ascii_lowercase().contains("netscape"),
        length: length.min(text.len()),
    }
}

fn defined(subset: &str) -> Entities {
    let mut found = HashMap::new();
    for declaration in subset.split("<!ENTITY").skip(1) {
        if found.len() >= MAX_ENTITIES {
            break;
        }
        if let Some((name, text)) = entity(declaration) {
            found.entry(name.to_owned()).or_insert(text);
        }
    }
    Entities {
        texts: found,
        given: Cell::default(),
    }
}

/// `name "text"`; parameter and external entities are none of ours.
fn entity(declaration: &str) -> Option<(&str, String)> {
    let declaration = declaration.trim_start();
    let (name, rest) = declaration.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (text, _) = rest[1..].split_once(quote)?;
    let bare = Entities::default();
    let short = text.len() <= MAX_TEXT && name != "%";
    short.then(|| {
        (
            name,
            entities::resolve(text, &bare, &mut Repairs::default()).into_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_read_and_cannot_grow() {
        let text = "<!DOCTYPE rss [ <!ENTITY a \"aap &amp; &#233;\"> <!ENTITY % p 'x'>\n<!ENTITY b '&a;&a;'> ] ><rss>";
        let doctype = read(text);
        assert_eq!(&text[doctype.length..], "<rss>");
        assert_eq!(doctype.entities.get("a"), Some("aap & é"));
        assert_eq!(doctype.entities.get("b"), Some("&a;&a;"));
    }

    #[test]
    fn what_they_give_has_an_end() {
        let doctype = read(&format!(
            "<!DOCTYPE rss [<!ENTITY a \"{}\">]>",
            "x".repeat(1_000)
        ));
        let given = (0..3_000).filter(|_| doctype.entities.get("a").is_some());
        assert_eq!(given.count() * 1_000, MAX_GIVEN);
        assert!(doctype.entities.overflow());
    }

    #[test]
    fn a_declaration_without_a_subset_is_skipped() {
        let text =
            "<!DOCTYPE rss PUBLIC \"-//Netscape Communications//DTD RSS 0.91//EN\" \"x.dtd\"><rss>";
        let doctype = read(text);
        assert_eq!(&text[doctype.length..], "<rss>");
        assert!(doctype.netscape);
        assert_eq!(
            read("<!DOCTYPE rss [ <rss>").length,
            "<!DOCTYPE rss [ <rss>".len()
        );
    }
}
