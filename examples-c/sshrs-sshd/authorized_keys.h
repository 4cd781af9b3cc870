/* A file of the keys that may log in, in the format of sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
#ifndef AUTHORIZED_KEYS_H
#define AUTHORIZED_KEYS_H

#include "server.h"

/* Looks for a key, and sets what its line forbids; the caller releases the command. The file is read each time, so that a
 * change holds for the next login. A line with an option nobody knows does not count: it may have been meant to forbid. */
bool authorized_keys_find(const char *path, const ssh_key_t *key, struct restrictions *out);

#endif
