//! Takes a file of mail apart: one message, or many in mbox form.

use mail_parser::mailbox::mbox::MessageIterator;

/// The messages of a text: many where it begins as an mbox does (RFC 4155), else the one that it is.
pub fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    if !bytes.starts_with(b"From ") {
        return vec![bytes.to_vec()];
    }
    let messages = MessageIterator::new(bytes);
    // Reading from memory does not fail.
    messages
        .map_while(Result::ok)
        .map(|message| message.unwrap_contents())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mbox_is_taken_apart_and_a_message_is_not() {
        let mbox = b"From a@x Mon Nov 23 08:00:00 2026\nTo: b\n\n>From here\n\nFrom c@x Mon Nov 23 08:00:01 2026\nTo: d\n\ntext\n";
        let messages = split(mbox);
        assert_eq!(messages.len(), 2);
        assert_eq!(messages[0], b"To: b\n\nFrom here\n\n");
        assert_eq!(split(b"To: b\n\nFrom x\n").len(), 1);
        assert_eq!(split(b"").len(), 1);
    }
}
