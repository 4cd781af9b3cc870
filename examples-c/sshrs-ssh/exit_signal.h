/* Signals' names as SSH knows them. */
#ifndef EXIT_SIGNAL_H
#define EXIT_SIGNAL_H

/* The number of "TERM" and the like (RFC 4254 section 6.10) on this system, 0 if it has none. */
int exit_signal_number(const char *name);

#endif
