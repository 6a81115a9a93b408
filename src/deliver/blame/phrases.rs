//! What relays say, by whom it is about: phrases written as [`Words`](crate::model::Words) are, each with the beginning of its
//! last word.

/// What nobody says of a reader, in more than one word: it counts also where the status says that the reader is gone. By
/// language: English, Dutch, German, French, Spanish and Portuguese, Italian.
#[rustfmt::skip]
pub(super) const OUR_PHRASES: [&str; 285] = [
    "sending limit", "sending quota", "sending rate", "sending paused", "sending is paused", "sending suspended",
    "sending is suspended", "sending has been", "sending ip", "sending domain", "sending server", "sending host",
    "sending spam", "from sending", "send limit", "send quota", "sender ip",
    "submission quota", "submission limit", "message quota", "message limit", "message rate", "mail limit", "mail rate",
    "email limit", "email rate",
    "per hour", "per day", "per month", "per minute", "per #", "hour limit", "hourly limit", "hourly quota", "hourly rate",
    "last #", "daily limit", "daily quota", "daily sending", "daily user", "daily message", "rate limit", "rate exceeded",
    "emails sent", "mails sent", "messages sent", "emails from", "mails from", "messages from", "mail from your",
    "emails in #", "mails in #", "messages in #", "recipients in #",
    "your account", "your smtp", "your subscription", "your plan", "your quota", "your limit", "your mail limit", "your ip",
    "your server", "your host", "your network", "your client", "your domain",
    "smtp account", "smtp user", "smtp access", "smtp credential", "api user",
    "you have exceeded", "you have reached", "you have run out", "you ve exceeded", "you ve reached", "you are sending",
    "you are not allowed", "you are not permitted", "you are not authori", "you must auth", "on probation", "activate your",
    "relay quota", "relay limit", "relay access", "relaying denied", "relaying is", "relaying not", "relaying to",
    "relay denied", "relay not", "relay is not", "to relay", "not relay", "no relay", "cannot relay", "can t relay",
    "not verified", "a verified", "unverified sender", "verify sender", "verify the sender", "sender verif",
    "sender address", "sender denied", "sender domain", "sender is not", "sender not", "sender refused", "sender rejected",
    "sender unknown", "sender s ", "as this sender", "bad sender", "invalid sender", "unknown sender", "envelope from",
    "envelope sender", "return path", "from address", "from domain", "from header",
    "allowed to send", "permitted to send", "authorized to send", "authorised to send", "permission to send",
    "permissions to send", "not authorized", "not authorised",
    "authentication fail", "authentication is", "authentication required", "auth required", "must authenticate",
    "not authenticated", "require authentication", "requires authentication",
    "client host", "client ip", "from ip", "this ip", "ip address is", "ip address has", "block list", "is listed at",
    "is listed by", "is listed in", "is listed on", "are listed at", "are listed by", "are listed in", "are listed on",
    "bad reputation", "low reputation", "poor reputation", "for spamming", "due to abuse", "due to spam",
    "verzendlimiet", "verzendquota", "verzendtegoed", "verzendrecht", "limiet per", "maximum aantal", "per uur",
    "per maand", "uw account", "je account", "uw abonnement", "je abonnement", "uw ip", "uw server", "uw domein",
    "uw limiet", "je limiet", "afzender niet", "afzender geweigerd", "afzender onbekend", "onbekende afzender",
    "afzenderadres", "afzenderdomein", "niet gemachtigd", "niet geautoriseerd", "niet bevoegd", "niet geverifieerd",
    "versandlimit", "versandkontingent", "versandquote", "versandrate", "versand von", "sendelimit", "sendequote",
    "sendekontingent", "sendeberechtigung", "ihr konto", "ihr account", "ihre ip", "ihr server", "ihre domain",
    "ihr kontingent", "ihr limit", "pro stunde", "pro tag", "pro monat", "tageslimit", "stundenlimit", "absender nicht",
    "absender abgelehnt", "absender unbekannt", "unbekannter absender", "absenderadresse", "absenderdomain",
    "nicht berechtigt", "nicht autorisiert", "nicht authentifiziert", "nicht verifiziert", "weiterleitung nicht",
    "zu senden",
    "d envoi", "envois par", "messages envoyes", "mails envoyes", "votre compte", "votre ip", "votre adresse ip",
    "votre serveur", "votre domaine", "votre quota", "votre limite", "votre abonnement", "par heure", "par jour",
    "par mois", "expediteur inconnu", "expediteur non", "expediteur refuse", "expediteur rejete", "adresse d expedit",
    "adresse de l expedit", "l emetteur", "non autorise", "pas autorise", "non verifie", "pas verifie", "non authentifie",
    "relais refuse", "relais non",
    "de envio", "su cuenta", "su ip", "su servidor", "su dominio", "por hora", "por dia", "por mes", "remitente desconocid",
    "remitente no", "remitente rechazad", "no autorizad", "no autenticad", "no verificad", "sua conta", "seu ip",
    "seu servidor", "seu dominio", "remetente nao", "remetente rejeitad", "nao autorizad",
    "di invio", "tuo account", "suo account", "tuo ip", "suo ip", "al giorno", "all ora", "al mese", "mittente non",
    "mittente rifiutat", "mittente sconosciut", "non autorizzat", "non autenticat", "non verificat",
];

