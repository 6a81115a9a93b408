//! Looks over an issue before it is sealed, with the weight of the pictures that go with it.

use std::collections::BTreeMap;

use super::Pipeline;
use crate::compose::{OwnLines, Preflight};
use crate::model::{Diagnostic, Issue, Schedule, SealedVariant, Severity};

impl Pipeline {
    /// What the preflight finds in the variants of an issue, each fault once.
    pub(super) fn preflight(
        &self,
        issue: &Issue,
        variants: &[SealedVariant],
        schedule: &Schedule,
    ) -> Vec<Diagnostic> {
        let weights = self.weights(issue);
        let mut found: Vec<Diagnostic> = self.composer.warnings().to_vec();
        for sealed in variants {
            let faults = Preflight {
                issue,
                variant: &sealed.variant,
                digest: &sealed.digest,
                own: OwnLines::of(schedule),
                weights: &weights,
            }
            .look();
            for fault in faults {
                if !found.contains(&fault) {
                    found.push(fault);
                }
            }
        }
        found
    }

    /// Bytes of the pictures that go with the posts, by the address they will have: of our copies, and of the files that
    /// stay what they are.
    fn weights(&self, issue: &Issue) -> BTreeMap<String, u64> {
        let files = issue.posts.iter().flat_map(|(_, post)| &post.files);
        let files = files.map(|file| format!("/{}", file.name));
        let copies = self.addresses_of_copies(issue).cloned();
        files
            .chain(copies)
            .filter_map(|address| {
                let path = self.picture_of(issue, address.strip_prefix('/')?)?;
                let bytes = std::fs::metadata(path).ok()?.len();
                Some((format!("{}{address}", issue.masthead.url), bytes))
            })
            .collect()
    }
}

/// How many of the faults stop an issue.
pub(super) fn errors(found: &[Diagnostic]) -> usize {
    let errors = found
        .iter()
        .filter(|fault| fault.severity == Severity::Error);
    errors.count()
}
