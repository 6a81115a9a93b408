//! issues and posts become feeds and archive pages.
