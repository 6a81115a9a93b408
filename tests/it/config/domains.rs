//! `[[delivery.domains]]`.

use courant::config::DomainLimits;

use super::*;

fn limits(
    names: &[&str],
    rate: Option<(u32, SignedDuration)>,
    connections: Option<usize>,
) -> DomainLimits {
    DomainLimits {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        rate,
        connections,
    }
}

#[test]
fn domains_have_limits_that_they_share() {
    let folder = Folder::with(
        "[delivery]\nslow_down = false\n\
         [[delivery.domains]]\nnames = [\"Outlook.com\", \"b\u{fc}cher.example\"]\nrate = \"20/min\"\nconnections = 2\n\
         [[delivery.domains]]\nname = \"proef.example\"\nconnections = 1\n",
    );
    let delivery = folder.config().delivery;
    let rate = Some((20, SignedDuration::from_mins(1)));
    let shared = limits(&["outlook.com", "xn--bcher-kva.example"], rate, Some(2));
    let alone = limits(&["proef.example"], None, Some(1));
    assert_eq!(delivery.domains, [shared, alone]);
    assert!(!delivery.slow_down);
    let bare = Folder::with("").config().delivery;
    assert!(bare.domains.is_empty() && bare.slow_down);
}

#[test]
fn limits_of_domains_that_make_no_sense_are_shown() {
    let folder = Folder::with(
        r##"[delivery]
slow_down = "yes"

[[delivery.domains]]
name = "outlook.com"

[[delivery.domains]]
rate = "20/min"

[[delivery.domains]]
name = "outlook"
names = ["hotmail.com"]
rate = "20 per minute"

[[delivery.domains]]
names = ["live.com", "OUTLOOK.COM", "jan@example.nl", "*.example.nl", 3, "live.com"]
conections = 2
connections = 0

[[delivery.domains]]
names = []
rate = "20/min"
"##,
    );
    insta::assert_snapshot!("domain_faults", folder.faults());
    let table = Folder::with("[delivery]\ndomains = \"outlook.com\"\n");
    insta::assert_snapshot!("domains_not_tables", table.faults());
}
