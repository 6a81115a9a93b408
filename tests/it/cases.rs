//! What people reported of other products, re-made: each case drives the program as its user does.
//!
//! `COURANT=/path/of/another/courant` holds the same cases against another program.

mod cron;
mod placeholders;
mod status;
mod local_servers;
