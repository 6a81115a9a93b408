//! The names that dates are written with: zones, months and days of the week, in the languages that feeds use.

/// Zone names with their offset in minutes (RFC 822 §5.1 and those that American, European and Asian feeds use).
const ZONES: [(&str, i64); 37] = [
    ("utc", 0),
    ("gmt", 0),
    ("ut", 0),
    ("z", 0),
    ("wet", 0),
    ("bst", 60),
    ("west", 60),
    ("cet", 60),
    ("met", 60),
    ("mez", 60),
    ("cest", 120),
    ("mest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("sast", 120),
    ("eest", 180),
    ("msk", 180),
    ("hkt", 480),
    ("jst", 540),
    ("kst", 540),
    ("aest", 600),
    ("aedt", 660),
    ("nzst", 720),
    ("nzdt", 780),
    ("adt", -180),
    ("ast", -240),
    ("edt", -240),
    ("est", -300),
    ("et", -300),
    ("cdt", -300),
    ("cst", -360),
    ("mdt", -360),
    ("mst", -420),
    ("pdt", -420),
    ("pst", -480),
    ("pt", -480),
    ("hst", -600),
];

/// Beginnings of month names: English, Dutch, German, French, Spanish, Italian, Hungarian, Greek. Longer ones first
/// where one begins another.
const MONTHS: [(&str, i8); 73] = [
    ("jan", 1),
    ("jän", 1),
    ("feb", 2),
    ("fév", 2),
    ("fev", 2),
    ("mar", 3),
    ("mrt", 3),
    ("maa", 3),
    ("mär", 3),
    ("mae", 3),
    ("apr", 4),
    ("avr", 4),
    ("may", 5),
    ("mei", 5),
    ("mai", 5),
    ("juni", 6),
    ("june", 6),
    ("juin", 6),
    ("jun", 6),
    ("juil", 7),
    ("jul", 7),
    ("aug", 8),
    ("aou", 8),
    ("aoû", 8),
    ("sep", 9),
    ("szep", 9),
    ("oct", 10),
    ("okt", 10),
    ("nov", 11),
    ("dec", 12),
    ("dez", 12),
    ("déc", 12),
    ("ene", 1),
    ("abr", 4),
    ("ago", 8),
    ("dic", 12),
    ("gen", 1),
    ("mag", 5),
    ("giu", 6),
    ("lug", 7),
    ("set", 9),
    ("ott", 10),
    ("már", 3),
    ("ápr", 4),
    ("máj", 5),
    ("jún", 6),
    ("júl", 7),
    ("ιαν", 1),
    ("φεβ", 2),
    ("μάρ", 3),
    ("μαρ", 3),
    ("μάώ", 3),
    ("μαώ", 3),
    ("απρ", 4),
    ("μάι", 5),
    ("μαϊ", 5),
    ("μαι", 5),
    ("μάϊ", 5),
    ("ιούν", 6),
    ("ιουν", 6),
    ("ιον", 6),
    ("ιούλ", 7),
    ("ιουλ", 7),
    ("ιολ", 7),
    ("αύγ", 8),
    ("αυγ", 8),
    ("σεπ", 9),
    ("οκτ", 10),
    ("νοέ", 11),
    ("νοε", 11),
    ("δεκ", 12),
    ("janv", 1),
    ("märz", 3),
];

/// The month, 1 to 12, that a word in small letters begins like.
pub(super) fn month(word: &str) -> Option<i8> {
    let word = word.trim_matches('.');
    let long_enough = word.chars().count() >= 3;
    MONTHS
        .iter()
        .find(|(name, _)| long_enough && word.starts_with(name))
        .map(|&(_, month)| month)
}

/// Whether a word in small letters is a day of the week.
pub(super) fn is_weekday(word: &str) -> bool {
    const BEGINNINGS: [&str; 39] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "maa", "din", "woe", "don", "vri", "zat",
        "zon", "die", "mit", "fre", "sam", "lun", "mer", "jeu", "ven", "dim", "mar", "κυρ", "δευ",
        "τρι", "τετ", "πεμ", "παρ", "σαβ", "mié", "mie", "jue", "vie", "sáb", "sab", "gio", "dom",
    ];
    BEGINNINGS.iter().any(|name| word.starts_with(name))
        || matches!(
            word,
            "ma" | "di" | "wo" | "do" | "vr" | "za" | "zo" | "mo" | "mi" | "fr" | "sa" | "so"
        )
}

/// The offset of a zone's name in small letters, in seconds east of UTC.
pub(super) fn zone_offset(word: &str) -> Option<i64> {
    let (_, minutes) = ZONES.iter().find(|(name, _)| *name == word)?;
    Some(minutes * 60)
}
