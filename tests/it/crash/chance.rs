//! What goes wrong on the server's side and where a run is struck, as the seed says.

use courant::model::{Chance as _, SeededChance};

use super::scene::ASKING;
use crate::support::smtp::{Act, Rule, Stage, at};

/// The choices of a campaign.
pub struct Choices(SeededChance);

impl Choices {
    pub fn new(seed: u64) -> Self {
        Self(SeededChance::new(seed))
    }

    pub fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % limit as u64).unwrap()
    }

    pub fn one_of<T: Clone>(&self, list: &[T]) -> T {
        list[self.below(list.len())].clone()
    }

    pub fn is_so(&self) -> bool {
        self.below(2) == 0
    }

    /// A stage of the dialogue, and the arrival at it, from now on, at which a run is struck.
    pub fn point(&self, stride: usize) -> (Stage, usize) {
        let stages = [
            Stage::Mail,
            Stage::Rcpt,
            Stage::Data,
            Stage::Body,
            Stage::Dot,
            Stage::Answered,
        ];
        (self.one_of(&stages), 1 + self.below(stride))
    }

    /// Something that goes wrong once, at an arrival before the next kill or after it.
    pub fn fault(&self, stride: usize) -> Rule {
        self.one_fault(stride, &[Act::Say("421 4.3.2 closing".into())])
    }

    /// The same; nobody says that we are too many.
    pub fn quiet_fault(&self, stride: usize) -> Rule {
        self.one_fault(stride, &[])
    }

    fn one_fault(&self, stride: usize, more: &[Act]) -> Rule {
        let stage = self.one_of(&[Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot]);
        let mut acts = vec![
            Act::Drop,
            Act::Reset,
            Act::Say("451 4.3.0 later".into()),
            Act::Say("354 go on".into()),
            Act::Raw(b"250 2.0.0 ok\r\n250 and another\r\n".to_vec()),
            Act::Raw(b"HTTP/1.1 200 OK\r\n".to_vec()),
        ];
        acts.extend_from_slice(more);
        let act = self.one_of(&acts);
        // What is answered with yes is stored; what ends without a word may be, or not.
        let says_yes = matches!(&act, Act::Raw(bytes) if bytes.starts_with(b"250"));
        let silent = matches!(act, Act::Drop | Act::Reset);
        let rule = at(stage).skip(self.below(stride)).times(1).act(act);
        match says_yes || (silent && self.is_so()) {
            true => rule.stored(),
            false => rule,
        }
    }

    /// A relay that fails in the middle of a run: each of so many connections breaks off behind a dot, and no other is
    /// opened as often as makes a run leave it.
    pub fn collapse(&self, stride: usize, connections: usize) -> [Rule; 2] {
        let dots = at(Stage::Dot).skip(self.below(stride)).times(connections);
        let dots = if self.is_so() { dots.stored() } else { dots };
        [dots, down().skip(connections)]
    }

    /// A refusal for good of one reader.
    pub fn refusal(&self, reader: &str) -> Rule {
        let stage = self.one_of(&[Stage::Rcpt, Stage::Dot]);
        let words = ["550 5.7.1 not you", "552 5.2.2 full", "554 5.6.0 not this"];
        at(stage).to(reader).times(1).say(self.one_of(&words))
    }

    /// The server of a domain wants fewer mails.
    pub fn complaint(&self) -> Rule {
        let domain = self.one_of(&ASKING);
        let stage = self.one_of(&[Stage::Rcpt, Stage::Dot]);
        let words = ["451 4.7.1 too many of you", "450 4.7.650 too fast"];
        let often = 1 + self.below(2);
        at(stage)
            .to(&format!("@{domain}"))
            .times(often)
            .say(self.one_of(&words))
    }
}

/// Nobody is let in, as often in a row as makes a run leave a relay.
pub fn down() -> Rule {
    at(Stage::Connect).times(3)
}
