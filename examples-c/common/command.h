/* Programs this one starts: xauth, a proxy. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Starts a program, looked for in PATH, with signals as a shell would give them; a descriptor that is -1 is /dev/null. Returns
 * its process, or -1 with errno. */
pid_t command_start(const char *const *arguments, int input, int output, int errors);

/* Waits for the end, so long at most; false: it still runs. *status is waitpid's. A negative time is for ever. */
bool command_wait(pid_t process, int timeout_ms, int *status);

/* "exit status 1", "signal 9". */
void command_name_end(int status, char *out, size_t size);

/* Runs a program to its end without a word of its own, and keeps the start of what it prints. What it says to its end is
 * given through its standard input; NULL is nothing. False, with errno or 0, unless it ended well. */
bool command_run(const char *const *arguments, const char *input, char *output, size_t output_size);

#endif
