//! The POP3 side: as much of RFC 1939 as the client speaks.

use super::{Line, Script};

/// Talks to one client until it leaves.
pub(super) async fn talk(line: &mut Line, script: &Script) -> std::io::Result<()> {
    if !line.acted("GREETING", "").await? {
        line.say("+OK ready\r\n").await?;
    }
    let mut user = String::new();
    loop {
        let command = line.hear().await?;
        if line.acted(&command, "").await? {
            continue;
        }
        let (word, rest) = command.split_once(' ').unwrap_or((&command, ""));
        let mails = line.shared.mails.lock().unwrap().clone();
        match word {
            "CAPA" => {
                let upgrade = script.certificate.is_some() && !line.secure;
                let upgrade = if upgrade { "STLS\r\n" } else { "" };
                let sasl = match script.sasl {
                    "" => String::new(),
                    names => format!("SASL {names}\r\n"),
                };
                line.say(&format!("+OK\r\nUIDL\r\n{upgrade}{sasl}.\r\n"))
                    .await?;
            }
            "STLS" => {
                line.say("+OK\r\n").await?;
                if let Some(certificate) = &script.certificate {
                    line.secure(certificate).await?;
                }
            }
            "AUTH" => {
                line.say("+ \r\n").await?;
                let given = line.hear().await?;
                let right = given == script.response(rest, line.shared.port);
                if !right && matches!(rest, "XOAUTH2" | "OAUTHBEARER") {
                    let reason = Script::reason(&given);
                    line.say(&format!("+ {reason}\r\n")).await?;
                    assert_eq!(line.hear().await?, Script::after_reason(rest));
                }
                line.say(judged(right)).await?;
            }
            "USER" => {
                user = rest.to_owned();
                line.say("+OK\r\n").await?;
            }
            "PASS" => {
                let right = (user.as_str(), rest) == (&script.login.0, &script.login.1);
                line.say(judged(right)).await?;
            }
            "UIDL" | "LIST" => {
                let mails = mails.iter().zip(1..).map(|(mail, at)| match word {
                    "UIDL" => format!("{at} uid-{}\r\n", mail.uid),
                    _ => format!("{at} {}\r\n", mail.text.len()),
                });
                let list: String = mails.collect();
                line.say(&format!("+OK\r\n{list}.\r\n")).await?;
            }
            "RETR" => {
                let number: usize = rest.parse().unwrap();
                let text = String::from_utf8(mails[number - 1].text.clone()).unwrap();
                // Dots at the begin of a line are doubled (RFC 1939 §3).
                let stuffed = format!("\r\n{text}").replace("\r\n.", "\r\n..");
                line.say(&format!("+OK{stuffed}.\r\n")).await?;
            }
            "QUIT" => return line.say("+OK\r\n").await,
            _ => line.say("-ERR what?\r\n").await?,
        }
    }
}

fn judged(right: bool) -> &'static str {
    match right {
        true => "+OK\r\n",
        false => "-ERR [AUTH] wrong\r\n",
    }
}
