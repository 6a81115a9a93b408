//! Who may send mail in a domain's name (SPF, RFC 7208).
//!
//! Texts of DNS come in; only what can be judged without asking further is judged.

/// What the texts of a domain say of who may send in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spf {
    /// One policy.
    One(String),
    /// One that lets everybody send: it ends in `all` or `+all` (RFC 7208 §5.1).
    Everybody(String),
    /// Several, of which receivers believe none (RFC 7208 §4.5).
    Several(usize),
    /// None.
    Absent,
}

impl Spf {
    /// Reads a domain's texts. A policy is a text that begins with `v=spf1`, alone or before a space (RFC 7208 §4.5).
    pub fn of(texts: &[String]) -> Self {
        let is_policy = |text: &&String| {
            let mut words = text.split(' ');
            words
                .next()
                .is_some_and(|w| w.eq_ignore_ascii_case("v=spf1"))
        };
        let found: Vec<&String> = texts.iter().filter(is_policy).collect();
        match found[..] {
            [] => Self::Absent,
            [one] if lets_everybody(one) => Self::Everybody(one.clone()),
            [one] => Self::One(one.clone()),
            _ => Self::Several(found.len()),
        }
    }
}

/// Terms are tried from left to right (RFC 7208 §4.6), and `all` ends them.
fn lets_everybody(policy: &str) -> bool {
    let mut terms = policy.split(' ').map(str::to_ascii_lowercase);
    let all = terms.find(|term| term.trim_start_matches(['+', '-', '~', '?']) == "all");
    all.is_some_and(|term| matches!(&*term, "all" | "+all"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn one_text_is_a_policy_and_others_are_not() {
        let one = "v=spf1 include:_spf.example.org -all";
        let found = Spf::of(&texts(&["google-site-verification=x", one]));
        assert_eq!(found, Spf::One(one.into()));
        assert_eq!(Spf::of(&texts(&["v=spf10 -all", "spf1"])), Spf::Absent);
        assert_eq!(Spf::of(&texts(&["V=SPF1", "v=spf1 ~all"])), Spf::Several(2));
    }

    #[test]
    fn a_policy_that_ends_in_all_lets_everybody_send() {
        for open in ["v=spf1 mx +all", "v=spf1 ALL", "v=spf1 all -all"] {
            assert_eq!(Spf::of(&texts(&[open])), Spf::Everybody(open.into()));
        }
        for closed in ["v=spf1 mx -all", "v=spf1 a:all.example.org ?all", "v=spf1"] {
            assert_eq!(Spf::of(&texts(&[closed])), Spf::One(closed.into()));
        }
    }
}
