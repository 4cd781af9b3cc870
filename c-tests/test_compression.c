/* Compression is negotiated when asked for, and what goes through it comes back whole. */
#include "support.h"
#include <pthread.h>

#define SIZE (8u << 20)

static void *sender(void *channel)
{
    char *data = malloc(SIZE);
    uint32_t i, x = 1;

    CHECK(data != NULL);
    for (i = 0; i < SIZE; i++) {
        /* Half runs, half noise. */
        x = x * 1664525u + 1013904223u;
        data[i] = (char)(i & 4096 ? x >> 24 : 'a');
    }
    CHECK_OK(ssh_channel_sendall(channel, data, SIZE, WAIT_MS, NULL));
    CHECK_OK(ssh_channel_shutdown_write(channel));
    return data;
}

int main(void)
{
    ssh_transport_t *transport = test_transport(NULL);
    ssh_channel_t *channel;
    pthread_t thread;
    char *name, *got = malloc(SIZE + 1);
    void *sent;

    CHECK(got != NULL);
    CHECK_OK(ssh_transport_use_compression(transport, true));
    test_log_in(transport);
    CHECK_OK(ssh_transport_get_negotiated(transport, SSH_LIST_COMPRESSION_C2S, &name));
    CHECK(strcmp(name, "zlib@openssh.com") == 0);
    ssh_string_free(name);
    CHECK_STATUS(ssh_transport_use_compression(transport, false), SSH_ERR_INVALID_STATE);
    channel = test_exec(transport, "cat");
    CHECK(pthread_create(&thread, NULL, sender, channel) == 0);
    CHECK(read_all(channel, got, SIZE + 1) == SIZE);
    CHECK(pthread_join(thread, &sent) == 0);
    CHECK(memcmp(sent, got, SIZE) == 0);
    free(sent);
    free(got);
    ssh_channel_free(channel);
    ssh_transport_free(transport);
    return 0;
}
