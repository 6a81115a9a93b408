//! Posts as a small publisher writes them: long and short, with and without picture, author and date.

use courant::model::{
    Author, Edition, EmailAddress, Image, Issue, IssueNumber, Language, LocalisedCall, Masthead,
    Post, PostId, ScheduleName, SlotNonce, SourceName, Topic,
};

/// Title, summary, topic, author, day of September, minutes, picture's size.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Option<usize>,
    Option<u8>,
    usize,
    Option<(u32, u32)>,
);

const AUTHORS: [(&str, Option<&str>, bool); 3] = [
    (
        "Noor van den Berg",
        Some(
            "Noor stond twaalf jaar achter de toonbank van een ijzerwinkel en schrijft nu over alles wat klanten niet hardop zeggen.",
        ),
        true,
    ),
    (
        "Sjoerd Hoekstra",
        Some("Sjoerd adviseert winkels in het noorden."),
        false,
    ),
    (
        "Ayşe Demir",
        Some("Ayşe luistert mee in winkels en aan keukentafels."),
        true,
    ),
];

#[rustfmt::skip]
const TWELVE: [Row; 12] = [
    ("De klant die niets kocht en toch terugkwam", "Op een regenachtige dinsdag liep een vrouw een fietsenwinkel binnen en een uur later weer naar buiten, zonder fiets. De verkoper had haar afgeraden er een te kopen. Drie weken later stond ze er weer, met haar zus, haar buurman en een lijstje.", "verkopen", Some(0), Some(12), 9, Some((1200, 600))),
    ("Luisteren kost niets, behalve je verkooppraatje", "Wie het eerst over de prijs begint, verliest meestal het gesprek. We zaten een week lang aan tafel bij een keukenzaak en telden de vragen.", "gesprek", Some(2), Some(11), 4, Some((900, 600))),
    ("Korting is een belofte die je morgen moet houden", "Een sticker met min dertig procent haalt mensen binnen. Maar wat leert een klant die nooit de volle prijs betaalde? Drie winkeliers stopten met de uitverkoop en rekenden na.", "verkopen", Some(1), Some(10), 6, None),
    ("Waarom de bakker zijn recept weggaf", "Het recept hing een maand lang in de etalage. De omzet steeg.", "verkopen", Some(0), Some(9), 3, Some((800, 800))),
    ("Vijf vragen die je beter niet stelt", "Niet elke open vraag opent iets. Soms sluit hij de deur juist.", "gesprek", None, Some(9), 2, None),
    ("De stilte na de offerte", "Je hebt hem verstuurd, netjes, op tijd, met een grapje aan het eind. En dan niets. Bel je? Wacht je? Een inkoper vertelt wat er aan de andere kant van de stilte gebeurt.", "gesprek", Some(2), Some(8), 5, Some((1600, 900))),
    ("Een handgeschreven kaart, duizend keer", "Kan aandacht op schaal? Een webwinkel in lampen schreef een jaar lang elke klant met de hand, en hield daarmee op toen het werkte.", "service", Some(1), Some(8), 7, Some((640, 960))),
    ("Klacht binnen, koffie erbij", "De beste klantenservice van Deventer heeft geen chatbot, geen nummer in de wacht en geen enkel script.", "service", Some(0), Some(7), 4, None),
    ("Nee is ook een antwoord, en soms het beste", "Een klus weigeren voelt als verlies. Deze aannemer houdt er een lijstje van bij en wordt er rijker van.", "verkopen", None, Some(6), 3, None),
    ("Rekenvoorbeeld: wat een trouwe klant waard is", "Neem een kapper, acht knipbeurten per jaar en een buurvrouw die meekomt.", "service", Some(1), None, 2, Some((700, 500))),
    ("De folder die niemand weggooide", "Er stond geen aanbieding in. Wel de tijden van de veerpont.", "lokaal", Some(2), Some(5), 2, None),
    ("Zo klinkt eerlijkheid aan de telefoon", "", "", None, Some(4), 0, None),
];

#[rustfmt::skip]
const ENGLISH: [Row; 4] = [
    ("The customer who bought nothing and came back", "On a wet Tuesday a woman walked into a bicycle shop and out again an hour later, without a bicycle. The man behind the counter had talked her out of it. Three weeks on she was back, with her sister, her neighbour and a list.", "selling", Some(0), Some(12), 8, None),
    ("Silence after the quotation", "You sent it on time, with a joke at the end. Then nothing. A buyer tells what happens on the other side of the silence.", "selling", Some(2), Some(11), 5, Some((1600, 900))),
    ("A discount is a promise you must keep tomorrow", "Three shopkeepers gave up the sale and did the sums.", "selling", None, Some(10), 6, None),
    ("No is an answer too", "A builder keeps a list of the jobs he turned down, and grows richer by it.", "selling", Some(1), None, 3, Some((700, 500))),
];

