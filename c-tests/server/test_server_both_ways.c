/* Both ends push 256 MiB at each other at once, through socket buffers of 4 KiB, on TCP and on a pair of Unix sockets:
 * neither stops reading because it cannot write. On TCP they change keys meanwhile. Every byte is checked. */
#include "server.h"

/* What one direction carries: a counter in every eight bytes. */
static uint64_t total = 256u << 20;

typedef struct stream {
    ssh_channel_t *channel;
    uint64_t salt;
} stream_t;

static uint64_t word_at(const stream_t *stream, uint64_t index)
{
    return (index + 1) * 0x9E3779B97F4A7C15u ^ stream->salt;
}

static void *push(void *arg)
{
    const stream_t *stream = arg;
    uint64_t words[4096], at, i;

    for (at = 0; at < total / 8; at += 4096) {
        for (i = 0; i < 4096; i++)
            words[i] = word_at(stream, at + i);
        CHECK_OK(ssh_channel_sendall(stream->channel, words, sizeof words, WAIT_MS, NULL));
    }
    CHECK_OK(ssh_channel_shutdown_write(stream->channel));
    return NULL;
}

static void *pull(void *arg)
{
    const stream_t *stream = arg;
    uint64_t words[4096], got = 0, i;
    size_t kept = 0, n;
    ssh_status_t rc;

    while ((rc = ssh_channel_recv(stream->channel, (char *)words + kept, sizeof words - kept, WAIT_MS, &n)) == SSH_OK) {
        n += kept;
        for (i = 0; i < n / 8; i++)
            CHECK(words[i] == word_at(stream, got / 8 + i));
        got += n / 8 * 8;
        kept = n % 8;
        memmove(words, &words[i], kept);
    }
    CHECK_STATUS(rc, SSH_EOF);
    CHECK(got == total && kept == 0);
    return NULL;
}

static ssh_transport_t *over(int fd, ssh_key_t *key, uint64_t rekey_bytes)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    ssh_transport_t *transport;
    int size = 4096;

    options.rekey_bytes = rekey_bytes;
    CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
    CHECK_OK(ssh_transport_new_fd(fd, &options, &transport));
    if (key != NULL)
        CHECK_OK(ssh_transport_add_server_key(transport, key));
    return transport;
}

/* TCP on 127.0.0.1, with buffers that are small before the connection is made: later changes do not shrink a window. */
static void tcp_pair(int fds[2])
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;
    uint32_t port;
    int size = 4096, listener = listen_local(&port);

    CHECK(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&at, &len) == 0);
    fds[0] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fds[0] >= 0 && setsockopt(fds[0], SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0);
    CHECK(connect(fds[0], (struct sockaddr *)&at, sizeof at) == 0);
    fds[1] = accept(listener, NULL, NULL);
    CHECK(fds[1] >= 0);
    close(listener);
}

static void both_ways(int fds[2], uint64_t rekey_bytes, const char *what)
{
    ssh_server_hooks_t hooks = usual_hooks();
    void *(*const bodies[])(void *) = {push, pull, push, pull};
    stream_t streams[4];
    pthread_t threads[4];
    ssh_event_t *done;
    int64_t began = now_ms();
    pair_t pair;
    int i;

    pair.client = over(fds[0], NULL, rekey_bytes);
    pair.server = over(fds[1], host_key(), rekey_bytes);
    CHECK_OK(ssh_event_new(&done));
    CHECK_OK(ssh_transport_start_server_event(pair.server, &hooks, done));
    CHECK_OK(ssh_transport_start_client(pair.client, WAIT_MS));
    CHECK_OK(ssh_event_wait(done, WAIT_MS));
    ssh_event_free(done);
    CHECK_OK(log_in(pair.client, "secret"));

    streams[0].channel = streams[3].channel = test_exec(pair.client, "x");
    streams[1].channel = streams[2].channel = accept_channel(pair.server);
    streams[0].salt = streams[1].salt = 1;
    streams[2].salt = streams[3].salt = 2;
    for (i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, bodies[i], &streams[i]) == 0);
    for (i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    ssh_channel_free(streams[0].channel);
    ssh_channel_free(streams[1].channel);
    pair_close(&pair);
    printf("%s: %lu MiB each way in %ld ms\n", what, (unsigned long)(total >> 20), (long)(now_ms() - began));
}

int main(void)
{
    int fds[2];

    if (slow_checker())
        total = 2 << 20;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    both_ways(fds, 0, "Unix sockets");
    tcp_pair(fds);
    both_ways(fds, total / 5, "TCP");
    ssh_key_free(host_key());
    return 0;
}
