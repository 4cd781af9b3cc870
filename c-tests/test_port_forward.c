/* The server listens for us: on a port of its choice with the accept queue, on one with a handler of its own, on a Unix
 * socket. Connections arrive as channels that carry data both ways; after the cancellation nobody can connect, and who is
 * connected stays so. */
#include "support.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int connect_port(uint32_t port)
{
    struct sockaddr_in at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    memset(&at, 0, sizeof at);
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons((uint16_t)port);
    CHECK(fd >= 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

static int connect_path(const char *path)
{
    struct sockaddr_un at;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    memset(&at, 0, sizeof at);
    at.sun_family = AF_UNIX;
    strncpy(at.sun_path, path, sizeof at.sun_path - 1);
    CHECK(fd >= 0);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

/* What the socket sends comes out of the channel, and back; the end of each direction arrives too. */
static void check_joined(int fd, ssh_channel_t *channel)
{
    char buf[16];

    CHECK(write(fd, "to the client", 13) == 13 && shutdown(fd, SHUT_WR) == 0);
    CHECK(read_all(channel, buf, sizeof buf) == 13 && memcmp(buf, "to the client", 13) == 0);
    CHECK_OK(ssh_channel_sendall(channel, "and back", 8, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(channel));
    CHECK(recv(fd, buf, 8, MSG_WAITALL) == 8 && memcmp(buf, "and back", 8) == 0);
    CHECK(recv(fd, buf, 1, 0) == 0);
    close(fd);
    ssh_channel_free(channel);
}

static void echo(void *user_data, ssh_channel_t *channel)
{
    char buf[64];
    size_t n = read_all(channel, buf, sizeof buf);

    (void)user_data;
    CHECK_OK(ssh_channel_sendall(channel, buf, n, WAIT_MS, NULL));
    ssh_channel_free(channel);
}

int main(void)
{
    ssh_transport_t *transport = test_connect();
    ssh_forward_handler_t handler = SSH_FORWARD_HANDLER_INIT;
    char dir[] = "/tmp/sshrs-test-XXXXXX", path[64], *text, buf[8];
    ssh_channel_t *channel;
    uint32_t port, other, number;
    struct stat st;
    int fd;

    CHECK_OK(ssh_transport_request_port_forward(transport, "localhost", 0, NULL, WAIT_MS, &port));
    CHECK(port != 0);
    fd = connect_port(port);
    CHECK(fd >= 0);
    CHECK_OK(ssh_transport_accept(transport, WAIT_MS, &channel));
    CHECK_OK(ssh_channel_get_destination(channel, &text, &number));
    CHECK(strcmp(text, "localhost") == 0 && number == port);
    ssh_string_free(text);
    CHECK_OK(ssh_channel_get_origin(channel, &text, &number));
    CHECK(strcmp(text, "127.0.0.1") == 0 && number != 0);
    ssh_string_free(text);
    check_joined(fd, channel);

    handler.start = echo;
    CHECK_OK(ssh_transport_request_port_forward(transport, "localhost", 0, &handler, WAIT_MS, &other));
    CHECK_STATUS(ssh_transport_request_port_forward(transport, "localhost", port, &handler, WAIT_MS, NULL), SSH_ERR_REQUEST_REFUSED);
    fd = connect_port(other);
    CHECK(fd >= 0 && write(fd, "echo", 4) == 4 && shutdown(fd, SHUT_WR) == 0);
    CHECK(recv(fd, buf, sizeof buf, MSG_WAITALL) == 4 && memcmp(buf, "echo", 4) == 0);
    close(fd);
    fd = connect_port(port);
    CHECK_OK(ssh_transport_accept(transport, WAIT_MS, &channel));
    CHECK_OK(ssh_transport_cancel_port_forward(transport, "localhost", port, WAIT_MS));
    CHECK(connect_port(port) < 0);
    check_joined(fd, channel);
    fd = connect_port(other);
    CHECK(fd >= 0);
    close(fd);
    CHECK_STATUS(ssh_transport_cancel_port_forward(transport, "localhost", port, WAIT_MS), SSH_ERR_REQUEST_REFUSED);

    /* The server listens as the user who logged in. */
    CHECK(mkdtemp(dir) != NULL && chmod(dir, 01777) == 0);
    snprintf(path, sizeof path, "%s/s", dir);
    CHECK_OK(ssh_transport_request_streamlocal_forward(transport, path, NULL, WAIT_MS));
    fd = connect_path(path);
    CHECK(fd >= 0);
    CHECK_OK(ssh_transport_accept(transport, WAIT_MS, &channel));
    CHECK_OK(ssh_channel_get_destination(channel, &text, &number));
    CHECK(strcmp(text, path) == 0 && number == 0);
    ssh_string_free(text);
    check_joined(fd, channel);
    CHECK_OK(ssh_transport_cancel_streamlocal_forward(transport, path, WAIT_MS));
    CHECK(connect_path(path) < 0);
    if (lstat(path, &st) == 0)
        CHECK(unlink(path) == 0);
    CHECK(rmdir(dir) == 0);
    ssh_transport_free(transport);
    return 0;
}
