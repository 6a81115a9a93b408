//! A new newsletter.

use super::*;

#[test]
fn a_new_newsletter_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("nieuws");
    let written = init(&target, &[]).unwrap().files;
    assert!(written.iter().all(|path| path.is_file()));
    let names: Vec<String> = written
        .iter()
        .map(|path| path.strip_prefix(&target).unwrap().display().to_string())
        .collect();
    insta::assert_snapshot!("init_files", names.join("\n"));

    let loaded = Config::load(&target, &environment(&[]), &Flags::default()).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!(loaded.config.delivery.relays[0].relay, Relay::Mailbox);
    assert_eq!(loaded.config.schedules[0].first_run, FirstRun::Send);
    assert!(loaded.config.template_overrides.is_empty());
    let read = subscribers(&loaded.config).unwrap();
    assert_eq!((read.list.entries.len(), read.faults.len()), (1, 0));
}

#[test]
fn a_new_newsletter_overwrites_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("posts")).unwrap();
    fs::write(folder.path().join("posts/welcome.md"), "mine").unwrap();
    let fault = init(folder.path(), &[]).unwrap_err();
    let shown = fault
        .to_string()
        .replace(&format!("{}/", folder.path().display()), "");
    insta::assert_snapshot!("init_refused", shown);
    assert_eq!(
        fs::read_to_string(folder.path().join("posts/welcome.md")).unwrap(),
        "mine"
    );
    assert!(!folder.path().join("courant.toml").exists());
}
