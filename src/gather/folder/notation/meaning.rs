//! What a generator's tag means to a reader, as far as that is plain: a picture, a film, a link, code, or only a frame
//! round its words.

use super::tags::{AS_WRITTEN, Form, Tag};
use crate::gather::prose;

/// What becomes of a tag, or of a pair of them with what stands between.
#[derive(Debug, PartialEq)]
pub(super) enum Meaning {
    Picture {
        source: String,
        alt: String,
        caption: Option<String>,
        link: Option<String>,
    },
    /// An address, with the words for it.
    Link(String, Option<String>),
    /// What stands between the tags is the link's words.
    LinkAround(String),
    /// Text of its own.
    Words(String),
    /// A heading of its own.
    Heading(String),
    /// What stands between is code.
    Code,
    /// What stands between is as written.
    Raw,
    /// What stands between is a picture with its caption.
    Caption,
    /// What stands between is an address.
    Address,
    Quote,
    /// The frame goes and its words stay, behind a title if it has one.
    Frame(Option<String>),
    /// Nothing that a reader misses.
    Nothing,
    /// A remark: gone with what stands between.
    Remark,
    /// The tags are left out, and what stands between stays.
    Unknown,
    /// Left out with all that stands between, for this reason.
    LeftOut(&'static str),
}

const UNKNOWN: &str = "what it makes is not known here";
const LOGIC: &str = "it depends on the site";
const ADDRESS: &str = "the site makes this address";
const NOT_FOR_ALL: &str = "it is not for everybody";

/// Films and posts of other sites, and how their addresses begin.
const FILMS: [(&str, &str); 16] = [
    ("youtube", "https://www.youtube.com/watch?v="),
    ("youtubelite", "https://www.youtube.com/watch?v="),
    ("youtubenocookie", "https://www.youtube.com/watch?v="),
    ("liteyoutube", "https://www.youtube.com/watch?v="),
    ("vimeo", "https://vimeo.com/"),
    ("vimeosimple", "https://vimeo.com/"),
    ("dailymotion", "https://www.dailymotion.com/video/"),
    ("bilibili", "https://www.bilibili.com/video/"),
    ("tweet", "https://x.com/i/status/"),
    ("twitter", "https://x.com/i/status/"),
    ("twittersimple", "https://x.com/i/status/"),
    ("x", "https://x.com/i/status/"),
    ("xsimple", "https://x.com/i/status/"),
    ("instagram", "https://www.instagram.com/p/"),
    ("instagramsimple", "https://www.instagram.com/p/"),
    ("gist", "https://gist.github.com/"),
];

/// Tags that show something from an address that they name.
const EMBEDS: &str = "embed oembed video audio iframe vcvideo etpbvideo fusionyoutube avvideo podcast soundcloud spotify \
    link linkpreview";

const PICTURES: &str = "figure fig img image picture photo assetimg imgproc lightbox vcsingleimage etpbimage responsiveimage \
    figureimage";

const BUTTONS: &str = "button btn cta linkbutton subutton vcbtn etpbbutton fusionbutton";

const REFERENCES: &str = "ref relref posturl link assetpath assetlink permalink url";

const QUOTES: &str = "blockquote quote pullquote epigraph cite";

/// Frames round words.
const FRAMES: &str = "notice alert hint callout admonition note tip info warning danger caution important success error \
    question example details expand expandable collapse accordion spoiler tabs tab tabpane columns \
    column cols col row grid card cards cardpane lead center centered left right align box panel section \
    div span container block content markdown markdownify md aside sidenote steps step timeline mark \
    dropcap";

/// Marks that a reader misses nothing of.
const NOTHINGS: &str = "toc tableofcontents more endmore pagebreak nextpage br hr clear clearfix spacer divider separator \
    linebreak vcemptyspace vcseparator etpbdivider";

/// Decisions and loops of templates, and what they set.
const LOGICS: &str = "if unless case for foreach tablerow each with while capture macro ifchanged cache else elsif elseif \
    elif when assign set increment decrement cycle extends";

/// Words in the name of a tag round what is not for everybody.
const PRIVATE: [&str; 11] = [
    "private", "hidden", "hide", "secret", "draft", "todo", "internal", "member", "paid",
    "premium", "restrict",
];

/// How the tags of WordPress's page builders begin: all of them are frames unless they are named here otherwise.
const BUILDERS: &str = "vc_ et_pb_ fusion_ av_ su_ tatsu_ cs_ mk_ nectar_ wpb_ ult_ dt_ mfn_ porto_ bsf qode_ edgtf_ mkd_ \
    themify_ ux_ fl_ siteorigin_ kc_ one_";

/// Tags of WordPress that have no pair and no arguments, or few.
const OF_WORDPRESS: &str = "caption wpcaption gallery playlist contactform7 gravityform ninjaform wpforms mc4wpform \
    woocommercecart archives";

/// Names of tags and keys as they are compared: lower-case letters and digits.
pub(super) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn has(names: &str, name: &str) -> bool {
    names.split(' ').any(|known| known == name)
}

fn is_of_a_builder(written: &str) -> bool {
    BUILDERS.split(' ').any(|begin| written.starts_with(begin))
}

/// Whether WordPress has a tag of this name, whatever stands in it.
pub(super) fn is_of_wordpress(name: &str, written: &str) -> bool {
    has(OF_WORDPRESS, name) || is_of_a_builder(written)
}

/// What a tag means; `paired` says that another closes it.
pub(super) fn of(tag: &Tag, paired: bool) -> Meaning {
    let name = tag.name.as_str();
    if tag.form == Form::Template {
        return Meaning::LeftOut(LOGIC);
    }
    if matches!(tag.form, Form::Output) && !paired {
        return of_output(tag);
    }
    if name == "comment" {
        return Meaning::Remark;
    }
    if paired && PRIVATE.iter().any(|word| name.contains(word)) {
        return Meaning::LeftOut(NOT_FOR_ALL);
    }
    match paired {
        true => of_pair(tag),
        false => of_single(tag),
    }
}

fn of_pair(tag: &Tag) -> Meaning {
    let name = tag.name.as_str();
    match name {
        "raw" | "verbatim" | "rawhtml" => return Meaning::Raw,
        "caption" | "wpcaption" => return Meaning::Caption,
        "embed" | "youtube" | "vimeo" | "video" | "audio" if tag.form == Form::WordPress => {
            return address_of(tag)
                .map_or(Meaning::Address, |address| Meaning::Link(address, None));
        }
        "vcrawhtml" | "vcrawjs" => return Meaning::LeftOut(UNKNOWN),
        // Of WordPress `highlight` is a marked word.
        "highlight" if tag.form == Form::WordPress => return Meaning::Frame(None),
        _ if AS_WRITTEN.contains(&name) => return Meaning::Code,
        _ => {}
    }
    if has(LOGICS, name) && matches!(tag.form, Form::Liquid | Form::Output) {
        return Meaning::LeftOut(LOGIC);
    }
    if has(QUOTES, name) {
        return Meaning::Quote;
    }
    if has(BUTTONS, name) {
        return match address_of(tag) {
            Some(address) => Meaning::LinkAround(address),
            None => Meaning::Unknown,
        };
    }
    let written = tag.inner.as_str();
    let is_builders = is_of_a_builder(written);
    match has(FRAMES, name) || is_builders && tag.form == Form::WordPress {
        true => Meaning::Frame(tag.named(&["summary"]).map(str::to_owned)),
        false => Meaning::Unknown,
    }
}

fn of_single(tag: &Tag) -> Meaning {
    let name = tag.name.as_str();
    if has(NOTHINGS, name) {
        return Meaning::Nothing;
    }
    if let Some(address) = film(tag) {
        return Meaning::Link(address, tag.named(&["title"]).map(str::to_owned));
    }
    if let Some(picture) = picture(tag) {
        return picture;
    }
    if name == "postlink" {
        let words: Vec<&str> = tag.bare().skip(1).collect();
        return match words.is_empty() {
            true => Meaning::LeftOut(ADDRESS),
            false => Meaning::Words(words.join(" ")),
        };
    }
    if (has(EMBEDS, name) || has(BUTTONS, name))
        && let Some(address) = address_of(tag)
    {
        let words = tag.named(&["text", "label", "title"]).map(str::to_owned);
        return Meaning::Link(address, words);
    }
    if name == "vccustomheading"
        && let Some(text) = tag.named(&["text"])
    {
        return Meaning::Heading(text.to_owned());
    }
    if has(REFERENCES, name) {
        return Meaning::LeftOut(ADDRESS);
    }
    match has(LOGICS, name) {
        true => Meaning::LeftOut(LOGIC),
        false => Meaning::LeftOut(UNKNOWN),
    }
}

/// `{{ … }}`: words in quotes, the root of the site, a call, or what only the site knows.
fn of_output(tag: &Tag) -> Meaning {
    const ROOTS: [&str; 6] = [
        "site.baseurl",
        "site.url",
        "baseurl",
        "base_path",
        "site.baseurl | escape",
        "SITEURL",
    ];
    let inner = tag.inner.trim_matches(['-', ' ']);
    if ROOTS.contains(&inner) {
        return Meaning::Words(String::new());
    }
    for quote in ['"', '\''] {
        if let Some(rest) = inner.strip_prefix(quote)
            && let Some(end) = rest.find(quote)
        {
            let filters = rest[end + 1..].trim();
            if filters.is_empty() || filters.starts_with('|') {
                return Meaning::Words(rest[..end].to_owned());
            }
        }
    }
    let is_call = inner.contains('(') && !inner.starts_with('.') || film(tag).is_some();
    match is_call || has(EMBEDS, &tag.name) {
        true => of_single(tag),
        false => Meaning::LeftOut(LOGIC),
    }
}

/// The address that a tag names.
fn address_of(tag: &Tag) -> Option<String> {
    let is_address = |value: &str| value.starts_with("https://") || value.starts_with("http://");
    let named = [
        "href", "url", "link", "src", "mp4", "mp3", "ogg", "webm", "m4a",
    ];
    let under = named
        .iter()
        .find_map(|key| tag.named(&[key]).filter(|value| is_address(value)));
    let found = under.or_else(|| {
        let values = tag.arguments.iter().map(|(_, value)| value.as_str());
        values.into_iter().find(|value| is_address(value))
    });
    found.map(str::to_owned)
}

fn film(tag: &Tag) -> Option<String> {
    let (name, begin) = FILMS.iter().find(|(name, _)| *name == tag.name)?;
    if let Some(address) = address_of(tag) {
        return Some(address);
    }
    let bare: Vec<&str> = tag.bare().collect();
    if *name == "gist" {
        return (!bare.is_empty())
            .then(|| format!("{begin}{}", bare[..bare.len().min(2)].join("/")));
    }
    let id = tag
        .named(&["id", "video", "videoid", "v"])
        .or(bare.first().copied())?;
    match (tag.named(&["user"]), begin.starts_with("https://x.com")) {
        (Some(user), true) => Some(format!("https://x.com/{user}/status/{id}")),
        _ => Some(format!("{begin}{id}")),
    }
}

fn picture(tag: &Tag) -> Option<Meaning> {
    let is_picture =
        |value: &str| prose::has_image_extension(value.split(['?', '#']).next().unwrap_or(value));
    let keys = [
        "src",
        "url",
        "image",
        "imagepath",
        "path",
        "file",
        "filename",
        "img",
        "name",
    ];
    let is_named = has(PICTURES, &tag.name);
    let named = keys
        .iter()
        .find_map(|key| tag.named(&[key]))
        .filter(|value| is_named || is_picture(value));
    let bare: Vec<&str> = tag.bare().collect();
    let place = bare.iter().position(|value| is_picture(value));
    let source = named.or(place.map(|at| bare[at])).filter(|source| {
        // A number is a picture of the site's own library.
        source.chars().any(|c| !c.is_ascii_digit())
    })?;
    let words = place.filter(|_| named.is_none()).map(|at| {
        let words = bare[at + 1..]
            .iter()
            .filter(|word| word.parse::<u32>().is_err());
        words.copied().collect::<Vec<_>>().join(" ")
    });
    let caption = tag.named(&["caption", "title"]).map(str::to_owned);
    Some(Meaning::Picture {
        source: source.to_owned(),
        alt: tag
            .named(&["alt"])
            .map(str::to_owned)
            .or(words)
            .unwrap_or_default(),
        caption,
        link: tag
            .named(&["link", "href"])
            .filter(|link| link.contains("://"))
            .map(str::to_owned),
    })
}
