/* Signals' names as SSH knows them (RFC 4254 section 6.10). */
#ifndef SIGNAL_NAMES_H
#define SIGNAL_NAMES_H

/* The number of "TERM" and the like on this system, 0 if it has none. */
int signal_number(const char *name);

/* The name of a number, NULL where SSH has none. */
const char *signal_name(int number);

#endif
