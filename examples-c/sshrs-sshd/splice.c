#include "splice.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fd_io.h"

#define BUFFER_SIZE (64 * 1024)

struct splice {
    ssh_channel_t *channel;
    int fd;
};

/* From the channel to the socket. */
static void *copy_out(void *argument)
{
    const struct splice *splice = argument;
    char *buf = malloc(BUFFER_SIZE);
    ssh_status_t rc = SSH_OK;
    size_t n;

    while (buf != NULL && (rc = ssh_channel_recv(splice->channel, buf, BUFFER_SIZE, SSH_WAIT_FOREVER, &n)) == SSH_OK) {
        if (!fd_write_all(splice->fd, buf, n)) {
            ssh_channel_close(splice->channel);
            break;
        }
    }
    free(buf);
    /* An end of file leaves the other direction; a channel that is gone ends it. */
    shutdown(splice->fd, rc == SSH_EOF && !ssh_channel_is_closed(splice->channel) ? SHUT_WR : SHUT_RDWR);
    return NULL;
}

/* From the socket to the channel. */
static void copy_in(const struct splice *splice)
{
    char *buf = malloc(BUFFER_SIZE);
    ssize_t n = -1;

    while (buf != NULL && ((n = read(splice->fd, buf, BUFFER_SIZE)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0 && ssh_channel_sendall(splice->channel, buf, (size_t)n, SSH_WAIT_FOREVER, NULL) != SSH_OK)
            break;
    free(buf);
    if (n == 0)
        ssh_channel_shutdown_write(splice->channel);
    else
        ssh_channel_close(splice->channel);
}

void splice(ssh_channel_t *channel, int fd)
{
    struct splice splice = {channel, fd};
    pthread_t out;

    if (pthread_create(&out, NULL, copy_out, &splice) == 0) {
        copy_in(&splice);
        pthread_join(out, NULL);
    }
    ssh_channel_close(channel);
}
