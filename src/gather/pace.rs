//! Reads how often a feed wants to be asked, from the raw text before its first item.
//!
//! RSS 2.0 `ttl`, `skipHours` and `skipDays`; `updatePeriod` and `updateFrequency` of the syndication module, whatever its
//! prefix. A scan and no parser: what it misses costs one request too many, and nothing else.

use crate::model::Pace;

/// How far we look, in bytes: these elements stand at the top of a feed.
const LOOKED_AT: usize = 64 * 1024;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The feed's own pace; everything is `None` or empty where it says nothing.
pub(super) fn of(document: &[u8]) -> Pace {
    let text = String::from_utf8_lossy(&document[..document.len().min(LOOKED_AT)]);
    let text = without_comments(&text);
    let head = first_of(&text, &["<item", "<entry"]).map_or(text.as_str(), |end| &text[..end]);
    let ttl = element(head, "ttl").and_then(|text| text.parse().ok());
    let mut skip_hours: Vec<i8> = section(head, "skipHours")
        .filter_map(|hour| hour.parse().ok())
        // Of old, 24 was midnight.
        .map(|hour: i8| if hour == 24 { 0 } else { hour })
        .filter(|hour| (0..24).contains(hour))
        .collect();
    skip_hours.dedup();
    let skip_days: Vec<i8> = section(head, "skipDays").filter_map(weekday).collect();
    Pace {
        minutes: ttl
            .into_iter()
            .chain(period(head))
            .max()
            .filter(|minutes| *minutes > 0),
        skip_hours,
        skip_days,
    }
}

/// `sy:updatePeriod` divided by `sy:updateFrequency`, in minutes. Of the two the period has no value of its own here: a
/// feed that only says how often, says nothing.
fn period(head: &str) -> Option<i64> {
    let minutes = match element(head, "updatePeriod")?.to_ascii_lowercase().as_str() {
        "hourly" => 60,
        "daily" => 24 * 60,
        "weekly" => 7 * 24 * 60,
        "monthly" => 30 * 24 * 60,
        "yearly" => 365 * 24 * 60,
        _ => return None,
    };
    let times = element(head, "updateFrequency").and_then(|text| text.parse::<i64>().ok());
    Some(minutes / times.unwrap_or(1).max(1))
}

/// The text of the first element of this local name.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once('<')?;
        let tag_end = after.find('>')?;
        let tag = &after[..tag_end];
        let local = tag.split_whitespace().next().unwrap_or_default();
        let local = local.rsplit(':').next().unwrap_or_default();
        rest = &after[tag_end + 1..];
        if local.eq_ignore_ascii_case(name) && !tag.ends_with('/') {
            return Some(rest.split('<').next().unwrap_or_default().trim());
        }
    }
}

/// The texts inside `<name>…</name>`, between its own tags.
fn section<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let inside = text.split_once(&format!("<{name}>")).and_then(|(_, rest)| {
        rest.split_once(&format!("</{name}>"))
            .map(|(inside, _)| inside)
    });
    inside
        .unwrap_or_default()
        .split(['<', '>'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn weekday(text: &str) -> Option<i8> {
    let text = text.to_ascii_lowercase();
    (1..)
        .zip(DAYS)
        .find(|(_, day)| text.starts_with(day))
        .map(|(number, _)| number)
}

fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        plain.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

fn first_of(text: &str, words: &[&str]) -> Option<usize> {
    words.iter().filter_map(|word| text.find(word)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(inside: &str) -> Pace {
        of(
            format!(
                "<rss version='2.0'><channel>{inside}<item><ttl>9</ttl></item></channel></rss>"
            )
            .as_bytes(),
        )
    }

    #[test]
    fn the_longest_of_ttl_and_period_counts() {
        for (inside, minutes) in [
            ("<ttl> 90 </ttl>", Some(90)),
            (
                "<sy:updatePeriod>\n hourly\t</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>",
                Some(30),
            ),
            (
                "<s:updatePeriod base='x'>daily</s:updatePeriod><ttl>60</ttl>",
                Some(1440),
            ),
            ("<sy:updateFrequency>2</sy:updateFrequency>", None),
            ("<!-- <ttl>60</ttl> -->", None),
            ("<ttl/><title>ttl</title>", None),
            ("<ttl>0</ttl>", None),
            ("", None),
        ] {
            assert_eq!(channel(inside).minutes, minutes, "{inside}");
        }
    }

    #[test]
    fn hours_and_days_without_visits() {
        let pace = channel(
            "<skipHours><hour>0</hour><hour> 23</hour><hour>99</hour></skipHours>\
             <skipDays><day>Saturday</day>\n<day>Sunday</day></skipDays>",
        );
        assert_eq!(pace.skip_days, [6, 7]);
        assert_eq!(pace.skip_hours, [0, 23]);
    }

    #[test]
    fn what_is_no_feed_says_nothing() {
        for bytes in [&b""[..], b"<", b"{\"ttl\": 5}", b"\xff\xfe<\0t\0"] {
            assert_eq!(of(bytes), Pace::default());
        }
    }
}
