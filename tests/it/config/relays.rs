//! One relay, a list, or tables: what each says for itself, and what all share.

use courant::model::{Caps, Login, WarmUp};

use super::*;

fn relays(folder: &Folder, variables: &[(&str, &str)]) -> Vec<courant::config::RelayConfig> {
    let loaded = folder.load_with(variables, &Flags::default());
    loaded.unwrap().config.delivery.relays
}

#[test]
fn tables_say_what_is_theirs_and_the_rest_is_as_in_delivery() {
    let folder = Folder::with(
        "[delivery]\nrate = \"100/min\"\nconnections = 2\nper_day = 2000\nhello = \"a.example\"\n\
         password_file = \"all\"\n\n\
         [[delivery.relay]]\nurl = \"smtps://jan@one.example\"\npassword_file = \"one\"\nconnections = 8\n\
         warm_up = true\nlogin = \"xoauth2\"\n\n\
         [[delivery.relay]]\nurl = \"smtp://jan@two.example\"\nper_day = 500\nrate = \"5/s\"\n\
         messages_per_connection = 20\nhello = \"b.example\"\nwarm_up = { first_day = 10, factor = 1.5 }\n",
    );
    folder.write("all", "for all\n");
    folder.write("one", "for one\n");
    let found = relays(&folder, &[]);
    let [one, two] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(
        [one, two].map(|relay| relay.relay.name()),
        ["jan@one.example:465", "jan@two.example:587"]
    );
    let password = |relay: &courant::config::RelayConfig| {
        let secret = relay.password.as_ref().unwrap();
        secret.expose_secret().to_owned()
    };
    assert_eq!([one, two].map(password), ["for one", "for all"]);
    assert_eq!((one.connections, two.connections), (8, 2));
    let minute = SignedDuration::from_mins(1);
    assert_eq!(one.rate, Some((100, minute)));
    assert_eq!(two.rate, Some((5, SignedDuration::from_secs(1))));
    assert_eq!((one.login, two.login), (Some(Login::Xoauth2), None));
    let messages = [one, two].map(|relay| relay.messages_per_connection);
    assert_eq!(messages, [500, 20]);
    assert_eq!(one.hello.as_deref(), Some("a.example"));
    assert_eq!(two.hello.as_deref(), Some("b.example"));
    let warm_up = |first_day, factor| {
        let until = 20_000;
        Some(WarmUp {
            first_day,
            factor,
            until,
        })
    };
    let caps = |per_day, warm_up| Caps {
        per_day: Some(per_day),
        warm_up,
    };
    assert_eq!(one.caps, caps(2_000, warm_up(50, 2.0)));
    assert_eq!(two.caps, caps(500, warm_up(10, 1.5)));

    // The variable is stronger than the file of all, and not than one of its own.
    let variable = [("COURANT_DELIVERY__PASSWORD", "of the variable")];
    let found = relays(&folder, &variable);
    assert_eq!(password(&found[0]), "for one");
    assert_eq!(password(&found[1]), "of the variable");
}

#[test]
fn each_relay_has_a_credential_of_its_own() {
    let folder = Folder::with(
        "[delivery]\npassword_credential = \"all\"\n\n\
         [[delivery.relay]]\nurl = \"smtps://jan@one.example\"\npassword_credential = \"relay-one\"\n\n\
         [[delivery.relay]]\nurl = \"smtps://jan@two.example\"\npassword_credential = \"two\"\npassword_file = \"two\"\n\n\
         [[delivery.relay]]\nurl = \"smtps://jan@three.example\"\n",
    );
    let passed = [
        ("relay-one", "for one\n"),
        ("two", "for two "),
        ("all", "for all\r\n"),
    ];
    for (name, secret) in passed {
        folder.write(&format!("passed/{name}"), secret);
    }
    folder.write("two", "by hand\n");
    let directory = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let passwords = |variables: &[(&str, &str)]| {
        let found = relays(&folder, variables).into_iter();
        let secret = |one: courant::config::RelayConfig| one.password.unwrap();
        found
            .map(|one| secret(one).expose_secret().to_owned())
            .collect::<Vec<_>>()
    };
    let systemd = directory("passed");
    let systemd = ("CREDENTIALS_DIRECTORY", &*systemd);
    assert_eq!(passwords(&[systemd]), ["for one", "for two ", "for all"]);
    // The variable is for those without their own.
    let variable = ("COURANT_DELIVERY__PASSWORD", "of the variable");
    let expected = ["for one", "for two ", "of the variable"];
    assert_eq!(passwords(&[systemd, variable]), expected);

    // By hand there is the file, where one is named; the others are missed where they stand.
    folder.write("few/relay-one", "for one\n");
    let few = directory("few");
    let few = ("CREDENTIALS_DIRECTORY", &*few);
    let expected = ["for one", "by hand", "of the variable"];
    assert_eq!(passwords(&[few, variable]), expected);
    let shown = [vec![few], vec![]].map(|variables| {
        let loaded = folder.load_with(&variables, &Flags::default());
        folder.show(&loaded.unwrap_err())
    });
    insta::assert_snapshot!("credential_missing", shown.join("\n\n"));
}

