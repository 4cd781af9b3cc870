/* The algorithm lists a user can set. */
#ifndef ALGORITHMS_H
#define ALGORITHMS_H

#include <sshrs.h>
#include <stdbool.h>

/* Comma-separated, or an edit of the library's list ("+a", "-b", "^c"); NULL leaves one as it is. */
struct algorithm_names {
    const char *kex;
    const char *host_keys;
    const char *ciphers;
    const char *macs;
    const char *pubkeys;
};

/* Sets the lists that are given. Reports what is wrong with one and returns false. */
bool algorithms_apply(const struct algorithm_names *names, ssh_security_options_t *security);

#endif
