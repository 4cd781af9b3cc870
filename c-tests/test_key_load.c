/* Private and public keys of every type, encrypted ones, and what is wrong with those that do not load. */
#include "support.h"
#include <sys/resource.h>

static void path_of(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", setting("SSHRS_TEST_KEYDIR"), name);
}

static void check_pair(const char *name, const char *type, uint32_t bits)
{
    char path[1024], public_path[1024], *line, *fingerprint;
    ssh_key_t *private_key, *public_key, *again;
    uint8_t *blob;
    size_t len;

    path_of(path, sizeof path - 4, name);
    snprintf(public_path, sizeof public_path, "%.1000s.pub", path);
    CHECK_OK(ssh_key_load_private_file(path, NULL, 0, &private_key));
    CHECK_OK(ssh_key_load_public_file(public_path, &public_key));
    CHECK(strcmp(ssh_key_get_name(private_key), type) == 0);
    CHECK(bits == 0 || ssh_key_get_bits(private_key) == bits);
    CHECK(ssh_key_is_private(private_key) && !ssh_key_is_private(public_key));
    CHECK(ssh_key_is_equal(private_key, public_key));
    CHECK_OK(ssh_key_get_public_blob(private_key, &blob, &len));
    CHECK_OK(ssh_key_load_public_blob(blob, len, &again));
    CHECK(ssh_key_is_equal(again, public_key));
    ssh_key_free(again);
    CHECK_STATUS(ssh_key_load_public_blob(blob, len - 1, &again), SSH_ERR_KEY_CORRUPT);
    CHECK(again == NULL);
    ssh_bytes_free(blob);
    CHECK_OK(ssh_key_get_public_line(private_key, "me@here", &line));
    CHECK(strncmp(line, type, strlen(type)) == 0 && strstr(line, " me@here") != NULL && strchr(line, '\n') == NULL);
    ssh_string_free(line);
    CHECK_STATUS(ssh_key_get_public_line(private_key, "two\nlines", &line), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_key_get_fingerprint(public_key, &fingerprint));
    CHECK(strncmp(fingerprint, "SHA256:", 7) == 0 && strlen(fingerprint) == 50);
    ssh_string_free(fingerprint);
    ssh_key_free(private_key);
    ssh_key_free(public_key);
}

/* AddressSanitizer and valgrind have memory of their own to find, and this takes it away. */
#ifdef __SANITIZE_ADDRESS__
#define LIMITS_MEMORY false
#else
#define LIMITS_MEMORY !slow_checker()
#endif

/* A file that asks for a gigabyte where there is less. */
static void check_memory(void)
{
    static const char file[] = "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: aes256-cbc\nComment: test\nPublic-Lines: 2\n"
                               "AAAAC3NzaC1lZDI1NTE5AAAAIEzZAVx7tP/Kwx4fszJJI2uTOTqS+eiy5leNuxA0\nZHq3\n"
                               "Key-Derivation: Argon2id\nArgon2-Memory: 1048576\nArgon2-Passes: 1\nArgon2-Parallelism: 1\n"
                               "Argon2-Salt: ea07bce181afe4825d16f139cdb9cf04\nPrivate-Lines: 1\n"
                               "oEoZYlwyxMPihXwIQULmyATOvo3z9/udF/HnAb8Gzku9LpRauTlt/95dpJwFS3Hy\n"
                               "Private-MAC: 7244185e599e2d2f6ad547c060b379e46f7a31cf74564797d400eaa0d8a42ac8\n";
    struct rlimit limit, old;
    ssh_key_t *key;

    CHECK(getrlimit(RLIMIT_AS, &old) == 0);
    limit = old;
    limit.rlim_cur = (rlim_t)1 << 29;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    CHECK_STATUS(ssh_key_load_private_memory(file, sizeof file - 1, "secret", 6, &key), SSH_ERR_RESOURCE_LIMIT);
    CHECK(setrlimit(RLIMIT_AS, &old) == 0);
}

int main(void)
{
    const char *passphrase = setting("SSHRS_TEST_PASSPHRASE");
    char path[1024];
    ssh_key_t *key;

    check_pair("ed25519", "ssh-ed25519", 256);
    check_pair("ecdsa256", "ecdsa-sha2-nistp256", 256);
    check_pair("ecdsa384", "ecdsa-sha2-nistp384", 384);
    check_pair("ecdsa521", "ecdsa-sha2-nistp521", 521);
    check_pair("rsa", "ssh-rsa", 0);

    path_of(path, sizeof path, "encrypted");
    CHECK_STATUS(ssh_key_load_private_file(path, NULL, 0, &key), SSH_ERR_KEY_NEEDS_PASSPHRASE);
    CHECK_STATUS(ssh_key_load_private_file(path, "wrong", 5, &key), SSH_ERR_KEY_BAD_PASSPHRASE);
    CHECK_OK(ssh_key_load_private_file(path, passphrase, strlen(passphrase), &key));
    ssh_key_free(key);

    path_of(path, sizeof path, "no such file");
    CHECK_STATUS(ssh_key_load_private_file(path, NULL, 0, &key), SSH_ERR_FILE);
    path_of(path, sizeof path, "ed25519.pub");
    CHECK_STATUS(ssh_key_load_private_file(path, NULL, 0, &key), SSH_ERR_KEY_PUBLIC_ONLY);
    CHECK_TEXT("without \".pub\"");
    path_of(path, sizeof path, "ed25519");
    CHECK_STATUS(ssh_key_load_public_file(path, &key), SSH_ERR_KEY_UNSUPPORTED_FORMAT);
    CHECK_TEXT("ssh-keygen -y");
    CHECK_STATUS(ssh_key_load_private_memory("no key", 6, NULL, 0, &key), SSH_ERR_KEY_CORRUPT);
    CHECK_STATUS(ssh_key_load_public_memory("", 0, &key), SSH_ERR_KEY_CORRUPT);
    CHECK_STATUS(ssh_key_load_private_file("/dev/zero", NULL, 0, &key), SSH_ERR_FILE);
    if (LIMITS_MEMORY)
        check_memory();
    return 0;
}
