//! The keys of front matter: what each means, as site generators and note-takers write them.
//!
//! Case, hyphens and underscores do not tell keys apart. A key that is a slip of one that we know is refused, since it
//! may have been meant to keep the text back; a key of a generator's own is passed over without a word.

/// What a key says of its post.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Id,
    Title,
    Date,
    /// The post is for readers from then on.
    From,
    /// The post is for readers until then.
    Until,
    /// True: written for later.
    Draft,
    /// False: written for later; or the day of publication.
    Published,
    /// False: not for everybody.
    Public,
    /// True: not for everybody.
    Private,
    /// Anything: not for everybody.
    Password,
    Visibility,
    Status,
    /// What a generator makes of the text: nothing, or no page of its own.
    Build,
    /// Where a generator puts the page: `false` for nowhere.
    Permalink,
    Author,
    Bio,
    Language,
    Topics,
    Summary,
    Image,
    ImageAlt,
    Lead,
    Slug,
    Link,
    Call,
    /// Fields of a site's own design, among which ours may be.
    More,
}

/// Keys as they are compared, with their meaning; of several for one thing the first wins.
const ROLES: [(&str, Role); 120] = [
    ("id", Role::Id),
    ("title", Role::Title),
    ("date", Role::Date),
    ("publishdate", Role::From),
    ("pubdate", Role::From),
    ("pubdatetime", Role::From),
    ("publicationdate", Role::From),
    ("publishdatetime", Role::From),
    ("publisheddate", Role::From),
    ("publishtime", Role::From),
    ("publishedtime", Role::From),
    ("publishedat", Role::From),
    ("publishedon", Role::From),
    ("publishat", Role::From),
    ("publishon", Role::From),
    ("publishafter", Role::From),
    ("datepublished", Role::From),
    ("postdate", Role::From),
    ("releasedate", Role::From),
    ("releaseat", Role::From),
    ("golive", Role::From),
    ("embargo", Role::From),
    ("embargountil", Role::From),
    ("scheduled", Role::From),
    ("scheduledat", Role::From),
    ("scheduledfor", Role::From),
    ("availablefrom", Role::From),
    ("expirydate", Role::Until),
    ("expires", Role::Until),
    ("expiresat", Role::Until),
    ("expireson", Role::Until),
    ("expiry", Role::Until),
    ("expire", Role::Until),
    ("expiration", Role::Until),
    ("expirationdate", Role::Until),
    ("unpublishdate", Role::Until),
    ("unpublishon", Role::Until),
    ("unpublishat", Role::Until),
    ("validuntil", Role::Until),
    ("archivedate", Role::Until),
    ("draft", Role::Draft),
    ("drafts", Role::Draft),
    ("isdraft", Role::Draft),
    ("wip", Role::Draft),
    ("published", Role::Published),
    ("publish", Role::Published),
    ("ispublished", Role::Published),
    ("dgpublish", Role::Published),
    ("public", Role::Public),
    ("ispublic", Role::Public),
    ("listed", Role::Public),
    ("visible", Role::Public),
    ("render", Role::Public),
    ("private", Role::Private),
    ("isprivate", Role::Private),
    ("hidden", Role::Private),
    ("unlisted", Role::Private),
    ("archived", Role::Private),
    ("secret", Role::Private),
    ("confidential", Role::Private),
    ("internal", Role::Private),
    ("headless", Role::Private),
    ("eleventyexcludefromcollections", Role::Private),
    ("password", Role::Password),
    ("postpassword", Role::Password),
    ("kanbanplugin", Role::Password),
    ("excalidrawplugin", Role::Password),
    ("visibility", Role::Visibility),
    ("status", Role::Status),
    ("poststatus", Role::Status),
    ("publishstatus", Role::Status),
    ("publicationstatus", Role::Status),
    ("build", Role::Build),
    ("permalink", Role::Permalink),
    ("author", Role::Author),
    ("authors", Role::Author),
    ("bio", Role::Bio),
    ("language", Role::Language),
    ("lang", Role::Language),
    ("topics", Role::Topics),
    ("topic", Role::Topics),
    ("tags", Role::Topics),
    ("tag", Role::Topics),
    ("categories", Role::Topics),
    ("category", Role::Topics),
    ("summary", Role::Summary),
    ("description", Role::Summary),
    ("excerpt", Role::Summary),
    ("image", Role::Image),
    ("cover", Role::Image),
    ("coverimage", Role::Image),
    ("featuredimage", Role::Image),
    ("featureimage", Role::Image),
    ("featureimg", Role::Image),
    ("heroimage", Role::Image),
    ("hero", Role::Image),
    ("banner", Role::Image),
    ("bannerimage", Role::Image),
    ("header", Role::Image),
    ("headerimage", Role::Image),
    ("headerimg", Role::Image),
    ("images", Role::Image),
    ("thumbnail", Role::Image),
    ("thumb", Role::Image),
    ("teaser", Role::Image),
    ("socialimage", Role::Image),
    ("ogimage", Role::Image),
    ("imagealt", Role::ImageAlt),
    ("coveralt", Role::ImageAlt),
    ("coverimagealt", Role::ImageAlt),
    ("featuredimagealt", Role::ImageAlt),
    ("featureimagealt", Role::ImageAlt),
    ("heroimagealt", Role::ImageAlt),
    ("lead", Role::Lead),
    ("slug", Role::Slug),
    ("link", Role::Link),
    ("calltoaction", Role::Call),
    ("taxonomies", Role::More),
    ("params", Role::More),
    ("extra", Role::More),
];