#[test]
fn what_is_no_credential_is_refused_where_it_stands() {
    let shown = ["../password", "", "een naam", "a:b", ".."].map(|name| {
        let text = format!(
            "[delivery]\nrelay = \"smtp://jan@one.example\"\npassword_credential = \"{name}\"\n"
        );
        Folder::with(&text).faults()
    });
    insta::assert_snapshot!("credential_faults", shown.join("\n\n"));
}

#[test]
fn a_list_holds_addresses_and_tables_also_in_the_environment() {
    let folder = Folder::with(
        "[delivery]\nwarm_up = true\nrelay = [\"smtp://one.example\", \
         { url = \"smtp://two.example\", warm_up = false, per_day = 9 }]\n",
    );
    let found = relays(&folder, &[]);
    assert!(found[0].caps.warm_up.is_some());
    assert_eq!(
        found[1].caps,
        Caps {
            per_day: Some(9),
            warm_up: None
        }
    );
    let variables = [
        (
            "COURANT_DELIVERY__RELAY",
            "[\"smtp://a.example\", \"smtp://b.example\"]",
        ),
        ("COURANT_DELIVERY__PER_DAY", "70"),
    ];
    let found = relays(&folder, &variables);
    let names: Vec<_> = found.iter().map(|one| one.relay.name()).collect();
    assert_eq!(names, ["a.example:587", "b.example:587"]);
    assert!(found.iter().all(|one| one.caps.per_day == Some(70)));
}

#[test]
fn a_relay_is_found_by_its_name_or_by_its_host() {
    let folder = Folder::with(
        "[delivery]\nrelay = [\"smtp://one.example\", \"smtp://two.example\", \"smtps://two.example\"]\n",
    );
    let loaded = folder.load_with(&[], &Flags::default()).unwrap();
    let named = |name| loaded.config.delivery.relay_named(name);
    assert_eq!(named("One.Example"), Some(0));
    assert_eq!(named("two.example:465"), Some(2));
    assert_eq!(named("two.example"), None, "there are two");
    assert_eq!(named("three.example"), None);
}

#[test]
fn relays_that_do_not_fit_are_refused_where_they_stand() {
    let faults = [
        "relay = [\"smtp://one.example\", \"mailbox\"]",
        "relay = [\"smtp://One.example:587\", \"smtp://one.example\"]",
        "relay = []",
        "relay = 3",
        "relay = [\"smtp://one.example\", 3]",
        "relay = [\"one.example\", \"smtp://two.example/x\"]",
        "relay = [{ url = \"smtp://jan@one.example\", password_file = \"geen\" }]",
        "relay = [{ url = \"smtp://jan@one.example\", password = \"geheim\" }]",
        "relay = [\"smtp://two.example\", { per_day = 3 }]",
        "relay = [{ url = \"smtp://one.example\", per_dag = 3 }]",
        "relay = [{ url = \"smtp://one.example\", on_unknown = \"hold\" }]",
        "per_day = 0",
        "warm_up = 50",
        "warm_up = { first_day = 0, factor = 1, untill = 3 }",
        "warm_up = { factor = \"two\" }",
        "[[delivery.relay]]\nurl = \"smtp://jan@one.example\"",
    ];
    let shown: Vec<String> = faults
        .iter()
        .map(|fault| Folder::with(&format!("[delivery]\n{fault}\n")).faults())
        .collect();
    let shown = shown.join("\n\n");
    insta::assert_snapshot!("relay_faults", shown);
    assert!(!shown.contains("geheim"));
}

#[test]
fn two_hosts_with_one_password_and_one_account_under_two_ports_deserve_a_look() {
    let folder = Folder::with(
        "[delivery]\npassword_file = \"all\"\nper_day = 100\n\
         relay = [\"smtp://jan@one.example\", \"smtp://piet@two.example\", \"smtps://jan@one.example\"]\n",
    );
    folder.write("all", "for all\n");
    use std::os::unix::fs::PermissionsExt as _;
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(folder.path().join("all"), private).unwrap();
    insta::assert_snapshot!("relay_warnings", folder.warnings());
}