/// Twelve Dutch posts, the lead first.
pub fn twelve() -> Vec<Post> {
    TWELVE.iter().map(|row| made(row, "nl")).collect()
}

/// Four English posts, the lead without a picture.
pub fn english() -> Vec<Post> {
    ENGLISH.iter().map(|row| made(row, "en")).collect()
}

/// Thirty Dutch posts with titles of their own.
pub fn thirty() -> Vec<Post> {
    let mut posts = Vec::new();
    for round in 1..=3 {
        for mut post in twelve() {
            if round > 1 {
                post.title = format!("{}, deel {round}", post.title);
                post.link = post.link.map(|link| format!("{link}-{round}"));
                post.slug = format!("{}-{round}", post.slug);
            }
            posts.push(post);
        }
    }
    posts.truncate(30);
    posts
}

/// A post with nothing but its title, and no link of its own.
pub fn post(title: &str) -> Post {
    made(
        &(
            Box::leak(title.to_owned().into_boxed_str()),
            "",
            "",
            None,
            None,
            0,
            None,
        ),
        "nl",
    )
}

fn made(row: &Row, language: &str) -> Post {
    let &(title, summary, topic, author, day, minutes, size) = row;
    let slug = Topic::from_label(title).unwrap().to_string();
    let bare = summary.is_empty();
    Post {
        source: SourceName::parse("blog").unwrap(),
        identity: slug.clone(),
        alternate: None,
        link: (!bare).then(|| format!("https://blog.example.nl/2026/09/{slug}")),
        title: title.to_owned(),
        title_derived: false,
        author: author.map(self::author),
        published: day.map(|day| format!("2026-09-{day:02}T06:30:00Z").parse().unwrap()),
        language: (!bare).then(|| Language::parse(language).unwrap()),
        topics: Topic::parse(topic).into_iter().collect(),
        summary: summary.to_owned(),
        html: "<p>Elf woorden staan er op deze regel van het hele verhaal.</p>"
            .repeat(20 * minutes),
        image: size.map(|size| Image {
            url: format!("/img/{slug}.jpg"),
            alt: format!("Foto bij {title}"),
            size: Some(size),
            copies: Vec::new(),
        }),
        call_to_action: None,
        lead: false,
        hold: None,
        files: Vec::new(),
        also: Vec::new(),
        slug,
    }
}

fn author(at: usize) -> Author {
    let (name, bio, photo) = AUTHORS[at];
    Author {
        name: name.to_owned(),
        role: (at == 0).then(|| "redacteur binnenland".to_owned()),
        bio: bio.map(str::to_owned),
        photo: photo.then(|| format!("/img/{at}.jpg")),
    }
}

/// A sealed issue of these posts.
pub fn issue(posts: Vec<Post>) -> Issue {
    Issue {
        number: IssueNumber(37),
        schedule: ScheduleName::parse("weekly").unwrap(),
        edition: Edition("2026-09-12T08:00".into()),
        sealed_at: "2026-09-12T06:00:00Z".parse().unwrap(),
        date: jiff::civil::date(2026, 9, 12),
        expires_at: "2026-09-16T06:00:00Z".parse().unwrap(),
        masthead: masthead(),
        posts: (1..).map(PostId).zip(posts).collect(),
        nonce: SlotNonce("0123456789abcdef0123456789abcdef".into()),
    }
}

/// The newsletter.
pub fn masthead() -> Masthead {
    Masthead {
        name: "De Courant".into(),
        tagline: Some("Eerlijk verkopen, elke zaterdag".into()),
        language: Language::parse("nl").unwrap(),
        url: "https://nieuws.example.nl".into(),
        from_name: Some("De Courant".into()),
        from: EmailAddress::parse("courant@example.nl").unwrap(),
        reply_to: EmailAddress::parse("redactie@example.nl").ok(),
        address: "Voorstraat 1, 1234 AB Plaats".into(),
        leaving: courant::model::Leaving::Web,
        accent: "#a3271d".into(),
        timezone: "Europe/Amsterdam".into(),
        intro: Some("Deze week draait alles om wat klanten niet zeggen. Lees het bij de koffie, of pik er gewoon één verhaal uit.".into()),
        call_to_action: Some(LocalisedCall {
            text: "Zaterdag 3 oktober: open middag op de redactie, met soep en drie verhalen die de krant niet haalden.".into(),
            label: Some("Schuif aan".into()),
            url: Some("https://blog.example.nl/open-middag".into()),
            image: None,
        }),
    }
}
