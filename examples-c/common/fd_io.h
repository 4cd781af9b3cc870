/* Writing to file descriptors. */
#ifndef FD_IO_H
#define FD_IO_H

#include <stdbool.h>
#include <stddef.h>

/* Writes everything, also where the descriptor does not block; false, with errno, if that fails. */
bool fd_write_all(int fd, const char *data, size_t len);

#endif
