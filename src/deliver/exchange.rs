//! Judges an exchange of commands and replies: what is certain of the message that was ended in it, and of the next one.
//!
//! Pure. Replies are matched with steps by counting. A reply of the wrong kind shows that the count may be off by one:
//! then the connection is given up, and an earlier reply of the same exchange is believed only where every reading of
//! the count says the same.

use super::reply::{is_done, is_go_on, line};
use super::stream::Fault;
use crate::model::Reply;

/// A command of the dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The end of a message.
    Dot,
    Rset,
    Mail,
    Rcpt,
    Data,
}

/// What kept a step from being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Setback {
    /// The relay said no; it is certain that the message was not taken.
    Refused(Step, Reply),
    /// The connection is gone, and the last byte of the message had not left: not taken.
    Lost(String),
    /// The connection is gone after the last byte had left: nobody knows.
    Unknown(String),
}

/// What an exchange came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Of the message that was ended, if one was.
    pub(super) dot: Option<Result<Reply, Setback>>,
    /// Of the envelope, or of `DATA`, whichever was asked last; if one was asked.
    pub(super) envelope: Option<Result<(), Setback>>,
    /// The step at which the relay hung up with a 421, and what it said.
    pub(super) hung_up: Option<(Step, Reply)>,
}

/// The steps of an exchange and the replies so far.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    asked: Vec<Step>,
    heard: Vec<Reply>,
    /// Whether the last byte of the message may have left.
    left: bool,
    broken: Option<Break>,
    hung_up: Option<(Step, Reply)>,
}

/// Why nothing more is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Break {
    cause: String,
    /// The relay lost the thread, or seemed to: the count of replies is in doubt.
    doubt: bool,
}

impl Transcript {
    /// Notes steps that are about to be said.
    pub(super) fn asked(&mut self, steps: impl Iterator<Item = Step>) {
        self.asked.extend(steps);
    }

    pub(super) fn message_has_left(&mut self) {
        self.left = true;
    }

    /// Notes the reply to the next step; false if nothing behind it can be heard or believed.
    pub(super) fn heard(&mut self, reply: Reply) -> bool {
        let step = self.asked.get(self.heard.len()).copied();
        let fits = step.is_some_and(|step| self.fits(step, &reply));
        // RFC 5321 §3.8: the relay is about to hang up, whatever was asked.
        let hangs_up = reply.code == 421;
        let cause = hangs_up.then(|| line(&reply));
        if let Some(step) = step.filter(|_| fits && hangs_up) {
            self.hung_up = Some((step, reply.clone()));
        }
        self.heard.push(reply);
        if !fits {
            self.shut(&Fault::OutOfTurn);
        } else if let Some(cause) = cause {
            self.broke(cause);
        }
        self.broken.is_none()
    }

    /// Notes why the stream was shut.
    pub(super) fn shut(&mut self, fault: &Fault) {
        let doubt = matches!(fault, Fault::OutOfTurn | Fault::NotSmtp | Fault::Endless);
        let cause = fault.to_string();
        self.broken.get_or_insert(Break { cause, doubt });
    }

    /// Notes that the connection ended, with no doubt about what was heard before.
    pub(super) fn broke(&mut self, cause: String) {
        let doubt = false;
        self.broken.get_or_insert(Break { cause, doubt });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Whether a message was to be ended.
    pub(super) fn has_message(&self) -> bool {
        self.asked.contains(&Step::Dot)
    }

    /// Whether an envelope was offered.
    pub(super) fn has_envelope(&self) -> bool {
        self.asked.contains(&Step::Mail)
    }

    /// Whether the connection is of no more use.
    pub(super) fn is_broken(&self) -> bool {
        // A relay that waits for a message to nobody is left alone with it: a lone dot might be taken for one.
        self.broken.is_some() || (self.wants_message() && self.refusal().is_some())
    }

    /// Whether steps behind the last one make sense: no step of an envelope was refused.
    pub(super) fn goes_on(&self) -> bool {
        self.broken.is_none() && self.refusal().is_none()
    }

    /// Whether the relay now waits for a message.
    pub(super) fn goes_on_with_data(&self) -> bool {
        self.goes_on() && self.wants_message()
    }

    /// Whether an envelope was begun that no message followed.
    pub(super) fn left_open(&self) -> bool {
        let newest = self.asked.last();
        newest.is_some_and(|step| matches!(step, Step::Mail | Step::Rcpt | Step::Data))
    }

    pub(super) fn verdict(&self) -> Verdict {
        Verdict {
            dot: self.has_message().then(|| self.dot()),
            envelope: self
                .asked
                .iter()
                .any(|step| *step != Step::Dot)
                .then(|| self.envelope()),
            hung_up: self.hung_up.clone(),
        }
    }

    /// Whether a reply answers a step: yes of the right kind, or no.
    fn fits(&self, step: Step, reply: &Reply) -> bool {
        match step {
            Step::Rset => is_done(reply),
            Step::Data => is_go_on(reply) || reply.code >= 400,
            // No relay takes a recipient for an envelope that it refused: such a yes answers something else.
            Step::Rcpt if self.reply_to(Step::Mail).is_some_and(is_no) => reply.code >= 400,
            Step::Dot | Step::Mail | Step::Rcpt => is_done(reply) || reply.code >= 400,
        }
    }

    fn dot(&self) -> Result<Reply, Setback> {
        let Some(reply) = self.reply_to(Step::Dot) else {
            return Err(self.gone());
        };
        match &self.broken {
            // Were the count off, one of the later replies would be the message's own.
            Some(broken) if broken.doubt && !self.heard.iter().all(is_done) => Err(self.gone()),
            Some(broken) if broken.doubt && self.heard.len() < 2 => Err(self.gone()),
            _ if is_no(reply) => Err(Setback::Refused(Step::Dot, reply.clone())),
            _ => Ok(reply.clone()),
        }
    }

    fn envelope(&self) -> Result<(), Setback> {
        if let Some(Break { cause, doubt: true }) = &self.broken {
            return Err(Setback::Lost(cause.clone()));
        }
        if let Some((step, reply)) = self.refusal() {
            return Err(Setback::Refused(step, reply.clone()));
        }
        match &self.broken {
            Some(broken) => Err(Setback::Lost(broken.cause.clone())),
            None => Ok(()),
        }
    }

    /// What the message is worth for which there is no reply.
    fn gone(&self) -> Setback {
        let cause = self.broken.as_ref().map(|broken| broken.cause.clone());
        let cause = cause.unwrap_or_else(|| Fault::Closed.to_string());
        if self.left {
            Setback::Unknown(cause)
        } else {
            Setback::Lost(cause)
        }
    }

    /// The first step of the envelope that was refused, but not by a relay that hangs up.
    fn refusal(&self) -> Option<(Step, &Reply)> {
        let mut answered = self.asked.iter().copied().zip(&self.heard);
        answered.find(|(step, reply)| *step != Step::Dot && is_no(reply) && reply.code != 421)
    }

    fn wants_message(&self) -> bool {
        self.reply_to(Step::Data).is_some_and(is_go_on)
    }

    fn reply_to(&self, step: Step) -> Option<&Reply> {
        let at = self.asked.iter().position(|asked| *asked == step)?;
        self.heard.get(at)
    }
}

fn is_no(reply: &Reply) -> bool {
    reply.code >= 400
}

#[cfg(test)]
mod tests {
    use super::super::reply::reply;
    use super::*;