/// Keys of generators and note-takers that say nothing to us, and are no slips.
const FOREIGN: &str = "alias aliases bibliography canonical canonicalurl cascade changefreq class classes collection color \
    colour comment comments created createdat css cssclass cssclasses data datecreated datemodified \
    dateupdated editor email emoji eleventycomputed eleventynavigation featured font format head \
    headline icon js katex key keywords kind land lastmod lastmodifiedat lastupdate lastupdated lat \
    latex layout license likes line links linktitle list location long markup math mathjax menu meta \
    mermaid modified nav navtitle order outputs page pageid pagination parent path pin pinned position \
    priority publisher rate rating readingtime redirectfrom redirectto related resources robots section \
    seo series share sharing sidebar sitemap source sticky subtitle template theme toc type updated url \
    updatedat uid uuid uri venue version weight wordcount";

/// What people write in their own language or in another program's words, and the key that they mean.
const MEANT: [(&str, &str); 22] = [
    ("datum", "date"),
    ("titel", "title"),
    ("titre", "title"),
    ("concept", "draft"),
    ("entwurf", "draft"),
    ("brouillon", "draft"),
    ("gepubliceerd", "published"),
    ("publiceren", "published"),
    ("publiceerdatum", "publishDate"),
    ("publicatiedatum", "publishDate"),
    ("vervaldatum", "expiryDate"),
    ("auteur", "author"),
    ("autor", "author"),
    ("onderwerp", "topics"),
    ("onderwerpen", "topics"),
    ("samenvatting", "summary"),
    ("afbeelding", "image"),
    ("prive", "private"),
    ("privé", "private"),
    ("verborgen", "hidden"),
    ("taal", "language"),
    ("zichtbaarheid", "visibility"),
];

/// The keys that a slip is held against, as people write them.
const WRITTEN: [&str; 33] = [
    "title",
    "date",
    "publishDate",
    "pubDate",
    "expiryDate",
    "unpublishDate",
    "expires",
    "draft",
    "published",
    "publish",
    "public",
    "private",
    "hidden",
    "unlisted",
    "visibility",
    "status",
    "password",
    "author",
    "authors",
    "language",
    "lang",
    "topics",
    "tags",
    "categories",
    "category",
    "summary",
    "description",
    "excerpt",
    "image",
    "image_alt",
    "lead",
    "slug",
    "link",
];

