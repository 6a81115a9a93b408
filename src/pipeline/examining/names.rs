//! What DNS says of the sender: the keys that sign, who may send, what is done with what proves nothing, and whether
//! answers arrive.

use futures_util::future::{join_all, join3};

use super::{Finding, Health, Subject};
use crate::config::{self, Config, Setting};
use crate::deliver::{Dns, MailRoute, Published, Unanswered};
use crate::model::{Diagnostic, DkimKey, Dmarc, DmarcRecord, EmailAddress, Spf};

/// Looks at the keys, and at the domains if any mail `leaves` this machine.
pub(super) async fn examine(config: &Config, dns: &Dns, leaves: bool) -> Vec<Finding> {
    let keys = config.delivery.dkim.iter().enumerate();
    let keys = keys.map(|(index, key)| of_key(config, index, key, dns));
    let domains = async {
        match leaves {
            true => of_domains(config, dns).await,
            false => vec![],
        }
    };
    let (mut found, domains) = futures_util::future::join(join_all(keys), domains).await;
    found.extend(domains);
    found
}

/// That DNS could not even be asked.
pub(super) fn unanswered(config: &Config, why: &Unanswered) -> Finding {
    let domain = config.newsletter.from.ascii_domain();
    unknown(Subject::Mail, domain, why)
}

async fn of_key(config: &Config, index: usize, key: &DkimKey, dns: &Dns) -> Finding {
    let (subject, name) = (Subject::Key, key.record_name());
    let wanted = key.secret().record_strings();
    let fault = match dns.published(key).await {
        Ok(Published::Same) => {
            let said = format!("DNS has this key ({})", key.algorithm());
            return Finding::good(subject, name, said);
        }
        Ok(Published::Other(record)) => {
            format!("DNS has another DKIM key under `{name}`: {record}")
        }
        Ok(Published::Absent) => format!("DNS has no DKIM key under `{name}`"),
        Err(why) => return unknown(subject, &name, &why),
    };
    let hint =
        format!("receivers will call each mail forged until DNS has: {name}. IN TXT {wanted}");
    let fault = Diagnostic::error(fault).hint(hint);
    let fault = config::point(config, fault, Setting::DkimKey(index));
    Finding::bad(subject, name, Health::Faulty, fault)
}

async fn of_domains(config: &Config, dns: &Dns) -> Vec<Finding> {
    let (spf, dmarc, routes) = join3(
        of_spf(config, dns),
        of_dmarc(config, dns),
        join_all(
            correspondents(config)
                .into_iter()
                .map(|to| of_route(config, to, dns)),
        ),
    )
    .await;
    [vec![spf, dmarc], routes].concat()
}

/// SPF of the envelope's sender (RFC 7208 §2.4): the return path, where there is one.
async fn of_spf(config: &Config, dns: &Dns) -> Finding {
    let (sender, setting) = match &config.delivery.bounces {
        Some(bounces) => (bounces, Setting::Bounces),
        None => (&config.newsletter.from, Setting::From),
    };
    let (subject, domain) = (Subject::Spf, sender.ascii_domain());
    let texts = match dns.texts(domain).await {
        Ok(texts) => texts,
        Err(why) => return unknown(subject, domain, &why),
    };
    let (health, fault, hint) = match Spf::of(&texts) {
        Spf::One(policy) => return Finding::good(subject, domain, policy),
        Spf::Everybody(policy) => (
            Health::Doubtful,
            Diagnostic::warning(format!(
                "`{domain}` lets everybody send in its name: {policy}"
            )),
            "end its SPF record in `-all` or `~all`".to_owned(),
        ),
        Spf::Several(count) => (
            Health::Faulty,
            Diagnostic::error(format!(
                "`{domain}` has {count} SPF records, so that receivers believe none"
            )),
            "make one of them (RFC 7208 §3.2)".to_owned(),
        ),
        Spf::Absent => (
            Health::Doubtful,
            Diagnostic::warning(format!(
                "`{domain}` does not say who may send in its name (SPF)"
            )),
            format!(
                "your mail provider knows the record; it looks like: {domain}. IN TXT \"v=spf1 include:spf.example.org -all\""
            ),
        ),
    };
    let fault = config::point(config, fault.hint(hint), setting);
    Finding::bad(subject, domain, health, fault)
}

