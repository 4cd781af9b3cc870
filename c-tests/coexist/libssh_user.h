/* What libssh_user.so offers; nothing of libssh's own names appears here. */
#ifndef LIBSSH_USER_H
#define LIBSSH_USER_H

/* libssh's version. */
const char *libssh_user_version(void);
/* Runs `echo libssh` on the server with libssh; 0 where its output came back. */
int libssh_user_run(const char *host, unsigned port, const char *user, const char *key_file);

#endif
