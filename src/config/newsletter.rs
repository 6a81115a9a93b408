//! `[newsletter]`: who publishes, in which language, under which address.

use jiff::tz::TimeZone;
use url::Url;

use super::localised;
use super::section::{Section, did_you_mean};
use super::value::Value;
use crate::model::{
    AddressError, CallToAction, EmailAddress, Image, Language, Leaving, Localised, LocalisedCall,
    Masthead, Schedule,
};

/// The accent of the built-in look.
const ACCENT: &str = "#a3271d";

/// The language of a newsletter that names none.
const LANGUAGE: &str = "en";

/// A side of a picture, in pixels: more than any screen shows.
const MOST_PIXELS: u32 = 10_000;

/// Who publishes.
#[derive(Debug, Clone)]
pub struct Newsletter {
    /// Its name.
    pub name: String,
    /// One line below it.
    pub tagline: Option<Localised>,
    /// The language of readers who name none.
    pub language: Language,
    /// Where its archive and feeds answer: `http` or `https`, no trailing slash.
    pub url: String,
    /// Display name of From.
    pub from_name: Option<String>,
    /// Address of From.
    pub from: EmailAddress,
    /// A mailbox that a person reads.
    pub reply_to: Option<EmailAddress>,
    /// Who is asked before an issue of a schedule with `approve = true` goes out.
    pub operator: Option<EmailAddress>,
    /// Postal address, required by law.
    pub address: String,
    /// `#rrggbb`, lower-case; its contrast is not judged here.
    pub accent: String,
    /// The zone of schedules that name none.
    pub timezone: TimeZone,
    /// Whether the section names that zone.
    pub names_timezone: bool,
    /// The newsletter's own call to action.
    pub call_to_action: Option<LocalisedCall>,
    /// How readers leave, which `[bounces]` decides.
    pub leaving: Leaving,
    /// It is being tried: subjects are marked, and few readers are mailed.
    pub test: bool,
}

impl Newsletter {
    /// The top and foot of a schedule's digests, or of the pages that belong to no schedule.
    pub fn masthead(&self, schedule: Option<&Schedule>) -> Masthead {
        let timezone = schedule.map_or(&self.timezone, |schedule| &schedule.timezone);
        Masthead {
            name: self.name.clone(),
            tagline: self.tagline.clone(),
            language: self.language.clone(),
            url: self.url.clone(),
            from_name: self.from_name.clone(),
            from: self.from.clone(),
            reply_to: self.reply_to.clone(),
            address: self.address.clone(),
            accent: self.accent.clone(),
            timezone: timezone.iana_name().unwrap_or("UTC").to_owned(),
            intro: schedule.and_then(|schedule| schedule.intro.clone()),
            call_to_action: self.call_to_action.clone(),
            leaving: self.leaving.clone(),
        }
    }
}

/// Reads the section.
pub(super) fn read(mut section: Section<'_>) -> Option<Newsletter> {
    let name = section.required("name", Value::line_of_text);
    let tagline = section.optional("tagline", |v| localised::read(v, Value::line_of_text));
    let language = section.or("language", Language::parse(LANGUAGE).ok()?, |v| {
        v.parse(Language::parse)
    });
    let url = section.required("url", |v| v.parse(parse_base_url));
    let from = section.required("from", |v| {
        v.parse_or_hint(parse_mailbox, "write it as `Name <name@example.org>`")
    });
    let reply_to = section.optional("reply_to", |v| v.parse(EmailAddress::parse));
    let operator = section.optional("operator", |v| v.parse(EmailAddress::parse));
    let address = section.required("address", Value::line_of_text);
    let accent = section.or("accent", ACCENT.to_owned(), |v| v.parse(parse_colour));
    let timezone = section.get("timezone");
    let names_timezone = timezone.is_some();
    let timezone = timezone.map_or(Some(TimeZone::UTC), |value| read_timezone(&value));
    let call_to_action = read_localised_call(&mut section);
    let test = section.or("test", false, Value::boolean);
    section.finish();
    let (from_name, from) = from?;
    Some(Newsletter {
        name: name?,
        tagline,
        language: language?,
        url: url?,
        from_name,
        from,
        reply_to,
        operator,
        address: address?,
        accent: accent?,
        timezone: timezone?,
        names_timezone,
        call_to_action,
        leaving: Leaving::Web,
        test: test?,
    })
}

/// Reads a source's `call_to_action = { text = "…", label = "…", url = "…" }`.
pub(super) fn read_call_to_action(outer: &mut Section<'_>) -> Option<CallToAction> {
    let (text, label, url, image) = read_call(outer, |value, one| one(value))?;
    Some(CallToAction {
        text,
        label,
        url,
        image,
    })
}

/// Reads the newsletter's, of which each part may be a table with a string for each language.
fn read_localised_call(outer: &mut Section<'_>) -> Option<LocalisedCall> {
    let (text, label, url, image) = read_call(outer, |value, one| localised::read(value, one))?;
    Some(LocalisedCall {
        text,
        label,
        url,
        image,
    })
}

