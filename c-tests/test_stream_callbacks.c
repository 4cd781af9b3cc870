/* A transport over the caller's own send, recv and close; its user data is destroyed exactly once. */
#include "support.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct {
    int fd;
    int64_t told_timeout;
} stream_t;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int destroyed;

static int64_t stream_send(void *user_data, const void *data, size_t len)
{
    /* Pieces on purpose: a stream may take less than it was given. */
    return send(((stream_t *)user_data)->fd, data, len > 1000 ? 1000 : len, MSG_NOSIGNAL);
}

static int64_t stream_recv(void *user_data, void *buf, size_t len)
{
    return recv(((stream_t *)user_data)->fd, buf, len > 700 ? 700 : len, 0);
}

static void stream_close(void *user_data)
{
    shutdown(((stream_t *)user_data)->fd, SHUT_RDWR);
}

static void stream_settimeout(void *user_data, int64_t timeout_ms)
{
    ((stream_t *)user_data)->told_timeout = timeout_ms;
}

static void stream_destroy(void *user_data)
{
    stream_t *s = user_data;

    close(s->fd);
    free(s);
    pthread_mutex_lock(&lock);
    destroyed++;
    pthread_mutex_unlock(&lock);
}

static int destroyed_now(void)
{
    int n;

    pthread_mutex_lock(&lock);
    n = destroyed;
    pthread_mutex_unlock(&lock);
    return n;
}

static ssh_stream_t new_stream(int connected)
{
    ssh_stream_t stream = SSH_STREAM_INIT;
    stream_t *s = calloc(1, sizeof *s);
    struct sockaddr_in address = {0};

    CHECK(s != NULL);
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_family = AF_INET;
    address.sin_port = htons((uint16_t)server_port());
    CHECK(inet_pton(AF_INET, setting("SSHRS_TEST_HOST"), &address.sin_addr) == 1);
    if (connected)
        CHECK(connect(s->fd, (struct sockaddr *)&address, sizeof address) == 0);
    stream.user_data = s;
    stream.send = stream_send;
    stream.recv = stream_recv;
    stream.close = stream_close;
    stream.settimeout = stream_settimeout;
    stream.destroy = stream_destroy;
    return stream;
}

int main(void)
{
    ssh_stream_t stream = new_stream(1);
    ssh_transport_t *transport;
    ssh_channel_t *channel;
    char *host;
    uint32_t port;
    int i;

    CHECK_OK(ssh_transport_new_stream(&stream, NULL, &transport));
    CHECK(((stream_t *)stream.user_data)->told_timeout == SSH_WAIT_FOREVER);
    CHECK_OK(ssh_transport_getpeername(transport, &host, &port));
    CHECK(strcmp(host, "unknown") == 0 && port == 0);
    ssh_string_free(host);
    test_log_in(transport);
    channel = test_exec(transport, "head -c 1000000 /dev/zero");
    CHECK(drain(channel) == 1000000);
    ssh_channel_free(channel);
    CHECK(destroyed_now() == 0);
    ssh_transport_free(transport);
    for (i = 0; i < 1000 && destroyed_now() == 0; i++)
        sleep_ms(10);
    CHECK(destroyed_now() == 1);

    /* Refused, it is destroyed all the same. */
    stream = new_stream(0);
    stream.recv = NULL;
    CHECK_STATUS(ssh_transport_new_stream(&stream, NULL, &transport), SSH_ERR_INVALID_ARGUMENT);
    CHECK(destroyed_now() == 2);
    return 0;
}