    const GROUP: [Step; 4] = [Step::Dot, Step::Mail, Step::Rcpt, Step::Data];

    /// What a group came to whose message has left, to which these codes were said before the fault, if there was one.
    fn after(codes: &[u16], fault: Option<Fault>) -> (String, String, bool) {
        let mut transcript = Transcript::default();
        transcript.asked(GROUP.into_iter());
        transcript.message_has_left();
        for code in codes {
            if !transcript.heard(reply(*code, ["x"])) {
                break;
            }
        }
        if let Some(fault) = fault {
            transcript.shut(&fault);
        }
        let verdict = transcript.verdict();
        let word = |setback: &Setback| match setback {
            Setback::Refused(step, reply) => format!("{step:?} {}", reply.code),
            Setback::Lost(_) => "lost".into(),
            Setback::Unknown(_) => "unknown".into(),
        };
        (
            match verdict.dot.unwrap() {
                Ok(reply) => format!("sent {}", reply.code),
                Err(setback) => word(&setback),
            },
            match verdict.envelope.unwrap() {
                Ok(()) => "go on".into(),
                Err(setback) => word(&setback),
            },
            transcript.is_broken(),
        )
    }

    #[test]
    fn each_of_two_messages_gets_its_own_answer() {
        for (codes, dot, envelope) in [
            (&[250, 250, 250, 354][..], "sent 250", "go on"),
            (&[451, 250, 250, 354], "Dot 451", "go on"),
            (&[250, 250, 550, 554], "sent 250", "Rcpt 550"),
            (&[554, 250, 550, 503], "Dot 554", "Rcpt 550"),
            (&[250, 550, 503, 503], "sent 250", "Mail 550"),
            (&[250, 250, 250, 451], "sent 250", "Data 451"),
        ] {
            let (a, b, broken) = after(codes, None);
            assert_eq!((&*a, &*b, broken), (dot, envelope, false), "{codes:?}");
        }
    }

    #[test]
    fn a_relay_that_wants_a_message_for_nobody_is_left() {
        assert_eq!(
            after(&[250, 250, 550, 354], None),
            ("sent 250".into(), "Rcpt 550".into(), true)
        );
    }

    #[test]
    fn a_broken_connection_leaves_what_was_heard() {
        for (codes, dot, envelope) in [
            (&[][..], "unknown", "lost"),
            (&[250], "sent 250", "lost"),
            (&[451, 250], "Dot 451", "lost"),
            (&[250, 250, 550], "sent 250", "Rcpt 550"),
            (&[421], "Dot 421", "lost"),
            (&[250, 421], "sent 250", "lost"),
        ] {
            for fault in [Fault::Closed, Fault::Silent] {
                let (a, b, broken) = after(codes, Some(fault));
                assert_eq!((&*a, &*b, broken), (dot, envelope, true), "{codes:?}");
            }
        }
    }

    #[test]
    fn a_count_that_is_off_is_noticed_and_proves_nothing() {
        for (codes, dot) in [
            // A stray yes in front of the message's no, or of its yes.
            (&[250, 451, 250, 250][..], "unknown"),
            (&[250, 250, 250, 250], "sent 250"),
            (&[451, 250, 250, 250], "unknown"),
            // "Go on" after the dot is not "taken", nor is one for `MAIL`.
            (&[354], "unknown"),
            (&[250, 354], "unknown"),
            (&[250, 250, 354], "unknown"),
            (&[250, 451, 250], "unknown"),
        ] {
            let (a, b, broken) = after(codes, None);
            assert_eq!((&*a, &*b, broken), (dot, "lost", true), "{codes:?}");
        }
        let stray = after(&[250, 250, 250], Some(Fault::OutOfTurn));
        assert_eq!(stray.0, "sent 250");
        assert_eq!(after(&[250], Some(Fault::OutOfTurn)).0, "unknown");
    }
}
