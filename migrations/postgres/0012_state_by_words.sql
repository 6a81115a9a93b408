-- SQLite compares the words of a delivery's state one by one from here on; here a list costs nothing more.

SELECT 1;
