/* Passwords and passphrases: from a file or the terminal, wiped after use. */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
    char bytes[1024];
    size_t len;
};

/* Reads a file's first line. Reports what is wrong with it and returns false. */
bool secret_read_file(struct secret *secret, const char *path);

/* Asks at the terminal, whatever stdin is; shows what is typed if echo. False without a terminal or at its end of file.
 * The prompt may be the server's: control characters are left out. */
bool secret_ask(struct secret *secret, const char *prompt, size_t prompt_len, bool echo);

void secret_wipe(struct secret *secret);

#endif