/// The same in one word, which might also be the name of a mailbox or a host.
#[rustfmt::skip]
pub(super) const OUR_WORDS: [&str; 29] = [
    "outgoing", "outbound", "hourly", "daily", "monthly", "ratelimit", "throttl", "credit ", "credits ", "relaying",
    "authenticat", "unauthenticated", "blacklist", "blocklist", "dnsbl", "rbl ", "spamhaus",
    "dagelijkse", "uitgaande", "verzending", "ausgehend", "taeglich", "stuendlich", "sortant", "quotidien", "diario",
    "saliente", "giornaliero", "in uscita",
];

/// About a mailbox and whose it is.
#[rustfmt::skip]
pub(super) const READERS: [&str; 150] = [
    "mailbox", "inbox", "user ", "storage", "disk", "tried to reach",
    "no such", "not exist", "doesn t exist", "doesn t have", "isn t a", "not a valid", "here by that name", "nobody here",
    "not listed in", "not our customer",
    "unknown recipient", "recipient unknown", "recipient not found", "recipient not known", "recipient is unknown",
    "recipient does not", "recipient no longer", "recipient invalid", "invalid recipient", "bad recipient",
    "bad destination", "not like recipient",
    "unknown address", "address unknown", "address is unknown", "address error", "address not found", "address not known",
    "address does not", "address doesn", "address no longer", "invalid address", "address invalid", "unknown alias",
    "alias unknown", "illegal alias", "unknown local",
    "unknown account", "account unknown", "account not found", "account inactive", "account is inactive", "account expired",
    "account has expired", "account closed", "account is closed", "account has been closed", "account does", "no account",
    "discontinued", "inactive",
    "no longer active", "no longer available", "no longer valid", "no longer in use", "no longer exist", "no longer accept",
    "no longer with", "no longer work", "no longer employ", "left the company",
    "not accept mail", "not accept messages", "not accept email", "not accepting mail", "not accepting messages",
    "unrouteable", "unroutable", "undeliverable address", "no mx", "null mx",
    "postvak", "postbus", "brievenbus", "gebruiker", "ontvanger onbekend", "onbekende ontvanger", "ontvanger bestaat",
    "ontvanger niet", "adres onbekend", "onbekend adres", "adres bestaat", "bestaat niet", "niet meer in gebruik",
    "niet meer actief", "niet langer", "niet gevonden", "opslag", "schijfruimte",
    "postfach", "benutzer", "nutzer", "speicher", "empfaenger unbekannt", "unbekannter empfaenger", "empfaenger existiert",
    "empfaenger nicht", "empfaenger ist", "adresse unbekannt", "unbekannte adresse", "adresse existiert", "adresse nicht",
    "adresse ungueltig", "ungueltige adresse", "existiert nicht", "nicht mehr aktiv", "nicht mehr erreichbar",
    "nicht gefunden", "konto nicht", "konto deaktiviert", "konto gesperrt",
    "boite", "utilisateur", "destinataire inconnu", "destinataire invalide", "destinataire introuvable", "adresse inconnue",
    "adresse invalide", "adresse introuvable", "n existe pas", "n existe plus", "introuvable", "compte inactif",
    "compte desactive", "compte ferme", "espace disque",
    "buzon", "usuario", "destinatario desconocid", "destinatario no", "destinatario sconosciut", "direccion desconocida",
    "desconhecid", "no existe", "no encontrad", "cuenta inactiva", "caixa", "nao existe", "inexistente", "casella",
    "utente", "indirizzo sconosciuto", "non esiste", "non trovat",
];

/// What is said of senders and, seldom, of a mailbox without naming it.
#[rustfmt::skip]
pub(super) const EITHERS: [&str; 35] = [
    "quota", "limit", "exceed", "too many", "too much", "paused", "suspended", "disabled", "deactivated", "not activated",
    "not yet activated", "payment", "billing",
    "te veel", "overschreden", "overschrijd", "opgeschort", "gedeactiveerd",
    "kontingent", "zu viele", "ueberschritten", "ueberschreit", "gesperrt", "deaktiviert",
    "trop de", "depass", "suspendu", "contingent", "demasiad", "superad", "excedid", "suspendid", "troppi", "superat",
    "sospes",
];

/// An address is refused, whoever is to blame: the status tells.
#[rustfmt::skip]
pub(super) const ADDRESSES: [&str; 16] = [
    "recipient address rejected", "recipient rejected", "recipient refused", "address rejected", "address refused",
    "access denied",
    "adres geweigerd", "ontvanger geweigerd", "adresse abgelehnt", "empfaenger abgelehnt", "adresse rejete",
    "adresse refuse", "destinataire rejete", "destinataire refuse", "destinatario rechazad", "destinatario rifiutat",
];
