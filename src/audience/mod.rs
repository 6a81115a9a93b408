//! what readers ask: consent, suppressions, tokens.
