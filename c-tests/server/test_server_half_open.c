/* 200 connections that never finish, in every stage, keep nobody from logging in, and are gone when their grace time is
 * over. */
#include "server.h"
#include <poll.h>

#define HALF_OPEN 200
/* Every 40th of them finishes its key exchange. */
#define EXCHANGED 40

static ssh_transport_t *silent[HALF_OPEN];
static ssh_transport_t *stuck[HALF_OPEN / EXCHANGED];
static int fds[HALF_OPEN];

static int connect_local(uint32_t port)
{
    struct sockaddr_in at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_port = htons((uint16_t)port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0);
    return fd;
}

int main(void)
{
    static const char *const says[] = {"", "SSH-2.0-half\r\n", "SSH-2.0-half\r\n\0\0\1"};
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_server_hooks_t hooks = usual_hooks();
    int64_t end;
    ssh_event_t *started;
    uint32_t port;
    int i, listener = listen_local(&port);
    pair_t pair;

    options.login_grace_ms = 3000 + 20 * login_ms(&hooks);
    options.banner_timeout_ms = options.handshake_timeout_ms = 10 * WAIT_MS;
    CHECK_OK(ssh_event_new(&started));
    for (i = 0; i < HALF_OPEN; i++) {
        if (i % EXCHANGED == 3) {
            /* Key exchange done, no login. */
            CHECK_OK(ssh_transport_new_address("127.0.0.1", port, NULL, WAIT_MS, &stuck[i / EXCHANGED]));
            silent[i] = server_accept(listener, &options);
            CHECK_OK(ssh_transport_start_server_event(silent[i], &hooks, started));
            CHECK_OK(ssh_transport_start_client(stuck[i / EXCHANGED], WAIT_MS));
            fds[i] = -1;
        } else {
            const char *say = says[i % 3];
            ssize_t len = i % 3 == 2 ? 17 : (ssize_t)strlen(say);

            fds[i] = connect_local(port);
            silent[i] = server_accept(listener, &options);
            CHECK(len == 0 || write(fds[i], say, (size_t)len) == len);
            CHECK_OK(ssh_transport_start_server_event(silent[i], &hooks, started));
        }
    }
    close(listener);

    /* All of them are still there when the next one is in. */
    pair = pair_open(&hooks);
    CHECK_OK(log_in(pair.client, "secret"));
    ssh_channel_free(test_exec(pair.client, "x"));
    for (i = 0; i < HALF_OPEN; i++) {
        struct pollfd hangup = {fds[i], POLLIN | POLLHUP, 0};
        char buf[4096];

        /* The server's identification and KEXINIT may be read; no end is. */
        while (fds[i] >= 0 && poll(&hangup, 1, 0) > 0)
            CHECK(read(fds[i], buf, sizeof buf) > 0);
        CHECK(fds[i] >= 0 || ssh_transport_is_active(silent[i]));
    }

    end = now_ms() + options.login_grace_ms + WAIT_MS;
    for (i = 0; i < HALF_OPEN; i++) {
        char buf[4096];

        if (fds[i] >= 0) {
            struct pollfd readable = {fds[i], POLLIN, 0};

            do
                CHECK(poll(&readable, 1, (int)options.login_grace_ms + WAIT_MS) == 1);
            while (read(fds[i], buf, sizeof buf) > 0);
            close(fds[i]);
        } else {
            while (ssh_transport_is_active(silent[i])) {
                CHECK(now_ms() < end);
                sleep_ms(5);
            }
        }
        ssh_transport_free(silent[i]);
    }
    ssh_channel_free(test_exec(pair.client, "x"));
    for (i = 0; i < HALF_OPEN / EXCHANGED; i++)
        ssh_transport_free(stuck[i]);
    ssh_event_free(started);
    pair_free(&pair);
    return 0;
}
