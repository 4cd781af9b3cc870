/* --echo: commands served in process, for tests and benchmarks. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

#define BUFFER_SIZE (256 * 1024)

struct echo {
    struct session *session;
    enum { ECHO_INPUT, SEND_ZEROS, COUNT_INPUT } what;
    uint64_t bytes;
    char buf[BUFFER_SIZE];
};

static bool send_zeros(struct echo *echo, ssh_channel_t *channel)
{
    uint64_t left = echo->bytes;

    while (left > 0) {
        size_t n = left < sizeof echo->buf ? (size_t)left : sizeof echo->buf;

        if (ssh_channel_sendall(channel, echo->buf, n, SSH_WAIT_FOREVER, NULL) != SSH_OK)
            return false;
        left -= n;
    }
    return true;
}

static bool count_input(struct echo *echo, ssh_channel_t *channel)
{
    ssh_status_t rc = SSH_OK;
    uint64_t counted = 0;
    char text[32];
    size_t n;

    while (counted < echo->bytes &&
           (rc = ssh_channel_recv(channel, echo->buf, sizeof echo->buf, SSH_WAIT_FOREVER, &n)) == SSH_OK)
        counted += n;
    if (rc != SSH_OK && rc != SSH_EOF)
        return false;
    snprintf(text, sizeof text, "%" PRIu64 "\n", counted);
    return ssh_channel_sendall(channel, text, strlen(text), SSH_WAIT_FOREVER, NULL) == SSH_OK;
}

static bool echo_input(struct echo *echo, ssh_channel_t *channel)
{
    ssh_status_t rc;
    size_t n;

    while ((rc = ssh_channel_recv(channel, echo->buf, sizeof echo->buf, SSH_WAIT_FOREVER, &n)) == SSH_OK)
        if (ssh_channel_sendall(channel, echo->buf, n, SSH_WAIT_FOREVER, NULL) != SSH_OK)
            return false;
    return rc == SSH_EOF;
}

static void *serve(void *argument)
{
    struct echo *echo = argument;
    struct session *session = echo->session;
    struct connection *connection = session->connection;
    ssh_channel_t *channel = session->channel;
    bool ok = echo->what == SEND_ZEROS    ? send_zeros(echo, channel)
              : echo->what == COUNT_INPUT ? count_input(echo, channel)
                                          : echo_input(echo, channel);

    ssh_channel_send_exit_status(channel, ok ? 0 : 1);
    ssh_channel_shutdown_write(channel);
    ssh_channel_close(channel);
    free(echo);
    session_free(session);
    connection_release(connection);
    return NULL;
}

/* "source 1000": the number behind the word. */
static bool is_counted(const char *command, const char *word, uint64_t *out)
{
    size_t len = strlen(word);
    char *end;

    if (command == NULL || strncmp(command, word, len) != 0 || command[len] != ' ')
        return false;
    *out = strtoull(command + len + 1, &end, 10);
    return end != command + len + 1 && *end == '\0';
}

bool serve_echo(struct session *session, const char *command)
{
    struct echo *echo = calloc(1, sizeof *echo);

    if (echo == NULL)
        return false;
    echo->session = session;
    if (is_counted(command, "source", &echo->bytes))
        echo->what = SEND_ZEROS;
    else if (is_counted(command, "sink", &echo->bytes))
        echo->what = COUNT_INPUT;
    if (connection_start_thread(session->connection, serve, echo))
        return true;
    free(echo);
    return false;
}
