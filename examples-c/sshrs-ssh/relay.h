/* Moves bytes between a channel and this process's stdin, stdout and stderr. */
#ifndef RELAY_H
#define RELAY_H

#include <sshrs.h>
#include <stdbool.h>
#include <stdint.h>

struct relay;

/* Starts the three copies. NULL, and reported, if that fails. */
struct relay *relay_start(ssh_channel_t *channel);

/* Waits until everything the channel had to say is written out. Reports a failure and returns false. */
bool relay_finish_output(struct relay *relay);

/* Stops reading stdin, closes the channel and releases the relay; sets how many bytes went each way. */
void relay_stop(struct relay *relay, uint64_t *sent, uint64_t *received);

#endif
