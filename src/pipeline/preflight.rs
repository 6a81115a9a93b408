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
        let weights = weights(issue);
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
}

/// How many of the faults stop an issue.
pub(super) fn errors(found: &[Diagnostic]) -> usize {
    let errors = found
        .iter()
        .filter(|fault| fault.severity == Severity::Error);
    errors.count()
}

/// Bytes of the files that go with the posts, by the address they will have.
fn weights(issue: &Issue) -> BTreeMap<String, u64> {
    let files = issue.posts.iter().flat_map(|(_, post)| &post.files);
    files
        .filter_map(|file| {
            let bytes = std::fs::metadata(&file.path).ok()?.len();
            Some((format!("{}/{}", issue.masthead.url, file.name), bytes))
        })
        .collect()
}
