/* known_hosts files: looking hosts up, forgetting them, hashing their names. */
#ifndef HOSTS_H
#define HOSTS_H

#include <stdbool.h>

/* Each works on FILE, or on ~/.ssh/known_hosts where it is NULL, and returns the program's exit status. */

/* Prints the lines for a host, or with fingerprints the keys' fingerprints; 1 if there is none. */
int hosts_find(const char *file, const char *host, bool fingerprints);

/* Removes a host's lines. The old file stays as FILE.old. */
int hosts_remove(const char *file, const char *host);

/* Prints SSHFP records of FILE's key. */
int hosts_records(const char *file, const char *host);

/* Hashes all names. The old file stays as FILE.old. */
int hosts_hash(const char *file);

#endif
