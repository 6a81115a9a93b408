//! What the owner of a domain wants done with mail in its name that proves nothing (DMARC, RFC 9989).
//!
//! Texts of DNS come in. Which names are asked is a walk up the tree, at most eight of them (§4.10); which of the records
//! found there counts, and which of its tags, is judged here.

/// Queries of one walk (RFC 9989 §4.10): names of more labels are cut to one fewer than this after the first.
const MOST: usize = 8;

/// What is wished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DmarcPolicy {
    /// Nothing.
    None,
    /// Treat it with suspicion.
    Quarantine,
    /// Refuse it.
    Reject,
}

impl DmarcPolicy {
    fn parse(text: &str) -> Option<Self> {
        match &*text.to_ascii_lowercase() {
            "none" => Some(Self::None),
            "quarantine" => Some(Self::Quarantine),
            "reject" => Some(Self::Reject),
            _ => None,
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
}

/// A record, as far as a sender must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DmarcRecord {
    /// `p`: of the domain itself.
    policy: DmarcPolicy,
    /// `sp`: of the domains below it.
    below: Option<DmarcPolicy>,
    /// `np`: of the domains below it that do not exist.
    absent: Option<DmarcPolicy>,
    /// `psd`: whether others' domains are registered below it; `None` where it does not say.
    registry: Option<bool>,
    /// `t`: receivers are asked to do one step less.
    testing: bool,
}

impl DmarcRecord {
    /// Reads the texts of one name; `None` where no single one is a record (§4.10 step 2).
    pub fn of(texts: &[String]) -> Option<Self> {
        let mut records = texts.iter().filter_map(|text| tags(text));
        match (records.next(), records.next()) {
            (Some(tags), None) => Self::of_tags(&tags),
            _ => None,
        }
    }

    /// Unknown tags, those of RFC 7489 that are gone among them, are passed over (§4.7).
    fn of_tags(tags: &[(&str, &str)]) -> Option<Self> {
        let tag = |wanted: &str| {
            let mut tags = tags.iter();
            tags.find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| *value)
        };
        let policy = |name| tag(name).and_then(DmarcPolicy::parse);
        // Without a policy it is one of `none`, if somebody wants to hear of the mail (§4.7, `p`).
        let own = policy("p").or_else(|| tag("rua").map(|_| DmarcPolicy::None))?;
        Some(Self {
            policy: own,
            below: policy("sp"),
            absent: policy("np"),
            registry: match tag("psd").map(str::to_ascii_lowercase).as_deref() {
                Some("y") => Some(true),
                Some("n") => Some(false),
                _ => None,
            },
            testing: tag("t").is_some_and(|value| value.eq_ignore_ascii_case("y")),
        })
    }

    /// Whether the walk ends at this record (§4.10 step 3).
    pub fn ends_the_walk(&self) -> bool {
        self.registry.is_some()
    }

    /// Whether it matters that the domain exists: only then need anybody ask.
    pub fn tells_absent_apart(&self) -> bool {
        self.absent.is_some()
    }
}

/// The tags of a record; `None` where it is none: the version comes first (§4.7, `v`).
fn tags(text: &str) -> Option<Vec<(&str, &str)>> {
    let tags: Vec<(&str, &str)> = text
        .split(';')
        .filter_map(|tag| tag.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let (name, value) = tags.first()?;
    (name.eq_ignore_ascii_case("v") && *value == "DMARC1").then_some(tags)
}

/// The policy for a domain's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dmarc {
    /// The tag that says it: `p`, `sp` or `np`.
    pub tag: &'static str,
    /// What is wished.
    pub policy: DmarcPolicy,
    /// The domain whose record it is.
    pub domain: String,
    /// Whether receivers are asked to do one step less, for a test.
    pub testing: bool,
}

impl Dmarc {
    /// The domains whose `_dmarc` is asked, in order, as far as none ends the walk: its own, then those above it, the last
    /// label too, and at most eight.
    pub fn walk(domain: &str) -> Vec<&str> {
        let mut domains = vec![domain];
        let mut rest = domain;
        while let Some((_, above)) = rest.split_once('.') {
            rest = above;
            if rest.split('.').count() < MOST {
                domains.push(rest);
            }
        }
        domains
    }

