//! What servers say in words, as far as it can be told: about us, about the reader's mailbox, about what became of a mail.
//!
//! A list holds beginnings of phrases, written as [`Words`] are.

use crate::model::Words;

/// The sender, or the mail itself, is not wanted: whatever code came with it, it is not the reader's fault.
const ABOUT_US: [&str; 82] = [
    "absender abgelehnt",
    "absenderadresse",
    "administrative prohibition",
    "adresse de l expediteur",
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
    "bloque",
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
    "expediteur refuse",
    "geblokkeerd",
    "graylist",
    "greylist",
    "invalid sender",
    "listed at",
    "listed by",
    "are listed",
    "is listed",
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
    "boite aux lettres pleine",
    "boite pleine",
    "buzon lleno",
    "casella piena",
    "disk full",
    "disk space",
    "espace de stockage",
    "est pleine",
    "esta llen",
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
    "mailbox ueberfuellt",
    "mailfolder full",
    "no room",
    "no space",
    "opslag",
    "over full",
    "postfach voll",
    "postfach ueberfuellt",
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
    "voruebergehend",
    "e piena",
];

/// Another address stands behind the one that was written to: sendmail's, Postfix's and Exim's words.
const EXPANDED: [&str; 3] = ["expanded from", "generated from", "forwarded from"];

/// Mail is not there yet, and the server goes on trying.
const DELAYED: [&str; 42] = [
    "ancora consegnat",
    "avertissement",
    "delay",
    "demora",
    "differe",
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
    "reessaierons",
    "reessayerons",
    "se reintentara",
    "still being retried",
    "still trying",
    "vertraag",
    "vertraging",
    "verzoeger",
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
    "a ete remis",
    "bien ete delivre",
    "bien ete remis",
    "consegnato correttamente",
    "delivered successfully",
    "delivery status notification expanded",
    "delivery status notification relay",
    "delivery status notification success",
    "delivery succeeded",
    "delivery successful",
    "distribue avec succes",
    "delivre avec succes",
    "entregado correctamente",
    "erfolgreich zugestellt",
    "erfolgreiche zustellung",
    "has been delivered",
    "has been relayed",
    "has been successful",
    "is afgeleverd",
    "is bezorgd",
    "is met succes",
    "remis avec succes",
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
    "en attente de moderation",
    "en cours de moderation",
    "goedkeuring nodig",
    "held for approval",
    "held until",
    "is being held",
    "moderator approval",
    "must be approved",
    "needs approval",
    "pending approval",
    "requires approval",
    "soumis a approbation",
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
    "non delivr",
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
    "echec d",
];

/// The same, where it is all that stands before our own subject: "Delivered: Een woord".
const ARRIVED_ALONE: [&str; 8] = [
    "afgeleverd",
    "bezorgd",
    "delivered",
    "expanded",
    "relayed",
    "remis",
    "zugestellt",
    "entregado",
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

/// Whether it is the sender, or the mail, that is not wanted.
pub(super) fn are_about_us(words: &Words) -> bool {
    words.say(&ABOUT_US)
}

/// Whether the mailbox is there, and takes nothing just now.
pub(super) fn are_passing(words: &Words) -> bool {
    words.say(&PASSING)
}

/// Whether it will not be tried again.
pub(super) fn are_final(words: &Words) -> bool {
    words.say(&FINAL)
}

/// Whether the address was written to for another one.
pub(super) fn tell_of_another_address(words: &Words) -> bool {
    words.say(&EXPANDED)
}

/// What became of the mail, where they tell.
pub(super) fn fate(words: &Words) -> Option<Fate> {
    FATES
        .into_iter()
        .find_map(|(fate, phrases)| words.say(phrases).then_some(fate))
}

/// The same, where they begin with it.
pub(super) fn fate_at_once(words: &Words) -> Option<Fate> {
    FATES
        .into_iter()
        .find_map(|(fate, phrases)| words.begin_with(phrases).then_some(fate))
}

/// Whether they are no more than that it arrived.
pub(super) fn are_a_receipt(words: &Words) -> bool {
    words.are(&ARRIVED_ALONE)
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Failed,
    Delayed,
    Arrived,
    Held,
}
