//! The IMAP side: as much of RFC 9051 as the client speaks.

use super::{Line, Script};

/// Talks to one client until it leaves.
pub(super) async fn talk(line: &mut Line, script: &Script) -> std::io::Result<()> {
    if !line.acted("GREETING", "*").await? {
        line.say("* OK ready\r\n").await?;
    }
    loop {
        let heard = line.hear().await?;
        let (tag, command) = heard.split_once(' ').unwrap_or((&heard, ""));
        if line.acted(command, tag).await? {
            continue;
        }
        let done = format!("{tag} OK done\r\n");
        match command.split(' ').next().unwrap_or("") {
            "CAPABILITY" => {
                let upgrade = script.certificate.is_some() && !line.secure;
                let upgrade = if upgrade { " STARTTLS" } else { "" };
                let sasl = script.sasl.split_whitespace();
                let sasl: String = sasl.map(|name| format!(" AUTH={name}")).collect();
                let at_once = if script.at_once { " SASL-IR" } else { "" };
                let offers = format!("* CAPABILITY IMAP4rev1{upgrade}{sasl}{at_once}\r\n{done}");
                line.say(&offers).await?;
            }
            "STARTTLS" => {
                line.say(&done).await?;
                if let Some(certificate) = &script.certificate {
                    line.secure(certificate).await?;
                }
            }
            "AUTHENTICATE" => {
                let mut words = command.split(' ').skip(1);
                let mechanism = words.next().unwrap_or_default();
                let given = match words.next().filter(|_| script.at_once) {
                    Some(given) => given.to_owned(),
                    None => {
                        line.say("+ \r\n").await?;
                        line.hear().await?
                    }
                };
                let right = given == script.response(mechanism, line.shared.port);
                if !right && matches!(mechanism, "XOAUTH2" | "OAUTHBEARER") {
                    let reason = Script::reason(&given);
                    line.say(&format!("+ {reason}\r\n")).await?;
                    assert_eq!(line.hear().await?, Script::after_reason(mechanism));
                }
                line.say(&judged(tag, right)).await?;
            }
            "LOGIN" => {
                let (user, password) = &script.login;
                let password = password.replace('\\', "\\\\").replace('"', "\\\"");
                let right = command == format!("LOGIN \"{user}\" \"{password}\"");
                line.say(&judged(tag, right)).await?;
            }
            "SELECT" => {
                let mails = line.shared.mails.lock().unwrap().len();
                let text = format!("* {mails} EXISTS\r\n{tag} OK [READ-WRITE] done\r\n");
                line.say(&text).await?;
            }
            "UID" => uid(line, command, &done).await?,
            "LOGOUT" => return line.say(&format!("* BYE\r\n{done}")).await,
            _ => line.say(&format!("{tag} BAD what?\r\n")).await?,
        }
    }
}

fn judged(tag: &str, right: bool) -> String {
    match right {
        true => format!("{tag} OK done\r\n"),
        false => format!("{tag} NO [AUTHENTICATIONFAILED] wrong\r\n"),
    }
}

async fn uid(line: &mut Line, command: &str, done: &str) -> std::io::Result<()> {
    let words: Vec<&str> = command.split(' ').collect();
    let numbers: Vec<u32> = words[2].split(',').flat_map(str::parse).collect();
    let mails = line.shared.mails.lock().unwrap().clone();
    match words[1] {
        "SEARCH" => {
            let unseen = mails.iter().filter(|mail| !mail.seen);
            let unseen: String = unseen.map(|mail| format!(" {}", mail.uid)).collect();
            line.say(&format!("* SEARCH{unseen}\r\n")).await?;
        }
        "FETCH" => {
            for (mail, at) in mails.iter().zip(1..) {
                if !numbers.contains(&mail.uid) {
                    continue;
                }
                let text = &mail.text[..mail.text.len().min(most(command))];
                let (uid, octets) = (mail.uid, text.len());
                // Something that nobody asked about may be told at any time.
                let head = format!(
                    "* {at} FETCH (FLAGS (\\Recent))\r\n* {at} FETCH (UID {uid} BODY[]<0> {{{octets}}}\r\n"
                );
                line.say(&head).await?;
                line.send(text).await?;
                line.say(")\r\n").await?;
            }
        }
        "STORE" => {
            assert_eq!(words[3..], ["+FLAGS.SILENT", "(\\Seen)"]);
            let mut mails = line.shared.mails.lock().unwrap();
            for mail in mails.iter_mut() {
                mail.seen |= numbers.contains(&mail.uid);
            }
        }
        _ => {}
    }
    line.say(done).await
}

/// The most octets that a command asks for: `BODY.PEEK[]<0.MOST>`.
fn most(command: &str) -> usize {
    let (_, most) = command.rsplit_once("<0.").unwrap();
    most.trim_end_matches(">)").parse().unwrap()
}
