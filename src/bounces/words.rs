//! What servers say in words, as far as it can be told: about us, about the reader's mailbox, about what became of a mail.
//!
//! A list holds beginnings of phrases in small letters, without punctuation. Addresses and names of hosts are passed over,
//! so that what they happen to be called says nothing.

/// The sender, or the mail itself, is not wanted: whatever code came with it, it is not the reader's fault.
const ABOUT_US: [&str; 81] = [
    "absender abgelehnt",
    "absenderadresse",
    "administrative prohibition",
    "adresse de l expéditeur",
    "afzender geweigerd",
    "afzenderadres",
    "authentication required",
    "bad sender",
    "banned",
    "black list",
    "blacklist",
    "block list",
    "blocked",
    "blockiert",
    "blocklist",
    "bloqué",
    "bulk mail",
    "content filter",
    "content rejected",
    "daily limit",
    "denylist",
    "dkim",
    "dmarc",
    "dnsbl",
    "envelope from",
    "envelope sender",
    "expéditeur refusé",
    "geblokkeerd",
    "graylist",
    "greylist",
    "invalid sender",
    "listed at",
    "listed by",
    "listed in",
    "mail from",
    "malware",
    "message content",
    "message limit",
    "not allowed to relay",
    "not authenticated",
    "not authorised",
    "not authorized",
    "not permitted to relay",
    "policy",
    "prohibited",
    "rate exceeded",
    "rate limit",
    "ratelimit",
    "rbl",
    "relay access denied",
    "relay denied",
    "relay not",
    "relaying",
    "reputation",
    "return path",
    "sender address",
    "sender blocked",
    "sender callout",
    "sender denied",
    "sender domain",
    "sender is",
    "sender limit",
    "sender not",
    "sender refused",
    "sender rejected",
    "sender s address",
    "sender s domain",
    "sender unknown",
    "sender verif",
    "sending limit",
    "sending quota",
    "spam",
    "spf",
    "throttl",
    "too fast",
    "too many",
    "unable to relay",
    "unsolicited",
    "unverified address",
    "verify sender",
    "verify the sender",
];

/// The mailbox is there, and takes nothing just now.
const PASSING: [&str; 44] = [
    "box full",
    "boîte aux lettres pleine",
    "boîte pleine",
    "buzón lleno",
    "casella piena",
    "disk full",
    "disk space",
    "espace de stockage",
    "est pleine",
    "está llen",
    "exceeded its",
    "has exceeded",
    "inbox full",
    "inbox voll",
    "is full",
    "is vol",
    "ist voll",
    "kontingent",
    "limite de stockage",
    "mailbox exceeded",
    "mailbox full",
    "mailbox limit",
    "mailbox size",
    "mailbox vol",
    "mailbox überfüllt",
    "mailfolder full",
    "no room",
    "no space",
    "opslag",
    "over full",
    "postfach voll",
    "postfach überfüllt",
    "postvak vol",
    "quota",
    "size limit",
    "speicherplatz",
    "storage",
    "temporar",
    "tijdelijk",
    "too full",
    "volle mailbox",
    "volles postfach",
    "vorübergehend",
    "è piena",
];

/// Another address stands behind the one that was written to: sendmail's, Postfix's and Exim's words.
const EXPANDED: [&str; 3] = ["expanded from", "generated from", "forwarded from"];

/// Mail is not there yet, and the server goes on trying.
const DELAYED: [&str; 42] = [
    "ancora consegnat",
    "avertissement",
    "delay",
    "demora",
    "différé",
    "do not need to resend",
    "erneut versuch",
    "is delayed",
    "is still being retried",
    "keep trying",
    "n a pas encore",
    "n est pas encore",
    "need to resend",
    "no action is required",
    "noch nicht",
    "nog niet",
    "non encore remis",
    "not been delivered yet",
    "not yet been delivered",
    "not yet delivered",
    "nouvelle tentative",
    "nouvelles tentatives",
    "opnieuw geprobeerd",
    "pas encore pu",
    "retard",
    "retras",
    "ritard",
    "réessaierons",
    "réessayerons",
    "se reintentará",
    "still being retried",
    "still trying",
    "vertraag",
    "vertraging",
    "verzöger",
    "warning",
    "warnung",
    "weiterhin versuch",
    "will be retried",
    "will continue to try",
    "will retry",
    "zustellversuche",
];

/// It arrived, or went on from there.
const ARRIVED: [&str; 29] = [
    "a été remis",
    "bien été délivré",
    "bien été remis",
    "consegnato correttamente",
    "delivered successfully",
    "delivery status notification expanded",
    "delivery status notification relay",
    "delivery status notification success",
    "delivery succeeded",
    "delivery successful",
    "distribué avec succès",
    "délivré avec succès",
    "entregado correctamente",
    "erfolgreich zugestellt",
    "erfolgreiche zustellung",
    "has been delivered",
    "has been relayed",
    "has been successful",
    "is afgeleverd",
    "is bezorgd",
    "is met succes",
    "remis avec succès",
    "successful delivery",
    "successful mail delivery",
    "successfully delivered",
    "succesvol",
    "was delivered",
    "was successfully",
    "wurde zugestellt",
];