    /// Whose record counts for a domain, of those that the walk found, its own first: the domain's own, else that of its
    /// organisation, else that of the registry above it (§4.10.1, §4.10.2).
    pub fn record<'a>(
        domain: &str,
        found: &'a [(&'a str, DmarcRecord)],
    ) -> Option<&'a (&'a str, DmarcRecord)> {
        if let Some(own) = found.iter().find(|(at, _)| *at == domain) {
            return Some(own);
        }
        let above = found.last()?;
        let Some(true) = above.1.registry else {
            // It says that it is the organisation's, or nothing, and then the shortest name is.
            return Some(above);
        };
        // The organisation's domain is one label below the registry's (§4.10.2).
        let depth = above.0.split('.').count() + 1;
        let mut found = found.iter();
        found
            .find(|(at, _)| at.split('.').count() == depth)
            .or(Some(above))
    }

    /// What a record says of a domain, which is its own or stands above it.
    pub fn of(domain: &str, (at, record): &(&str, DmarcRecord), exists: bool) -> Self {
        let above = *at != domain;
        let absent = record.absent.filter(|_| above && !exists);
        let below = record.below.filter(|_| above);
        let (tag, policy) = match (absent, below) {
            (Some(policy), _) => ("np", policy),
            (None, Some(policy)) => ("sp", policy),
            (None, None) => ("p", record.policy),
        };
        Self {
            tag,
            policy,
            domain: (*at).to_owned(),
            testing: record.testing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(texts: &[&str]) -> Option<DmarcRecord> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        DmarcRecord::of(&texts)
    }

    /// Walks through these records, and judges.
    fn judged(domain: &str, zone: &[(&'static str, &str)], exists: bool) -> Option<String> {
        let mut found = Vec::new();
        for at in Dmarc::walk(domain) {
            let text = zone.iter().find(|(name, _)| *name == at);
            if let Some(record) = text.and_then(|(_, text)| record(&[text])) {
                found.push((at, record));
                if record.ends_the_walk() {
                    break;
                }
            }
        }
        let found = Dmarc::of(domain, Dmarc::record(domain, &found)?, exists);
        let (tag, policy) = (found.tag, found.policy.as_str());
        Some(format!("{tag}={policy} at {}", found.domain))
    }

    #[test]
    fn a_record_is_read_where_it_is_the_only_one() {
        let policy = |texts: &[&str]| record(texts).map(|record| record.policy);
        assert_eq!(policy(&["v=DMARC1; p=reject"]), Some(DmarcPolicy::Reject));
        let spaced = ["v = DMARC1;p= Quarantine ;pct=10"];
        assert_eq!(policy(&spaced), Some(DmarcPolicy::Quarantine));
        let heard = ["v=DMARC1; rua=mailto:a@example.nl"];
        assert_eq!(policy(&heard), Some(DmarcPolicy::None));
        let slip = ["v=DMARC1; p=rejekt; rua=mailto:a@example.nl"];
        assert_eq!(policy(&slip), Some(DmarcPolicy::None));
        for none in [
            &["v=DMARC1"][..],
            &["v=DMARC1; p=rejekt"],
            &["p=reject; v=DMARC1"],
            &["v=spf1 -all"],
            &["v=DMARC1; p=none", "v=DMARC1; p=reject"],
            &[],
        ] {
            assert_eq!(record(none), None, "{none:?}");
        }
    }

    #[test]
    fn at_most_eight_names_are_asked() {
        let walk = Dmarc::walk("nieuws.proef.example");
        assert_eq!(walk, ["nieuws.proef.example", "proef.example", "example"]);
        let long = Dmarc::walk("a.b.c.d.e.f.g.h.proef.example");
        assert_eq!(long.len(), 8);
        assert_eq!(long[1], "d.e.f.g.h.proef.example");
        assert_eq!(long[7], "example");
        assert_eq!(Dmarc::walk("a.b.c.d.e.f.g.example").len(), 8);
    }

    #[test]
    fn the_domains_own_record_counts_before_all_others() {
        let zone = [
            ("nieuws.proef.example", "v=DMARC1; p=none; sp=reject"),
            ("proef.example", "v=DMARC1; p=reject"),
        ];
        let wanted = Some("p=none at nieuws.proef.example".to_owned());
        assert_eq!(judged("nieuws.proef.example", &zone, true), wanted);
    }

    #[test]
    fn the_organisations_record_has_words_for_what_is_below_it() {
        let zone = [(
            "proef.example",
            "v=DMARC1; p=none; sp=quarantine; np=reject",
        )];
        let of = |domain, exists| judged(domain, &zone, exists).unwrap();
        assert_eq!(
            of("nieuws.proef.example", true),
            "sp=quarantine at proef.example"
        );
        assert_eq!(
            of("nieuws.proef.example", false),
            "np=reject at proef.example"
        );
        assert_eq!(of("proef.example", false), "p=none at proef.example");
        // Of several above it, the shortest name is the organisation's, unless one says that it is.
        let mut zone = vec![
            ("b.proef.example", "v=DMARC1; p=reject"),
            ("proef.example", "v=DMARC1; p=none"),
        ];
        let wanted = Some("p=none at proef.example".to_owned());
        assert_eq!(judged("a.b.proef.example", &zone, true), wanted);
        zone[0].1 = "v=DMARC1; p=reject; psd=n";
        let wanted = Some("p=reject at b.proef.example".to_owned());
        assert_eq!(judged("a.b.proef.example", &zone, true), wanted);
    }

    #[test]
    fn a_registrys_record_counts_where_its_customer_has_none() {
        let mut zone = vec![("example", "v=DMARC1; p=reject; sp=quarantine; psd=y")];
        let wanted = Some("sp=quarantine at example".to_owned());
        assert_eq!(judged("nieuws.proef.example", &zone, true), wanted);
        zone.push(("proef.example", "v=DMARC1; p=none"));
        let wanted = Some("p=none at proef.example".to_owned());
        assert_eq!(judged("nieuws.proef.example", &zone, true), wanted);
        assert_eq!(judged("elders.test", &zone, true), None);
    }
}
