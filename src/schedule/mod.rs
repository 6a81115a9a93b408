//! cron lines and time zones become due times.
