/* A key's certificate, from the file beside it or from one that was named. */
#ifndef CERTIFICATE_H
#define CERTIFICATE_H

#include <sshrs.h>
#include <stdbool.h>

/* The key together with the certificate in `path`; owned by the caller. NULL if that is another key's, which is no mistake
 * where several were named, or cannot be read, which is reported. */
ssh_key_t *certificate_join(const ssh_key_t *key, const char *path);

/* Likewise with the file "KEY_PATH-cert.pub", NULL without a word if there is none. */
ssh_key_t *certificate_join_beside(const ssh_key_t *key, const char *key_path);

#endif