/// DMARC of From's domain, or of one above it, as receivers look for it (RFC 9989 §4.10).
async fn of_dmarc(config: &Config, dns: &Dns) -> Finding {
    let subject = Subject::Dmarc;
    let domain = config.newsletter.from.ascii_domain();
    let policy = match dmarc(domain, dns).await {
        Ok(policy) => policy,
        Err(why) => return unknown(subject, domain, &why),
    };
    if let Some(Dmarc {
        tag,
        policy,
        domain: at,
        testing,
    }) = policy
    {
        let test = match testing {
            true => "; as a test (t=y), so that receivers do one step less",
            false => "",
        };
        let said = format!("{tag}={}, at _dmarc.{at}{test}", policy.as_str());
        return Finding::good(subject, domain, said);
    }
    let fault = Diagnostic::warning(format!(
        "`{domain}` has no DMARC record, and large mail providers want one of who writes to many"
    ));
    let hint = format!("to begin with: _dmarc.{domain}. IN TXT \"v=DMARC1; p=none\"");
    let fault = config::point(config, fault.hint(hint), Setting::From);
    Finding::bad(subject, domain, Health::Doubtful, fault)
}

async fn dmarc(domain: &str, dns: &Dns) -> Result<Option<Dmarc>, Unanswered> {
    let mut found = Vec::new();
    for at in Dmarc::walk(domain) {
        let texts = dns.texts(&format!("_dmarc.{at}")).await?;
        if let Some(record) = DmarcRecord::of(&texts) {
            found.push((at, record));
            // The domain's own counts, whatever stands above it.
            if record.ends_the_walk() || at == domain {
                break;
            }
        }
    }
    let Some(record) = Dmarc::record(domain, &found) else {
        return Ok(None);
    };
    let exists = !record.1.tells_absent_apart() || dns.exists(domain).await?;
    Ok(Some(Dmarc::of(domain, record, exists)))
}

/// An address that readers or mail servers write to.
struct Correspondent<'a> {
    address: &'a EmailAddress,
    setting: Setting<'a>,
}

/// Whom readers and mail servers answer, one of each domain.
fn correspondents(config: &Config) -> Vec<Correspondent<'_>> {
    let all = [
        (Some(&config.newsletter.from), Setting::From),
        (config.newsletter.reply_to.as_ref(), Setting::ReplyTo),
        (config.delivery.bounces.as_ref(), Setting::Bounces),
    ];
    let mut found: Vec<Correspondent<'_>> = Vec::new();
    for (address, setting) in all {
        let Some(address) = address else { continue };
        let domain = address.ascii_domain();
        if found.iter().all(|one| one.address.ascii_domain() != domain) {
            found.push(Correspondent { address, setting });
        }
    }
    found
}

async fn of_route(config: &Config, to: Correspondent<'_>, dns: &Dns) -> Finding {
    let (subject, domain) = (Subject::Mail, to.address.ascii_domain());
    let address = to.address;
    let fault = match dns.mail_route(domain).await {
        Ok(MailRoute::Open) => {
            return Finding::good(subject, domain, "mail to it can arrive");
        }
        Ok(MailRoute::Refused) => {
            format!("mail to `{address}` cannot arrive: its domain says that it takes none")
        }
        Ok(MailRoute::Absent) => {
            format!("mail to `{address}` cannot arrive: its domain has no MX record and no address")
        }
        Err(why) => return unknown(subject, domain, &why),
    };
    let hint = "many receivers refuse mail from an address that cannot be answered";
    let fault = config::point(config, Diagnostic::error(fault).hint(hint), to.setting);
    Finding::bad(subject, domain, Health::Faulty, fault)
}

fn unknown(subject: Subject, name: &str, why: &Unanswered) -> Finding {
    let what = match subject {
        Subject::Key => "the key",
        Subject::Spf => "SPF",
        Subject::Dmarc => "DMARC",
        _ => "the mail server",
    };
    let fault = Diagnostic::error(format!("{what} of `{name}` is not known: {why}"));
    let fault = fault.hint("try again; `--name-server` asks another name server");
    Finding::bad(subject, name, Health::Unknown, fault)
}