/// A key as keys are compared: lower-case letters and digits alone.
pub(super) fn plain(key: &str) -> String {
    let letters = key.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

/// What a key means, if it is one of ours.
pub(super) fn role(key: &str) -> Option<Role> {
    ranked(key).map(|(_, role)| role)
}

/// What a key means, and its place among those that mean the same: the lower wins.
pub(super) fn ranked(key: &str) -> Option<(usize, Role)> {
    let plain = plain(key);
    let at = ROLES.iter().position(|(name, _)| *name == plain)?;
    let (_, role) = ROLES[at];
    // The identity of a post never hangs on how a key is spelled.
    (role != Role::Id || key == "id").then_some((at, role))
}

/// Whether a key may keep its post from readers.
pub(super) fn withholds(key: &str) -> bool {
    use Role::{Draft, From, Password, Private, Public, Published, Status, Until, Visibility};
    let roles = [
        Draft, From, Password, Private, Public, Published, Status, Until, Visibility,
    ];
    role(key).is_some_and(|role| roles.contains(&role))
}

/// Whether a key is ours, or one that generators have and that says nothing to us.
pub(super) fn is_of_a_generator(key: &str) -> bool {
    role(key).is_some() || is_foreign(key)
}

/// Whether generators have the key, and it says nothing to us.
pub(super) fn is_foreign(key: &str) -> bool {
    let plain = plain(key);
    plain == "id" || FOREIGN.split(' ').any(|known| known == plain)
}

/// The key that was meant by one that is none: a slip of it, or its name in another language.
pub(super) fn meant(key: &str) -> Option<&'static str> {
    let typed = plain(key);
    let named = MEANT.iter().find(|(name, _)| *name == typed);
    named.map(|(_, key)| *key).or_else(|| {
        let near = WRITTEN.iter().filter_map(|known| {
            let known_plain = plain(known);
            let slips = strsim::damerau_levenshtein(&typed, &known_plain);
            let short = typed.chars().count().min(known_plain.chars().count());
            let allowed = if short < 8 { 1 } else { 2 };
            // Four letters are soon another word: a slip seldom hits the first of them.
            let begins_alike = typed.chars().next() == known_plain.chars().next();
            (slips <= allowed && (short > 4 || begins_alike)).then_some((slips, *known))
        });
        near.min_by_key(|(slips, _)| *slips).map(|(_, known)| known)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_told_from_another_word() {
        for (typed, key) in [
            ("daet", "date"),
            ("dat", "date"),
            ("datte", "date"),
            ("drfat", "draft"),
            ("Darft", "draft"),
            ("publihsed", "published"),
            ("publised", "published"),
            ("publish_dat", "publishDate"),
            ("expiry-datte", "expiryDate"),
            ("visibilty", "visibility"),
            ("statsu", "status"),
            ("titel", "title"),
            ("tilte", "title"),
            ("datum", "date"),
            ("prvate", "private"),
        ] {
            assert_eq!(role(typed), None, "{typed}");
            assert!(!is_foreign(typed), "{typed}");
            assert_eq!(meant(typed), Some(key), "{typed}");
        }
        for typed in [
            "mood", "weather", "rooms", "distance", "gate", "recipe", "servings", "stars",
        ] {
            assert_eq!(meant(typed), None, "{typed}");
        }
    }

    #[test]
    fn no_key_has_two_meanings() {
        for (at, (name, _)) in ROLES.iter().enumerate() {
            assert!(
                ROLES[..at].iter().all(|(before, _)| before != name),
                "{name}"
            );
            assert!(!is_foreign(name) || *name == "id", "{name}");
            assert_eq!(plain(name), *name);
        }
        assert_eq!(role("publish_date"), Some(Role::From));
        assert_eq!(role("Publish-Date"), Some(Role::From));
        assert_eq!((role("id"), role("ID")), (Some(Role::Id), None));
    }
}