/// A person, or the sender, is asked first.
const HELD: [&str; 28] = [
    "approval required",
    "await approval",
    "awaiting approval",
    "awaiting moderation",
    "awaits approval",
    "awaits moderator",
    "challenge response",
    "en attente d approbation",
    "en attente de modération",
    "en cours de modération",
    "goedkeuring nodig",
    "held for approval",
    "held until",
    "is being held",
    "moderator approval",
    "must be approved",
    "needs approval",
    "pending approval",
    "requires approval",
    "soumis à approbation",
    "ter goedkeuring",
    "wacht op goedkeuring",
    "waiting for approval",
    "waiting for moderator",
    "wartet auf freigabe",
    "wartet auf genehmigung",
    "zur freigabe",
    "zur genehmigung",
];

/// It did not arrive.
const FAILED: [&str; 49] = [
    "address not found",
    "bezorgfout",
    "bezorging mislukt",
    "could not be delivered",
    "couldn t be delivered",
    "delivery failed",
    "delivery failure",
    "delivery has failed",
    "delivery notification failure",
    "delivery problem",
    "delivery status notification",
    "delivery status report",
    "delivery unsuccessful",
    "echec de",
    "fail",
    "fehlgeschlagen",
    "impossible de remettre",
    "kan niet worden bezorgd",
    "kon niet worden",
    "konnte nicht",
    "mail delivery failed",
    "mail delivery failure",
    "mail failure",
    "mail system error",
    "mancato recapito",
    "message bounced",
    "n a pas pu",
    "nicht zugestellt",
    "nicht zustellbar",
    "niet afgeleverd",
    "niet bezorgd",
    "niet te bezorgen",
    "no entregado",
    "no se puede entregar",
    "non distribu",
    "non délivr",
    "non recapitabile",
    "non recapitato",
    "non remis",
    "onbestelbaar",
    "rejected mail",
    "returned mail",
    "returned to sender",
    "undelivera",
    "undelivered",
    "unzustellbar",
    "user unknown",
    "zustellfehler",
    "échec d",
];

/// The same, where it is all that stands before our own subject: "Delivered: Een woord".
const ARRIVED_ALONE: [&str; 8] = [
    " afgeleverd",
    " bezorgd",
    " delivered",
    " expanded",
    " relayed",
    " remis",
    " zugestellt",
    " entregado",
];

/// It will not be tried again.
const FINAL: [&str; 9] = [
    "failed permanently",
    "gave up",
    "given up",
    "giving up",
    "no further attempts",
    "not be retried",
    "permanent error",
    "permanent failure",
    "permanent fatal",
];

/// A delay is told as what has not happened yet, so it is looked for before what has.
const FATES: [(Fate, &[&str]); 4] = [
    (Fate::Held, &HELD),
    (Fate::Delayed, &DELAYED),
    (Fate::Arrived, &ARRIVED),
    (Fate::Failed, &FAILED),
];

/// A text as words alone, in small letters: one space between two, and one before the first.
#[derive(Debug)]
pub(super) struct Words(String);

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut words = String::with_capacity(text.len() + 1);
        for word in text.split_whitespace() {
            let word = word.trim_matches(|c: char| !c.is_alphanumeric());
            // Addresses, hosts, numbers of versions, links.
            if word.contains(['@', '.', '/', '=']) {
                continue;
            }
            let parts = word.split(|c: char| !c.is_alphanumeric());
            for part in parts.filter(|part| !part.is_empty()) {
                words.push(' ');
                words.extend(part.chars().flat_map(char::to_lowercase));
            }
        }
        Self(words)
    }

    pub(super) fn are_about_us(&self) -> bool {
        self.say(&ABOUT_US)
    }

    pub(super) fn are_passing(&self) -> bool {
        self.say(&PASSING)
    }

    pub(super) fn are_final(&self) -> bool {
        self.say(&FINAL)
    }

    pub(super) fn tell_of_another_address(&self) -> bool {
        self.say(&EXPANDED)
    }

    /// What became of the mail, where they tell.
    pub(super) fn fate(&self) -> Option<Fate> {
        FATES
            .into_iter()
            .find_map(|(fate, phrases)| self.say(phrases).then_some(fate))
    }

    /// Whether they are no more than that it arrived.
    pub(super) fn are_a_receipt(&self) -> bool {
        ARRIVED_ALONE.contains(&self.0.as_str())
    }

    /// The same, where they begin with it.
    pub(super) fn fate_at_once(&self) -> Option<Fate> {
        let words = self.0.trim_start();
        let begins = |phrases: &[&str]| phrases.iter().any(|phrase| words.starts_with(phrase));
        FATES
            .into_iter()
            .find_map(|(fate, phrases)| begins(phrases).then_some(fate))
    }

    fn say(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| {
            let mut found = self.0.match_indices(phrase);
            found.any(|(at, _)| self.0[..at].ends_with(' '))
        })
    }
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Failed,
    Delayed,
    Arrived,
    Held,
}
