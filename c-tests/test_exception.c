/* What ssh_get_exception tells: no common algorithm with both offers, addresses that failed, a peer that disconnects. */
#include "support.h"
#include <sys/socket.h>
#include <unistd.h>

static void no_common_algorithm(void)
{
    ssh_transport_t *transport = test_transport(NULL);
    ssh_security_options_t *lists;
    ssh_exception_t *e;

    CHECK_OK(ssh_transport_get_security_options(transport, &lists));
    CHECK_OK(ssh_security_options_set(lists, SSH_LIST_CIPHER_C2S, "3des-cbc"));
    ssh_security_options_free(lists);
    CHECK_STATUS(ssh_transport_start_client(transport, WAIT_MS), SSH_ERR_NO_COMMON_CIPHER);
    CHECK(!ssh_transport_is_active(transport));
    e = ssh_get_exception(transport);
    CHECK(ssh_exception_code(e) == SSH_ERR_NO_COMMON_CIPHER && ssh_exception_stage(e) == SSH_STAGE_KEX);
    CHECK(ssh_exception_slot(e) != NULL && strstr(ssh_exception_slot(e), "cipher") != NULL);
    CHECK(strcmp(ssh_exception_our_offer(e), "3des-cbc") == 0);
    CHECK(strstr(ssh_exception_their_offer(e), "aes256-ctr") != NULL);
    CHECK(ssh_exception_hint(e)[0] != '\0' && ssh_exception_peer_reason(e) == -1);
    ssh_exception_free(e);
    CHECK(ssh_get_exception(transport) == NULL);
    ssh_transport_free(transport);
}

static void peer_that_says(const char *bytes, ssh_status_t expected)
{
    ssh_transport_t *transport;
    int fds[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK(write(fds[1], bytes, strlen(bytes)) == (ssize_t)strlen(bytes));
    CHECK(shutdown(fds[1], SHUT_WR) == 0);
    CHECK_OK(ssh_transport_new_fd(fds[0], NULL, &transport));
    CHECK_STATUS(ssh_transport_start_client(transport, WAIT_MS), expected);
    ssh_transport_free(transport);
    close(fds[1]);
}

int main(void)
{
    ssh_transport_t *transport;
    ssh_exception_t *e;

    no_common_algorithm();
    peer_that_says("", SSH_ERR_CONNECTION_LOST);
    peer_that_says("SSH-1.5-old\r\n", SSH_ERR_IDENT);
    peer_that_says("SSH-2.0-gone\r\n", SSH_ERR_CONNECTION_LOST);

    /* Port 1 of this machine answers nobody. */
    CHECK_STATUS(ssh_transport_new_host("localhost:1", NULL, WAIT_MS, &transport), SSH_ERR_CONNECT_FAILED);
    CHECK(transport == NULL);
    e = ssh_get_exception(NULL);
    CHECK(ssh_exception_code(e) == SSH_ERR_CONNECT_FAILED && ssh_exception_stage(e) == SSH_STAGE_CONNECT);
    CHECK(ssh_exception_addresses(e) != NULL && strstr(ssh_exception_addresses(e), "127.0.0.1") != NULL);
    ssh_exception_free(e);
    CHECK(ssh_get_exception(NULL) == NULL);
    CHECK_STATUS(ssh_transport_new_host("no-such-host.invalid", NULL, WAIT_MS, &transport), SSH_ERR_RESOLVE_FAILED);
    CHECK_STATUS(ssh_transport_new_host("a:b", NULL, WAIT_MS, &transport), SSH_ERR_INVALID_ARGUMENT);
    CHECK_STATUS(ssh_transport_new_fd(99999, NULL, &transport), SSH_ERR_IO);

    /* A refused channel carries the peer's reason and words; OpenSSH says "connect failed" to a kind it does not know. */
    {
        ssh_channel_t *channel;

        transport = test_connect();
        CHECK_STATUS(ssh_transport_open_channel(transport, "no-such-kind@example.org", NULL, WAIT_MS, &channel), SSH_ERR_CHANNEL_CONNECT_FAILED);
        CHECK(channel == NULL);
        e = ssh_get_exception(transport);
        CHECK(ssh_exception_peer_reason(e) == 2 && ssh_exception_peer_text(e) != NULL);
        ssh_exception_free(e);
        CHECK(ssh_transport_is_active(transport));
        ssh_transport_free(transport);
    }

    CHECK(ssh_exception_code(NULL) == SSH_OK && ssh_exception_text(NULL)[0] == '\0' && ssh_exception_slot(NULL) == NULL);
    CHECK(strcmp(ssh_status_name(SSH_ERR_TIMEOUT), "SSH_ERR_TIMEOUT") == 0);
    CHECK(strcmp(ssh_status_name(SSH_PARTIAL), "SSH_PARTIAL") == 0);
    CHECK(strcmp(ssh_status_name(12345), "SSH_STATUS_UNKNOWN") == 0);
    CHECK(ssh_status_text(SSH_ERR_TIMEOUT)[0] != '\0');
    CHECK(strcmp(ssh_version(), SSHRS_VERSION) == 0);
    return 0;
}
