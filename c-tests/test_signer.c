/* A key whose private half a callback holds: it answers at once, later from another thread, never, wrongly or not at all;
 * a login waits no longer than its deadline, and nothing that is freed waits for an answer. */
#include "support.h"
#include <pthread.h>
#include <stdatomic.h>

typedef enum how { AT_ONCE, LATER, NEVER, WRONG, OTHER_KEY, REFUSED, FREED } how_t;

typedef struct holder {
    ssh_key_t *key; /* the real one */
    how_t how;
    ssh_sign_request_t *kept;
    atomic_int asked, destroyed;
} holder_t;

static void answer(holder_t *holder, ssh_sign_request_t *request)
{
    const char *algorithm = ssh_sign_request_get_algorithm(request);
    uint8_t *blob;
    size_t len, blob_len;
    const void *data = ssh_sign_request_get_data(request, &len);

    CHECK(ssh_key_is_equal(ssh_sign_request_get_key(request), holder->key));
    CHECK_OK(ssh_key_sign(holder->key, algorithm, data, holder->how == WRONG ? len - 1 : len, &blob, &blob_len));
    CHECK_OK(ssh_sign_request_answer(request, blob, blob_len));
    ssh_bytes_free(blob);
}

static void *answer_later(void *arg)
{
    holder_t *holder = arg;

    sleep_ms(50);
    answer(holder, holder->kept);
    return NULL;
}

static void sign(void *user_data, ssh_sign_request_t *request)
{
    holder_t *holder = user_data;
    pthread_t thread;

    holder->asked++;
    switch (holder->how) {
    case LATER:
        holder->kept = request;
        CHECK(pthread_create(&thread, NULL, answer_later, holder) == 0 && pthread_detach(thread) == 0);
        return;
    case NEVER:
        holder->kept = request;
        return;
    case REFUSED:
        CHECK_OK(ssh_sign_request_refuse(request, "not today"));
        return;
    case OTHER_KEY:
        CHECK_OK(ssh_sign_request_answer(request, "xx", 2));
        return;
    case FREED:
        ssh_sign_request_free(request);
        return;
    default:
        answer(holder, request);
    }
}

static void destroy(void *user_data)
{
    ((holder_t *)user_data)->destroyed++;
}

static ssh_key_t *held_key(holder_t *holder, int64_t timeout_ms)
{
    ssh_signer_t signer = SSH_SIGNER_INIT;
    ssh_key_t *key;

    signer.user_data = holder;
    signer.destroy = destroy;
    signer.sign = sign;
    signer.timeout_ms = timeout_ms;
    CHECK_OK(ssh_key_new_signer(holder->key, &signer, &key));
    return key;
}

static void wait_destroyed(holder_t *holder)
{
    int64_t end = now_ms() + WAIT_MS;

    while (holder->destroyed == 0) {
        CHECK(now_ms() < end);
        sleep_ms(5);
    }
    CHECK(holder->destroyed == 1);
}

/* A login with a key held like this, and what a plain signature gives. */
static void log_in_with(how_t how, ssh_status_t login, ssh_status_t plain, const char *text)
{
    holder_t holder = {test_key(), how, NULL, 0, 0};
    ssh_transport_t *transport = test_transport(NULL);
    ssh_key_t *key = held_key(&holder, 0);
    char file[4096];
    uint8_t *blob;
    size_t len;

    CHECK(ssh_key_is_private(key) && ssh_key_is_equal(key, holder.key));
    CHECK_STATUS(ssh_key_write_private_memory(key, NULL, file, sizeof file, &len), SSH_ERR_KEY_NOT_EXPORTABLE);
    CHECK_OK(ssh_transport_start_client(transport, WAIT_MS));
    CHECK_OK(ssh_transport_auth_publickey_query(transport, setting("SSHRS_TEST_USER"), key, WAIT_MS));
    CHECK(holder.asked == 0);
    CHECK_STATUS(ssh_transport_auth_publickey(transport, setting("SSHRS_TEST_USER"), key, WAIT_MS, NULL), login);
    if (text != NULL)
        CHECK_TEXT(text);
    CHECK(ssh_transport_is_authenticated(transport) == (login == SSH_OK) && ssh_transport_is_active(transport));
    CHECK_STATUS(ssh_key_sign(key, NULL, "data", 4, &blob, &len), plain);
    ssh_bytes_free(blob);
    CHECK(holder.asked == 2);
    ssh_transport_free(transport);
    ssh_key_free(key);
    wait_destroyed(&holder);
    ssh_key_free(holder.key);
}

