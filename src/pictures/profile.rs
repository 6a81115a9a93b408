//! Which colour profiles are passed on with a copy.
//!
//! A camera's or a telephone's says what its red, green and blue mean; without it wide colours look dull. What a
//! stranger's file holds reaches every reader's mail program, so only a profile that is short, whole and plain goes on.

/// The longest profile that is kept, in bytes: enough for those of cameras and telephones.
const MAX_PROFILE: usize = 4096;

/// The most entries of its table: those of cameras have nine to seventeen.
const MAX_TAGS: usize = 40;

/// The head of a profile, in bytes (ICC.1:2022, §7.2).
const HEAD: usize = 128;

/// Whether the profile is short, as long as it says, for red, green and blue, and has all that its table names.
pub(super) fn is_kept(profile: &[u8]) -> bool {
    profile.len() <= MAX_PROFILE
        && number(profile, 0) == Some(profile.len())
        && profile.get(16..20) == Some(b"RGB ")
        && profile.get(36..40) == Some(b"acsp")
        && has_its_tags(profile)
}

/// A count, then a name, a place and a length each (ICC.1:2022, §7.3).
fn has_its_tags(profile: &[u8]) -> bool {
    let Some(count @ 1..=MAX_TAGS) = number(profile, HEAD) else {
        return false;
    };
    let table = HEAD + 4 + count * 12;
    (0..count).all(|nth| {
        let entry = HEAD + 4 + nth * 12;
        let (from, length) = (number(profile, entry + 4), number(profile, entry + 8));
        from.zip(length).is_some_and(|(from, length)| {
            from >= table && profile.get(from..from + length).is_some()
        })
    })
}

fn number(profile: &[u8], at: usize) -> Option<usize> {
    let bytes = profile.get(at..at + 4)?;
    let number = u32::from_be_bytes(bytes.try_into().ok()?);
    usize::try_from(number).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A profile of one tag, of so many bytes.
    pub(in crate::pictures) fn profile(length: usize) -> Vec<u8> {
        let mut profile = vec![0; length];
        profile[..4].copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
        profile[16..20].copy_from_slice(b"RGB ");
        profile[36..40].copy_from_slice(b"acsp");
        profile[131] = 1;
        profile[132..136].copy_from_slice(b"desc");
        profile[139] = 144;
        profile[143] = 12;
        profile
    }

    #[test]
    fn a_plain_profile_is_kept_and_a_strange_one_is_not() {
        assert!(is_kept(&profile(600)));
        assert!(is_kept(&profile(MAX_PROFILE)));
        assert!(!is_kept(&profile(MAX_PROFILE + 1)), "too long");
        assert!(!is_kept(&profile(600)[..599]), "cut");
        assert!(!is_kept(b""));
        let spoiled = |at: usize, byte: u8| {
            let mut profile = profile(600);
            profile[at] = byte;
            is_kept(&profile)
        };
        assert!(!spoiled(16, b'G'), "grey");
        assert!(!spoiled(36, b'x'), "no profile");
        assert!(!spoiled(130, 1), "257 tags");
        assert!(!spoiled(131, 0), "none");
        assert!(!spoiled(139, 100), "a tag within the table");
        assert!(!spoiled(140, 255), "a tag longer than its profile");
    }
}
