//! Where the password comes from, and where it never shows.

use super::*;

#[test]
fn a_password_is_looked_for_in_its_three_places() {
    const RELAY: &str = "[delivery]\nrelay = \"smtp://jan@mail.example.nl\"\n";
    let folder = Folder::with(RELAY);
    insta::assert_snapshot!("missing_password", folder.faults());

    let found = |folder: &Folder, variables: &[(&str, &str)]| {
        let mut loaded = folder.load_with(variables, &Flags::default()).unwrap();
        loaded
            .config
            .delivery
            .relays
            .remove(0)
            .password
            .unwrap()
            .expose_secret()
            .to_owned()
    };
    folder.write("credentials/delivery-password", "from systemd\n");
    let credentials = folder.path().join("credentials");
    let credentials = ("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap());
    assert_eq!(found(&folder, &[credentials]), "from systemd");

    let named = Folder::with(&format!("{RELAY}password_file = \"geheim\"\n"));
    named.write("geheim", "from a file\r\n");
    assert_eq!(found(&named, &[credentials]), "from a file");
    let variable = ("COURANT_DELIVERY__PASSWORD", "from a variable");
    assert_eq!(found(&named, &[credentials, variable]), "from a variable");
    assert!(!format!("{:?}", environment(&[variable])).contains("from a variable"));
}

#[test]
fn a_password_never_stands_in_the_file() {
    let folder = Folder::with(
        "[delivery]\nrelay = \"smtp://jan:geheim@mail.example.nl\"\npassword = \"geheim\"\n",
    );
    let nested = Folder::of(&[(
        "courant.toml",
        "delivery = { hello = \"a.example\", password = \"geheim\" }\n",
    )]);
    let slip = Folder::with("[delivery]\npasword = \"geheim\"\n");
    let shown = [&folder, &nested, &slip].map(Folder::faults).join("\n\n");
    insta::assert_snapshot!("password_in_file", shown);
    assert!(!shown.contains("geheim"));

    let store = Folder::with("[store]\nurl = \"postgres://jan:geheim@db.example.nl/courant\"\n");
    let shown = store.warnings();
    insta::assert_snapshot!("password_in_store_url", shown);
    assert!(!shown.contains("geheim"));
}

#[test]
fn a_password_file_is_checked() {
    let missing = Folder::with(
        "[delivery]\nrelay = \"smtp://jan@mail.example.nl\"\npassword_file = \"geheim\"\n",
    );
    let empty = Folder::with("[delivery]\npassword_file = \"geheim\"\n");
    empty.write("geheim", "\n");
    make_private(&empty.path().join("geheim"));
    let shown = [&missing, &empty].map(Folder::faults).join("\n\n");
    insta::assert_snapshot!("password_file_faults", shown);
}

#[cfg(unix)]
#[test]
fn a_password_file_that_others_can_read_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::with("[delivery]\npassword_file = \"geheim\"\n");
    folder.write("geheim", "s3cret\n");
    fs::set_permissions(
        folder.path().join("geheim"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    insta::assert_snapshot!("password_file_open", folder.warnings());
    make_private(&folder.path().join("geheim"));
    assert_eq!(folder.warnings(), "");
}

#[test]
fn an_inbox_is_checked_and_its_password_has_places_of_its_own() {
    let delivery = "[delivery]\nbounces = \"bounces@example.nl\"\n";
    let inbox = |text: &str| Folder::with(&format!("{delivery}[bounces]\n{text}\n"));
    let faulty = [
        "inbox = \"imaps://bounces@mail.example.nl\"",
        "inbox = \"imaps://bounces:geheim@mail.example.nl\"\npassword = \"geheim\"",
        "inbox = \"smtp://bounces@mail.example.nl\"",
        "inbox = \"pop3s://bounces@mail.example.nl/INBOX\"",
        "inbox = \"imaps://mail.example.nl\"\ninbocks = 1",
        "inbox = \"imaps://bounces@mail.example.nl\"\nlogin = \"token\"\npassword_credential = \"retour\"",
        "inbox = \"pop3s://bounces@mail.example.nl\"\npassword_file = \"nergens\"\ntls_root = \"nergens.pem\"",
    ];
    let mut shown: Vec<String> = faulty.iter().map(|text| inbox(text).faults()).collect();
    for text in ["unsubscribe = \"mail\"", "unsubscribe = \"post\""] {
        shown.push(Folder::with(&format!("[bounces]\n{text}\n")).faults());
    }
    let shown = shown.join("\n\n");
    insta::assert_snapshot!("inbox_faults", shown);
    assert!(!shown.contains("geheim"));
    let alone = Folder::with("[bounces]\ninbox = \"Maildir\"\n");
    insta::assert_snapshot!("inbox_warning", alone.warnings());

    let server = "inbox = \"imaps://bounces@mail.example.nl/Retour\"\n";
    let found = |folder: &Folder, variables: &[(&str, &str)]| {
        let loaded = folder.load_with(variables, &Flags::default()).unwrap();
        let password = loaded.config.bounces.password.unwrap();
        password.expose_secret().to_owned()
    };
    let folder = inbox(server);
    folder.write("credentials/bounces-password", "from systemd\n");
    let credentials = folder.path().join("credentials");
    let credentials = ("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap());
    assert_eq!(found(&folder, &[credentials]), "from systemd");
    let named = inbox(&format!("{server}password_file = \"geheim\""));
    named.write("geheim", "from a file\n");
    assert_eq!(found(&named, &[credentials]), "from a file");
    let variable = ("COURANT_BOUNCES__PASSWORD", "from a variable");
    assert_eq!(found(&named, &[credentials, variable]), "from a variable");
    let own = inbox(&format!("{server}password_credential = \"retour\""));
    own.write("credentials/bounces-password", "of the usual name\n");
    own.write("credentials/retour", "of its own name\n");
    let directory = own.path().join("credentials");
    let directory = ("CREDENTIALS_DIRECTORY", directory.to_str().unwrap());
    assert_eq!(found(&own, &[directory]), "of its own name");
    assert_eq!(found(&own, &[directory, variable]), "from a variable");
    let relays = ("COURANT_DELIVERY__PASSWORD", "of the relay");
    assert_eq!(found(&named, &[relays]), "from a file");
}

fn make_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[test]
fn a_dkim_key_is_checked_where_it_is_named() {
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n";
    let folder = Folder::with(
        "[[delivery.dkim]]\nselector = \"een punt\"\nkey_file = \"nergens.pem\"\n\
         [[delivery.dkim]]\nselector = \"a\"\nkey_file = \"leeg.pem\"\ndomein = \"x\"\n\
         [[delivery.dkim]]\nkey = \"geheim\"\n",
    );
    folder.write("leeg.pem", "\n");
    let shown = folder.faults();
    insta::assert_snapshot!("dkim_faults", shown);
    assert!(!shown.contains("geheim"));

    let folder = Folder::with(
        "[delivery]\nlogin = \"xoauth2\"\nmessages_per_connection = 20\n\
         [[delivery.dkim]]\nselector = \"A1\"\nkey_file = \"key.pem\"\n\
         [[delivery.dkim]]\nselector = \"b\"\nkey_file = \"key.pem\"\ndomain = \"elders.example\"\n",
    );
    folder.write("key.pem", key);
    let path = folder.path().join("key.pem");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
    insta::assert_snapshot!("dkim_warnings", folder.warnings());
    let delivery = folder
        .load_with(&[], &Flags::default())
        .unwrap()
        .config
        .delivery;
    assert_eq!(delivery.relays[0].messages_per_connection, 20);
    assert_eq!(
        delivery.relays[0].login,
        Some(courant::model::Login::Xoauth2)
    );
    let names: Vec<_> = delivery.dkim.iter().map(|key| key.record_name()).collect();
    assert_eq!(names[1], "b._domainkey.elders.example");
    assert!(names[0].starts_with("a1._domainkey."), "{names:?}");
    assert!(!format!("{delivery:?}").contains("BwcH"));
}
