/* Private keys that we write are read by ssh-keygen, OpenSSL and ourselves; signatures over messages go both ways. */
#include "support.h"

#include <sys/stat.h>
#include <unistd.h>

#define FAIL(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))
#define PASSPHRASE "a passphrase"

static char folder[1024];

static const char *path_of(const char *name)
{
    static char path[2048];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Runs a command in the folder and gives the first line it prints. */
static void output_of(const char *command, char *line, size_t size)
{
    char full[4096];
    FILE *pipe;

    snprintf(full, sizeof full, "cd %s && %s", folder, command);
    pipe = popen(full, "r");
    CHECK(pipe != NULL);
    line[0] = '\0';
    if (fgets(line, (int)size, pipe) != NULL)
        line[strcspn(line, "\n")] = '\0';
    if (pclose(pipe) != 0)
        FAIL("%s failed", command);
}

static void check_comment(const ssh_key_t *key, const char *expected)
{
    char *comment;

    CHECK_OK(ssh_key_get_comment(key, &comment));
    if (strcmp(comment, expected) != 0)
        FAIL("comment: %s, not %s", comment, expected);
    ssh_string_free(comment);
}

static void check_written(const ssh_key_t *key, uint32_t format, const char *passphrase)
{
    ssh_key_write_options_t how = SSH_KEY_WRITE_OPTIONS_INIT;
    ssh_key_t *again;
    struct stat info;
    char command[512], line[16384], *ours;
    char memory[32768];
    size_t len;

    how.format = format;
    how.rounds = passphrase ? 3 : 0;
    how.passphrase = passphrase;
    how.passphrase_len = passphrase ? strlen(passphrase) : 0;
    how.comment = "me@here";
    how.replace = true;
    CHECK_OK(ssh_key_write_private_file(key, path_of("key"), &how));
    CHECK(stat(path_of("key"), &info) == 0 && (info.st_mode & 07777) == 0600);
    how.replace = false;
    CHECK_STATUS(ssh_key_write_private_file(key, path_of("key"), &how), SSH_ERR_FILE);

    /* Before 9.6 OpenSSH did not read ed25519 keys in PKCS#8. */
    if (format == SSH_KEY_FORMAT_OPENSSH || strcmp(ssh_key_get_name(key), "ssh-ed25519") != 0) {
        snprintf(command, sizeof command, "ssh-keygen -y -P '%s' -f key", passphrase ? passphrase : "");
        output_of(command, line, sizeof line);
        CHECK_OK(ssh_key_get_public_line(key, format == SSH_KEY_FORMAT_OPENSSH ? "me@here" : "", &ours));
        if (strcmp(line, ours) != 0)
            FAIL("ssh-keygen -y: %s, not %s", line, ours);
        ssh_string_free(ours);
    }
    if (format != SSH_KEY_FORMAT_OPENSSH) {
        snprintf(command, sizeof command, "openssl pkey -noout -in key -passin 'pass:%s'", passphrase ? passphrase : "");
        output_of(command, line, sizeof line);
    }

    CHECK_OK(ssh_key_load_private_file(path_of("key"), passphrase, how.passphrase_len, &again));
    CHECK(ssh_key_is_equal(key, again) && ssh_key_is_private(again));
    check_comment(again, format == SSH_KEY_FORMAT_OPENSSH ? "me@here" : "");
    CHECK_STATUS(ssh_key_set_comment(again, "two\nlines"), SSH_ERR_INVALID_ARGUMENT);
    CHECK_OK(ssh_key_set_comment(again, "another"));
    check_comment(again, "another");
    CHECK_OK(ssh_key_write_public_file(again, path_of("key.pub"), NULL, true));
    ssh_key_free(again);
    CHECK_OK(ssh_key_load_public_file(path_of("key.pub"), &again));
    check_comment(again, "another");
    CHECK_OK(ssh_key_set_comment(again, NULL));
    check_comment(again, "");
    ssh_key_free(again);
    CHECK_STATUS(ssh_key_write_private_memory(key, &how, NULL, 0, &len), SSH_ERR_RESOURCE_LIMIT);
    CHECK(len > 100 && len < sizeof memory);
    CHECK_OK(ssh_key_write_private_memory(key, &how, memory, len, &len));
    CHECK_OK(ssh_key_load_private_memory(memory, len, passphrase, how.passphrase_len, &again));
    CHECK(ssh_key_is_equal(key, again));
    ssh_key_free(again);
}

static void write_text(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void check_signatures(const ssh_key_t *key)
{
    static const char message[] = "a message\n";
    char line[1024], theirs[16384], *text;
    ssh_key_t *signer;
    uint8_t *blob;
    size_t len;
    FILE *file;

    CHECK_OK(ssh_key_sign(key, NULL, message, strlen(message), &blob, &len));
    CHECK_STATUS(ssh_key_verify(key, "ssh-dss", message, strlen(message), blob, len), SSH_ERR_HOST_KEY_SIGNATURE);
    CHECK_OK(ssh_key_verify(key, strcmp(ssh_key_get_name(key), "ssh-rsa") == 0 ? "rsa-sha2-512" : ssh_key_get_name(key),
        message, strlen(message), blob, len));
    ssh_bytes_free(blob);

    write_text("message", message);
    CHECK_OK(ssh_key_sign_message(key, "file", message, strlen(message), &text));
    write_text("message.ours", text);
    ssh_string_free(text);
    output_of("ssh-keygen -q -Y check-novalidate -n file -s message.ours < message 2>&1", line, sizeof line);

    CHECK_OK(ssh_key_write_private_file(key, path_of("signer"), NULL));
    output_of("ssh-keygen -q -Y sign -n file -f signer message 2>&1", line, sizeof line);
    CHECK((file = fopen(path_of("message.sig"), "r")) != NULL);
    len = fread(theirs, 1, sizeof theirs, file);
    fclose(file);
    CHECK_OK(ssh_key_verify_message(theirs, len, "file", message, strlen(message), &signer));
    CHECK(ssh_key_is_equal(key, signer));
    ssh_key_free(signer);
    CHECK_STATUS(ssh_key_verify_message(theirs, len, "git", message, strlen(message), &signer), SSH_ERR_HOST_KEY_SIGNATURE);
    CHECK(signer == NULL);
    CHECK(unlink(path_of("signer")) == 0 && unlink(path_of("message.sig")) == 0);
}

/* The picture and the old fingerprint are those that ssh-keygen shows. */
static void check_looks(const ssh_key_t *key)
{
    char line[1024], shown[1024] = "", *text;
    FILE *pipe;
    char command[4096];

    CHECK_OK(ssh_key_write_public_file(key, path_of("key.pub"), "me@here", true));
    CHECK_OK(ssh_key_get_fingerprint_md5(key, &text));
    output_of("ssh-keygen -l -E md5 -f key.pub", line, sizeof line);
    CHECK(strstr(line, text) != NULL);
    ssh_string_free(text);
    snprintf(command, sizeof command, "ssh-keygen -lv -f %s | tail -n +2", path_of("key.pub"));
    CHECK((pipe = popen(command, "r")) != NULL);
    CHECK(fread(shown, 1, sizeof shown - 1, pipe) > 0 && pclose(pipe) == 0);
    CHECK_OK(ssh_key_get_randomart(key, &text));
    if (strncmp(shown, text, strlen(text)) != 0)
        FAIL("ssh-keygen draws\n%s, we\n%s", shown, text);
    ssh_string_free(text);
}

int main(void)
{
    static const char *const types[] = {
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
    };
    ssh_key_write_options_t bad = SSH_KEY_WRITE_OPTIONS_INIT;
    ssh_key_t *key;
    char line[64], command[1100];
    size_t i, len;

    snprintf(folder, sizeof folder, "%s/sshrs-keys-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    CHECK(mkdtemp(folder) != NULL);
    for (i = 0; i < sizeof types / sizeof *types; i++) {
        CHECK_OK(ssh_key_generate(types[i], strcmp(types[i], "ssh-rsa") == 0 ? 2048 : 0, &key));
        check_written(key, SSH_KEY_FORMAT_OPENSSH, NULL);
        check_written(key, SSH_KEY_FORMAT_OPENSSH, PASSPHRASE);
        check_written(key, SSH_KEY_FORMAT_PKCS8, NULL);
        check_written(key, SSH_KEY_FORMAT_PKCS8, PASSPHRASE);
        if (strcmp(types[i], "ssh-ed25519") != 0)
            check_written(key, SSH_KEY_FORMAT_PEM, NULL);
        check_signatures(key);
        check_looks(key);
        ssh_key_free(key);
    }
    CHECK_OK(ssh_key_load_public_file(path_of("key.pub"), &key));
    CHECK_STATUS(ssh_key_write_private_file(key, path_of("other"), NULL), SSH_ERR_KEY_PUBLIC_ONLY);
    ssh_key_free(key);
    CHECK_OK(ssh_key_generate("ssh-ed25519", 0, &key));
    bad.format = 7;
    CHECK_STATUS(ssh_key_write_private_file(key, path_of("other"), &bad), SSH_ERR_INVALID_ARGUMENT);
    bad.format = SSH_KEY_FORMAT_PKCS8;
    bad.passphrase = "";
    CHECK_STATUS(ssh_key_write_private_memory(key, &bad, line, sizeof line, &len), SSH_ERR_INVALID_ARGUMENT);
    bad.format = SSH_KEY_FORMAT_PEM;
    CHECK_STATUS(ssh_key_write_private_memory(key, &bad, line, sizeof line, &len), SSH_ERR_INVALID_ARGUMENT);
    bad.passphrase = NULL;
    CHECK_STATUS(ssh_key_write_private_memory(key, &bad, line, sizeof line, &len), SSH_ERR_KEY_UNSUPPORTED_TYPE);
    CHECK_STATUS(ssh_key_write_private_file(key, "/nonexistent/key", NULL), SSH_ERR_FILE);
    ssh_key_free(key);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    CHECK(system(command) == 0);
    return 0;
}
