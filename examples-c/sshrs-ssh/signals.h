/* Signals: the terminal is put back before a signal ends the program, and a new window size is passed on. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <sshrs.h>
#include <stdbool.h>

/* Call before the library is used: its threads must not take the signals. clean_up runs before a signal ends the program. */
bool signals_start(void (*clean_up)(void));

/* Where window changes go; NULL: nowhere. */
void signals_set_pty(ssh_channel_t *channel);

#endif
