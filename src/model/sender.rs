//! What a sender's domain says in DNS about the mail in its name: who may send it (SPF, RFC 7208), and what to do with mail
//! that proves nothing (DMARC, RFC 7489).
//!
//! Texts of DNS come in. Of SPF only what can be judged without asking further is judged.

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

/// What to do with mail in a domain's name that proves nothing (RFC 7489 §6.3, `p`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dmarc {
    /// Nothing.
    None,
    /// Treat it with suspicion.
    Quarantine,
    /// Refuse it.
    Reject,
}

impl Dmarc {
    /// Reads the texts below `_dmarc`; `None` where no single one is a policy (RFC 7489 §6.6.3).
    pub fn of(texts: &[String]) -> Option<Self> {
        let mut found = texts.iter().filter_map(|text| {
            let mut tags = text.split(';').filter_map(|tag| tag.split_once('='));
            let tags: Vec<(&str, &str)> = tags
                .by_ref()
                .map(|(name, value)| (name.trim(), value.trim()))
                .collect();
            // The version comes first (RFC 7489 §6.3, `v`).
            (tags.first()? == &("v", "DMARC1")).then_some(tags)
        });
        let (one, another) = (found.next()?, found.next());
        let policy = one.iter().find(|(name, _)| *name == "p");
        match (another, policy.map(|(_, value)| value.to_ascii_lowercase())) {
            (Some(_), _) => None,
            (None, Some(policy)) => match &*policy {
                "quarantine" => Some(Self::Quarantine),
                "reject" => Some(Self::Reject),
                _ => Some(Self::None),
            },
            (None, None) => Some(Self::None),
        }
    }

    /// The policy as a record has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }

    /// The names at which a domain's policy may stand, the nearest first: its own, then those of the domains above it, but
    /// for the last label. Which of these is the organisation's (RFC 7489 §3.2) takes a list of all registries to know; the
    /// first that answers is taken.
    pub fn names(domain: &str) -> Vec<String> {
        let mut names = Vec::new();
        let mut rest = domain;
        while let Some((_, above)) = rest.split_once('.') {
            names.push(format!("_dmarc.{rest}"));
            rest = above;
        }
        names
    }
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

    #[test]
    fn a_policy_is_read_where_it_is_the_only_one() {
        let policy = |given: &[&str]| Dmarc::of(&texts(given));
        assert_eq!(policy(&["v=DMARC1; p=reject"]), Some(Dmarc::Reject));
        assert_eq!(
            policy(&["v = DMARC1;p= Quarantine ;"]),
            Some(Dmarc::Quarantine)
        );
        assert_eq!(
            policy(&["v=DMARC1; rua=mailto:a@example.nl"]),
            Some(Dmarc::None)
        );
        assert_eq!(policy(&["p=reject; v=DMARC1"]), None);
        assert_eq!(policy(&["v=spf1 -all"]), None);
        assert_eq!(policy(&["v=DMARC1; p=none", "v=DMARC1; p=reject"]), None);
    }

    #[test]
    fn a_domain_is_asked_before_those_above_it() {
        let names = Dmarc::names("nieuws.example.nl");
        assert_eq!(names, ["_dmarc.nieuws.example.nl", "_dmarc.example.nl"]);
    }
}
