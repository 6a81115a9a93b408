//! A person in one line, as RSS has it: `jan@example.nl (Jan de Vries)`, `Jan de Vries <jan@example.nl>`, a name alone.

use super::reading::Person;

/// The name and the address of a line.
pub(super) fn person(line: &str) -> Person {
    let Some((start, end)) = email(line) else {
        return Person {
            name: some(line),
            ..Person::default()
        };
    };
    let address = &line[start..end];
    let mut rest = line.replace(address, "");
    for empty in ["()", "<>", "&lt;&gt;"] {
        rest = rest.replace(empty, "");
    }
    let mut name = rest.trim();
    name = name.strip_prefix('(').unwrap_or(name);
    name = name.strip_suffix(')').unwrap_or(name);
    Person {
        name: some(name),
        email: some(address),
        href: None,
    }
}

fn some(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Where the first address stands: a local part, `@`, and a host with a dot and a last label of letters.
fn email(line: &str) -> Option<(usize, usize)> {
    let bytes = line.as_bytes();
    for (at, _) in line.match_indices('@') {
        let local = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.+".contains(byte);
        let start = at
            - bytes[..at]
                .iter()
                .rev()
                .take(64)
                .take_while(|b| local(b))
                .count();
        let host = |byte: &u8| byte.is_ascii_alphanumeric() || b"-.".contains(byte);
        let length = bytes[at + 1..]
            .iter()
            .take(255)
            .take_while(|b| host(b))
            .count();
        let host = &line[at + 1..at + 1 + length];
        let host = host.trim_end_matches(['.', '-']);
        let dotted = host.rsplit_once('.').is_some_and(|(before, last)| {
            !before.is_empty()
                && last.len() >= 2
                && last.starts_with(|c: char| c.is_ascii_alphanumeric())
        });
        if start < at && dotted {
            let end = at + 1 + host.len();
            let subject = line[end..].starts_with("?subject=").then(|| {
                let rest = &line[end..];
                rest.find(char::is_whitespace).unwrap_or(rest.len())
            });
            return Some((start, end + subject.unwrap_or(0)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_read_from_lines() {
        for (line, name, email) in [
            (
                "jan@example.nl (Jan de Vries)",
                Some("Jan de Vries"),
                Some("jan@example.nl"),
            ),
            (
                "Jan de Vries <jan@example.nl>",
                Some("Jan de Vries"),
                Some("jan@example.nl"),
            ),
            ("Jan de Vries", Some("Jan de Vries"), None),
            ("jan@example.nl", None, Some("jan@example.nl")),
            ("Jan @ home", Some("Jan @ home"), None),
            ("@jan", Some("@jan"), None),
            (
                "“Jan”\u{a0}jan@example.nl",
                Some("“Jan”"),
                Some("jan@example.nl"),
            ),
            ("", None, None),
        ] {
            let person = person(line);
            assert_eq!(
                (person.name.as_deref(), person.email.as_deref()),
                (name, email),
                "{line}"
            );
        }
    }
}
