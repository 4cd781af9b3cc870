/* Which keys and certificates let the account in, and what it may do then. */
#ifndef ADMISSION_H
#define ADMISSION_H

#include "server.h"

/* What the key, with its certificate if it has one, lets the account do; NULL where it does not let it in. The files are read
 * each time, so that a change holds for the next login. The caller releases the result. */
ssh_permissions_t *admission_check(const struct connection *connection, const ssh_key_t *key);

/* Reads every file once, for what is wrong with it; false, and reported, where one cannot be used. */
bool admission_try(const struct config *config);

#endif
