#include "fd_io.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

bool fd_write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);

        if (n < 0 && errno == EAGAIN) {
            /* Someone else who has the same open file made it non-blocking: wait for room. */
            struct pollfd room = {fd, POLLOUT, 0};
            poll(&room, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return false;
        } else if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return true;
}
