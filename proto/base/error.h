/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors inside proto/: 0 or one of these negative codes. Code and text stand in one list so that they cannot drift. */
#ifndef PROTO_BASE_ERROR_H
#define PROTO_BASE_ERROR_H

#define PROTO_ERRORS(X)                                            \
    X(SHORT, "input ends inside a field")                          \
    X(TRAILING, "bytes are left over after the last field")        \
    X(LENGTH, "a length field disagrees with what it encloses")    \
    X(VALUE, "a field holds a value that its definition excludes") \
    X(TOKEN, "not RELOAD: the token is not 0xd2454c4f")            \
    X(VERSION, "RELOAD version other than 1.0")                    \
    X(OVERLAY, "message of another overlay")                       \
    X(FRAGMENT, "fragment field is inconsistent")                  \
    X(UNKNOWN, "unknown type where none may be skipped")           \
    X(EXTENSION, "unknown critical extension")                     \
    X(TOO_LARGE, "larger than a limit allows")                     \
    X(NO_ROOM, "the node's memory limit is reached")               \
    X(NO_LINK, "no such link")                                     \
    X(SIGNATURE, "signature does not verify")                      \
    X(FORBIDDEN, "signer lacks permission")

enum proto_error {
    ERR_NONE = 0,
    ERR_FIRST = -100,
#define X(name, text) ERR_##name,
    PROTO_ERRORS(X)
#undef X
    ERR_END
};

/* Text of a code; never NULL. */
const char *error_text(int code);

#endif
