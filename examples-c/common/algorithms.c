#include "algorithms.h"

#include <stddef.h>
#include <string.h>

#include "report.h"

static const struct {
    int32_t list;
    size_t offset;
    const char *key;
} LISTS[] = {
    {SSH_LIST_KEX, offsetof(struct algorithm_names, kex), "KexAlgorithms"},
    {SSH_LIST_HOST_KEY, offsetof(struct algorithm_names, host_keys), "HostKeyAlgorithms"},
    {SSH_LIST_CIPHER, offsetof(struct algorithm_names, ciphers), "Ciphers"},
    {SSH_LIST_MAC, offsetof(struct algorithm_names, macs), "MACs"},
    {SSH_LIST_PUBKEY, offsetof(struct algorithm_names, pubkeys), "PubkeyAcceptedAlgorithms"},
};

#define LISTS_COUNT (sizeof LISTS / sizeof LISTS[0])

bool algorithms_apply(const struct algorithm_names *names, ssh_security_options_t *security)
{
    size_t i;

    for (i = 0; i < LISTS_COUNT; i++) {
        const char *list = *(const char *const *)((const char *)names + LISTS[i].offset);
        ssh_status_t rc = list == NULL ? SSH_OK : ssh_security_options_set(security, LISTS[i].list, list);

        if (rc != SSH_OK) {
            report_failure(LISTS[i].key, rc);
            return false;
        }
    }
    return true;
}
