//! Header-like fields, as reports carry them in their machine-readable part (RFC 3464 §2.1, RFC 5965 §3.1).

/// Fields that stand together.
#[derive(Debug, Default)]
pub(super) struct Group(Vec<(String, String)>);

impl Group {
    /// The first value of a field, whatever the case of its name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All its values.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let fields = self.0.iter();
        let found = fields.filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// The groups of a text, which empty lines separate; folded lines are joined. Lines that are no fields are passed over.
pub(super) fn groups(text: &str) -> Vec<Group> {
    let mut groups = vec![Group::default()];
    for line in text.lines() {
        let Some(Group(fields)) = groups.last_mut() else {
            break;
        };
        if line.trim().is_empty() {
            if !fields.is_empty() {
                groups.push(Group::default());
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    groups.retain(|Group(fields)| !fields.is_empty());
    groups
}

/// What looks like an address in a text, in its order: `rfc822;jan@example.nl`, `Jan <jan@example.nl>`.
pub(super) fn addresses(text: &str) -> impl Iterator<Item = &str> {
    let apart = |c: char| c.is_whitespace() || c.is_control() || "<>,;:\"()[]".contains(c);
    text.split(apart).filter(|word| word.contains('@'))
}
