# Nederlands. Elk woord dat de nieuwsbrief en haar pagina's zelf zeggen, staat hier.
# Een andere taal is één bestand ernaast, met dezelfde namen: words/de.ftl.

## De taal zelf
direction = ltr
month-name =
    { $month ->
        [1] januari
        [2] februari
        [3] maart
        [4] april
        [5] mei
        [6] juni
        [7] juli
        [8] augustus
        [9] september
        [10] oktober
        [11] november
       *[12] december
    }
weekday-name =
    { $weekday ->
        [1] maandag
        [2] dinsdag
        [3] woensdag
        [4] donderdag
        [5] vrijdag
        [6] zaterdag
       *[7] zondag
    }
date-short = { $day }{"\u00A0"}{ month-name }
date-long = { $day }{"\u00A0"}{ month-name } { $year }
date-full = { weekday-name } { $day }{"\u00A0"}{ month-name } { $year }
mark-thousands = .
mark-decimal = ,
minutes = { $minutes }{"\u00A0"}min

## Onderwerp en voorproefje
subject-more = { $count ->
    [one] en nog een verhaal
   *[other] en nog { $count } verhalen
 }
subject-number = nr. { $number }
preheader-plus = Plus:
preheader-number = Nummer { $number } van { $newsletter }, { $date }

## De kop
issue-number = Nummer{"\u00A0"}{ $number }
read-online = Lees online
greeting = { $time ->
    [morning] Goedemorgen,
    [afternoon] Goedemiddag,
   *[evening] Goedenavond,
 }
greeting-named = { $time ->
    [morning] Goedemorgen { $name },
    [afternoon] Goedemiddag { $name },
   *[evening] Goedenavond { $name },
 }

## De verhalen
also-at = Ook bij
picture-at = Afbeelding bij { $place }
read-story = Lees het hele verhaal
section-rest = Verder in dit nummer
call-button = Kijk verder
more-stories = { $count ->
    [one] En nog een verhaal in dit nummer
   *[other] En nog { $count }{"\u00A0"}verhalen in dit nummer
 }
contributors = Wie dit schreven

## De voet
footer-why = Je krijgt { $newsletter } op { $address }, omdat je je { $since } hebt aangemeld.
since-date = op { $date }
since-unknown = eerder
footer-reply = Antwoord gerust: je bericht komt bij een mens aan.
unsubscribe = Uitschrijven
feed = Volg via RSS
forwarded = Doorgestuurd gekregen?
forwarded-link = Lees eerdere nummers

## De brieven eromheen: bevestigen, welkom, tot ziens
confirm-subject = Bevestig je aanmelding voor { $newsletter }
confirm-title = Nog één klik
confirm-preheader = Een klik, en { $newsletter } komt voortaan naar { $address }.
confirm-ask = Iemand, hopelijk jij, wil { $newsletter } ontvangen op { $address }. Klopt dat? Dan horen wij het graag.
confirm-button = Ja, stuur mij { $newsletter }
confirm-days = { $days ->
    [one] De link werkt een dag.
   *[other] De link werkt { $days }{"\u00A0"}dagen.
 }
confirm-ignore = Was jij het niet? Dan hoef je niets te doen: zonder deze klik sturen wij niets.
welcome-subject = Welkom bij { $newsletter }
welcome-title = Welkom bij { $newsletter }
welcome-preheader = Je aanmelding is rond. Dit is wat je kunt verwachten, en hoe je weer weggaat.
welcome-text = Je aanmelding is rond: { $newsletter } komt voortaan op { $address }.
welcome-next = Het volgende nummer verschijnt { $date }.
welcome-latest = Lees alvast het laatste nummer
welcome-leave = Genoeg gelezen? Weggaan kan altijd, met één klik:
goodbye-subject = Je bent uitgeschreven
goodbye-title = Tot ziens
goodbye-preheader = { $newsletter } komt niet meer. Dit is de laatste mail die je van ons krijgt.
goodbye-thanks = Dank dat je meelas.
goodbye-again = Was het een vergissing?
goodbye-again-link = Meld je weer aan

## De pagina's
archive = Alle nummers
archive-title = Alle nummers van { $newsletter }
archive-empty = Er is nog geen nummer verschenen. Volg de RSS-feed om het eerste niet te missen.
issue-stories = { $count ->
    [one] een verhaal
   *[other] { $count }{"\u00A0"}verhalen
 }
issue-title = { $newsletter }, nummer { $number }
issue-ways = Andere nummers
issue-earlier = Nummer { $number }, het vorige
issue-later = Nummer { $number }, het volgende
topics = Onderwerpen
topic-stories = De nieuwste eerst
topic-about = Alle verhalen uit { $newsletter } over { $topic }
feed-note = Dit is een feed. Kopieer het adres hierboven naar je feedlezer, en je krijgt elk nieuw verhaal vanzelf.
unsubscribe-ask = Wil je { $newsletter } niet meer ontvangen op { $address }?
unsubscribe-button = Ja, schrijf mij uit
unsubscribe-keep = Toch liever blijven? Dan hoef je niets te doen: sluit deze pagina.
unsubscribe-done-title = Je bent uitgeschreven
unsubscribe-done = { $address } krijgt { $newsletter } niet meer. Een nummer dat al onderweg was, kan nog aankomen.
unsubscribe-invalid-title = Deze link werkt niet
unsubscribe-invalid = De link is niet compleet of niet meer geldig. Open de link onder aan je laatste nummer, of antwoord op die mail: dan schrijven wij je uit.
error-not-found-title = Deze pagina is er niet
error-not-found = Misschien is het adres niet helemaal overgenomen, of is de pagina verhuisd.
error-other-title = Er ging iets mis
error-other = Dat ligt aan ons, niet aan jou. Probeer het over een paar minuten opnieuw.