/// Reads the string of one part of a call to action.
type ReadPart = fn(&Value<'_>) -> Option<String>;

/// Text, label, address and picture of a call to action.
type Parts<T> = (T, Option<T>, Option<T>, Option<Image>);

/// The parts of a call to action, the first three as `read` makes them of their strings.
fn read_call<T>(
    outer: &mut Section<'_>,
    read: impl Fn(&Value<'_>, ReadPart) -> Option<T>,
) -> Option<Parts<T>> {
    let mut section = outer.section("call_to_action");
    if !section.is_present() {
        return None;
    }
    let text = section.required("text", |v| read(v, |v| v.line_of_text()));
    let label = section.optional("label", |v| read(v, |v| v.line_of_text()));
    let url = section.optional("url", |v| read(v, |v| v.parse(parse_link)));
    let image = read_picture(section.section("image"));
    section.finish();
    Some((text?, label, url, image))
}

/// Reads `image = { url = "…", width = 960, height = 480, alt = "…" }`: a mail keeps room for a picture that comes late,
/// or never, so its size must be known.
fn read_picture(mut section: Section<'_>) -> Option<Image> {
    if !section.is_present() {
        return None;
    }
    let url = section.required("url", |v| v.parse(parse_http));
    let width = section.required("width", |v| v.whole(1..=MOST_PIXELS));
    let height = section.required("height", |v| v.whole(1..=MOST_PIXELS));
    let alt = section.optional("alt", Value::line_of_text);
    section.finish();
    Some(Image {
        url: url?.into(),
        alt: alt.unwrap_or_default(),
        size: Some((width?, height?)),
        copies: Vec::new(),
    })
}

/// Reads the name of a time zone of the IANA database.
pub(super) fn read_timezone(value: &Value<'_>) -> Option<TimeZone> {
    let typed = value.string()?;
    if let Ok(zone) = TimeZone::get(typed) {
        return Some(zone);
    }
    let known: Vec<String> = jiff::tz::db()
        .available()
        .map(|name| name.to_string())
        .collect();
    let city = |name: &&String| {
        name.rsplit('/')
            .next()
            .is_some_and(|city| city.eq_ignore_ascii_case(typed))
    };
    // Nobody means a zone of a fixed distance by a name that was mistyped.
    let places = known.iter().filter(|name| !name.starts_with("Etc/"));
    let hint = hours_ahead(typed)
        .map(distance_hint)
        .or_else(|| {
            known
                .iter()
                .find(city)
                .map(|name| format!("did you mean `{name}`?"))
        })
        .or_else(|| did_you_mean(typed, places.map(String::as_str)))
        .unwrap_or_else(|| "write it as `Europe/Amsterdam` or `UTC`".to_owned());
    value.report(format!("unknown time zone `{typed}`"), Some(hint));
    None
}

/// The whole hours by which `GMT+1`, `utc-05:00` or `+2` are ahead of UTC; `None` where that is not what was typed.
fn hours_ahead(typed: &str) -> Option<i32> {
    let upper = typed.trim().to_ascii_uppercase();
    let distance = upper.trim_start_matches("GMT").trim_start_matches("UTC");
    let sign = match distance.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = distance[1..]
        .split_once(':')
        .unwrap_or((&distance[1..], "0"));
    let hours: i32 = hours.parse().ok()?;
    let minutes: i32 = minutes.parse().ok()?;
    (minutes == 0 && (0..=12).contains(&hours)).then_some(sign * hours)
}

/// The zone of a fixed distance. Its name has the sign turned round, as POSIX counts westwards.
fn distance_hint(ahead: i32) -> String {
    let zone = match ahead {
        0 => "UTC".to_owned(),
        _ => format!("Etc/GMT{:+}", -ahead),
    };
    format!(
        "`{zone}` is {ahead:+} hours from UTC, summer and winter; a place, such as `Europe/Amsterdam`, changes with its clocks"
    )
}

/// `Name <address>` or a bare address.
pub(super) fn parse_mailbox(text: &str) -> Result<(Option<String>, EmailAddress), AddressError> {
    let Some((name, address)) = text
        .trim()
        .strip_suffix('>')
        .and_then(|text| text.rsplit_once('<'))
    else {
        return Ok((None, EmailAddress::parse(text)?));
    };
    let name = name.trim().trim_matches('"').trim();
    // A control character in a name could forge a header (RFC 5322 §2.2).
    if name.chars().any(char::is_control) {
        return Err(AddressError::Syntax);
    }
    let name = (!name.is_empty()).then(|| name.to_owned());
    Ok((name, EmailAddress::parse(address)?))
}

/// An address of the web that others are made from by adding to it.
pub(super) fn parse_base_url(text: &str) -> Result<String, &'static str> {
    let url = parse_http(text)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it must end before `?` and `#`");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it may not hold a user or password");
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// An `http` or `https` address.
pub(super) fn parse_http(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "not an address of the web: write `https://…`")?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("it must begin with `https://` or `http://`"),
    }
}

/// Where a button may lead.
fn parse_link(text: &str) -> Result<String, &'static str> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https" | "mailto") => Ok(url.into()),
        _ => Err("it must begin with `https://`, `http://` or `mailto:`"),
    }
}

fn parse_colour(text: &str) -> Result<String, &'static str> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("write a colour as `#rrggbb`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_from_utc_is_told_by_a_zone_that_has_it() {
        for (typed, zone) in [
            ("GMT+1", "`Etc/GMT-1` is +1 hours"),
            ("utc-05:00", "`Etc/GMT+5` is -5 hours"),
            ("+2", "`Etc/GMT-2` is +2 hours"),
            ("UTC+0", "`UTC` is +0 hours"),
        ] {
            let hint = distance_hint(hours_ahead(typed).unwrap());
            assert!(hint.starts_with(zone), "{typed}: {hint}");
            let name = hint.split('`').nth(1).unwrap();
            let zone = TimeZone::get(name).unwrap();
            let there = zone.to_offset(jiff::Timestamp::UNIX_EPOCH).seconds();
            assert_eq!(there, hours_ahead(typed).unwrap() * 3600, "{typed}");
        }
        for other in ["GMT", "Europe/Amsterdam", "UTC+05:30", "+14", "GMT+x", ""] {
            assert_eq!(hours_ahead(other), None, "{other}");
        }
    }
}