static void never_answered(void)
{
    holder_t holder = {test_key(), NEVER, NULL, 0, 0};
    ssh_transport_t *transport = test_transport(NULL);
    ssh_key_t *key = held_key(&holder, 0);
    ssh_event_t *event;
    int64_t began;

    CHECK_OK(ssh_transport_start_client(transport, WAIT_MS));
    began = now_ms();
    CHECK_STATUS(ssh_transport_auth_publickey(transport, setting("SSHRS_TEST_USER"), key, 100, NULL), SSH_ERR_TIMEOUT);
    CHECK(now_ms() - began < 60000);
    CHECK(holder.asked == 1 && holder.kept != NULL);
    /* Too late: nobody waits, and nothing is lost. */
    answer(&holder, holder.kept);
    holder.kept = NULL;
    /* An attempt that completes an event, its transport closed and freed while it waits. */
    CHECK_OK(ssh_event_new(&event));
    CHECK_OK(ssh_transport_auth_publickey_event(transport, setting("SSHRS_TEST_USER"), key, event));
    began = now_ms() + WAIT_MS;
    while (holder.asked < 2 && now_ms() < began)
        sleep_ms(5);
    CHECK(holder.asked == 2 && !ssh_event_is_set(event));
    CHECK_OK(ssh_transport_close(transport));
    CHECK_OK(ssh_event_wait(event, WAIT_MS));
    began = now_ms();
    ssh_transport_free(transport);
    ssh_key_free(key);
    CHECK(now_ms() - began < 5000);
    sleep_ms(50);
    CHECK(holder.destroyed == 0); /* its request is open */
    ssh_sign_request_free(holder.kept);
    wait_destroyed(&holder);
    ssh_event_free(event);
    ssh_key_free(holder.key);
}

/* The signer's own bound, for calls without a deadline. */
static void gives_up(void)
{
    holder_t holder = {test_key(), NEVER, NULL, 0, 0};
    ssh_key_t *key = held_key(&holder, 50);
    uint8_t *blob;
    size_t len;

    CHECK_STATUS(ssh_key_sign(key, NULL, "data", 4, &blob, &len), SSH_ERR_TIMEOUT);
    ssh_sign_request_free(holder.kept);
    ssh_key_free(key);
    wait_destroyed(&holder);
    ssh_key_free(holder.key);
}

static void bad_arguments(void)
{
    holder_t holder = {test_key(), AT_ONCE, NULL, 0, 0};
    ssh_signer_t signer = SSH_SIGNER_INIT;
    ssh_key_t *key;

    signer.user_data = &holder;
    signer.destroy = destroy;
    CHECK_STATUS(ssh_key_new_signer(holder.key, &signer, &key), SSH_ERR_INVALID_ARGUMENT);
    wait_destroyed(&holder);
    CHECK(key == NULL);
    ssh_key_free(holder.key);
}

int main(void)
{
    log_in_with(AT_ONCE, SSH_OK, SSH_OK, NULL);
    log_in_with(LATER, SSH_OK, SSH_OK, NULL);
    log_in_with(WRONG, SSH_ERR_SIGNER_FAULT, SSH_ERR_SIGNER_FAULT, "does not verify");
    log_in_with(OTHER_KEY, SSH_ERR_SIGNER_FAULT, SSH_ERR_SIGNER_FAULT, "no signature blob");
    log_in_with(REFUSED, SSH_ERR_SIGN_REFUSED, SSH_ERR_SIGN_REFUSED, "not today");
    log_in_with(FREED, SSH_ERR_SIGN_REFUSED, SSH_ERR_SIGN_REFUSED, NULL);
    never_answered();
    gives_up();
    bad_arguments();
    return 0;
}
