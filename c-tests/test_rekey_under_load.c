/* Keys change by bytes, by request and from both sides' traffic while data flows both ways, and no byte is lost. */
#include "support.h"
#include <pthread.h>

#define TOTAL (24u << 20)

static ssh_transport_t *transport;
static ssh_channel_t *echo;

static unsigned char byte_at(uint32_t i)
{
    return (unsigned char)(i * 2654435761u >> 24);
}

static void *sender(void *unused)
{
    unsigned char buf[40000];
    uint32_t sent = 0;
    size_t i, n;

    (void)unused;
    while (sent < TOTAL) {
        n = TOTAL - sent < sizeof buf ? TOTAL - sent : sizeof buf;
        for (i = 0; i < n; i++)
            buf[i] = byte_at(sent + (uint32_t)i);
        CHECK_OK(ssh_channel_sendall(echo, buf, n, WAIT_MS, NULL));
        sent += (uint32_t)n;
    }
    CHECK_OK(ssh_channel_shutdown_write(echo));
    return NULL;
}

static void *rekeyer(void *unused)
{
    int i;

    (void)unused;
    for (i = 0; i < 5; i++) {
        CHECK_OK(ssh_transport_renegotiate_keys(transport, WAIT_MS));
        sleep_ms(20);
    }
    return NULL;
}

int main(void)
{
    ssh_transport_options_t options = SSH_TRANSPORT_OPTIONS_INIT;
    pthread_t threads[2];
    unsigned char buf[50000];
    uint32_t got = 0;
    size_t i, n;
    ssh_status_t rc;

    options.rekey_bytes = 1 << 20;
    transport = test_transport(&options);
    test_log_in(transport);
    echo = test_exec(transport, "cat");
    CHECK(pthread_create(&threads[0], NULL, sender, NULL) == 0);
    CHECK(pthread_create(&threads[1], NULL, rekeyer, NULL) == 0);
    while ((rc = ssh_channel_recv(echo, buf, sizeof buf, WAIT_MS, &n)) == SSH_OK)
        for (i = 0; i < n; i++)
            CHECK(buf[i] == byte_at(got++));
    CHECK_STATUS(rc, SSH_EOF);
    CHECK(got == TOTAL);
    CHECK(pthread_join(threads[0], NULL) == 0 && pthread_join(threads[1], NULL) == 0);
    ssh_channel_free(echo);
    ssh_transport_free(transport);
    return 0;
}
