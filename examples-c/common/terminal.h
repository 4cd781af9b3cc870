/* The local terminal: its modes, which are put back whatever happens, and its size. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct terminal_size {
    uint32_t cols, rows, width_px, height_px;
};

/* Both remember the modes for terminal_restore. */
bool terminal_hide_typing(int fd);
bool terminal_make_raw(int fd);

/* Puts the modes back; does nothing if they were not changed. Safe from any thread. */
void terminal_restore(void);

/* All zero where fd is no terminal. */
struct terminal_size terminal_get_size(int fd);

/* Writes fd's modes as RFC 4254 section 8 encodes them; returns their length, 0 where fd is no terminal. */
size_t terminal_encode_modes(int fd, uint8_t *buf, size_t buf_len);

/* Gives fd modes so encoded; those this system does not have are passed over. */
void terminal_apply_modes(int fd, const uint8_t *encoded, size_t len);

#endif
