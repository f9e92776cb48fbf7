/* libbowshot: Bowshot's core in process, for every language that calls C.
 *
 *   bowshot_core* core = bowshot_open("[datasets.flights]\npath = \"flights.parquet\"\n", &problem);
 *   struct ArrowArrayStream rows;
 *   bowshot_query(core, "{\"dataset\": \"flights\", \"shape\": \"rows\"}", NULL, &rows, NULL, &problem);
 *
 * Requests and problems are those of protocol/PROTOCOL.md; tables cross by the Arrow C data
 * interface, so that the caller's version of Arrow does not matter.
 *
 * Texts are UTF-8. Where a function has `char** problem` and fails, it sets *problem to a problem
 * document (RFC 9457, JSON; `code` is the protocol's) that bowshot_free() takes; `problem` may be
 * NULL. Every function may be called from any thread; one bowshot_answer, and one ArrowArrayStream,
 * is one thread's at a time. No function throws, prints or ends the process. */
#ifndef BOWSHOT_H
#define BOWSHOT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* https://arrow.apache.org/docs/format/CStreamInterface.html */
struct ArrowArrayStream;

/* Grows when a function changes; functions that are added do not change it. */
#define BOWSHOT_ABI_VERSION 1

#if defined(__GNUC__)
#define BOWSHOT_EXPORT __attribute__((visibility("default")))
#else
#define BOWSHOT_EXPORT
#endif

BOWSHOT_EXPORT int32_t bowshot_abi_version(void);
/* As /version tells it. Never freed. */
BOWSHOT_EXPORT const char* bowshot_version(void);
/* What a function here handed out as a char*; NULL is nothing. */
BOWSHOT_EXPORT void bowshot_free(char* text);

/* Datasets and engines. */
typedef struct bowshot_core bowshot_core;
/* Opens the datasets of a configuration: the text of a bowshot.toml (docs/configuration.md), whose
 * relative paths are relative to the working directory. Addresses, TLS and tokens in it are not
 * used: nothing listens. NULL with a problem. */
BOWSHOT_EXPORT bowshot_core* bowshot_open(const char* configuration, char** problem);
/* Stops everything under way and waits for it. Answers and streams of the core must have been let
 * go of before; NULL is nothing. */
BOWSHOT_EXPORT void bowshot_close(bowshot_core* core);

/* Stops calls that were given it, from another thread. */
typedef struct bowshot_stop bowshot_stop;
BOWSHOT_EXPORT bowshot_stop* bowshot_stop_make(void);
/* What runs ends within about 250 ms with the problem `cancelled`; what begins later at once. */
BOWSHOT_EXPORT void bowshot_stop_request(bowshot_stop* stop);
/* Calls that were given it go on. NULL is nothing. */
BOWSHOT_EXPORT void bowshot_stop_free(bowshot_stop* stop);

/* Runs the JSON request of POST /v1/query and begins its table: `out` yields record batches as they
 * are made, each without a copy. Blocks until the first batch, or the end, is there. `format` in a
 * request says nothing here. Errors in mid-stream are errors of get_next(). Releasing `out` stops
 * the query. `facts`, where not NULL, is set to a JSON object that bowshot_free() takes: "version",
 * "completeness" (exact, sampled, approximate), and "rows", "total_rows", "population" where known.
 * 0, or -1 with a problem; `out` is then released. `stop` may be NULL. */
BOWSHOT_EXPORT int32_t bowshot_query(bowshot_core* core, const char* request, bowshot_stop* stop,
                                     struct ArrowArrayStream* out, char** facts, char** problem);

/* Takes a table for a dataset, as PUT /v1/datasets/{name} does: `table` is read to its end and
 * released, whatever comes of it. Its buffers are not copied but kept, within publish_bytes, until
 * the table is replaced or removed and the last answer on it has ended: nobody may write to them, and
 * any thread may release them. Where the configuration names a publish_dir, they are written there
 * instead. The configuration must allow it (allow_publish). 0, or -1 with a problem. `stop` may be
 * NULL. */
BOWSHOT_EXPORT int32_t bowshot_publish(bowshot_core* core, const char* name,
                                       struct ArrowArrayStream* table, bowshot_stop* stop,
                                       char** problem);

/* A table as the bytes of one of the protocol's formats, for hosts that have tables of their own to
 * send: what a server answers, batch by batch, without a server. */
typedef struct bowshot_body bowshot_body;
/* Takes `table`: it is released in the end, whatever comes of it. `format` is a name of the
 * protocol's section 5, or NULL: then `accept`, the request's header, decides, and for Arrow its
 * codec. `accept_encoding` may compress. Both may be NULL. Waits for the first bytes. NULL with a
 * problem, for instance `not_acceptable`. `stop` may be NULL, and outlives the call only.
 * A dictionary that changes between batches is replaced in an Arrow stream, is values in the other
 * formats, and breaks an Arrow file off (`bad_data`), which holds one a column. */
BOWSHOT_EXPORT bowshot_body* bowshot_encode(struct ArrowArrayStream* table, const char* format,
                                            const char* accept, const char* accept_encoding,
                                            bowshot_stop* stop, char** problem);
/* Content-Type. Lives as long as the body. */
BOWSHOT_EXPORT const char* bowshot_body_media_type(const bowshot_body* body);
/* Content-Encoding: zstd, br, gzip or identity. Never freed. */
BOWSHOT_EXPORT const char* bowshot_body_coding(const bowshot_body* body);
/* Content-Length, where it is known; else -1. */
BOWSHOT_EXPORT int64_t bowshot_body_length(const bowshot_body* body);
/* The next bytes: their number, 0 at the end. They live until the next call. -1 when the table
 * fails: then *bytes are the last ones to send, *last of them, before the connection is broken, so
 * that no reader takes a part for the whole; *problem says why. `last` may be NULL. */
BOWSHOT_EXPORT int64_t bowshot_body_next(bowshot_body* body, const char** bytes, int64_t* last,
                                         char** problem);
/* NULL is nothing. */
BOWSHOT_EXPORT void bowshot_body_free(bowshot_body* body);

/* The next bytes of a request's body: their number, 0 at the end, negative when the body broke off.
 * At most `size` bytes go to `buffer`. */
typedef int64_t (*bowshot_read_body)(void* context, char* buffer, size_t size);

/* One HTTP request, already parsed. */
typedef struct bowshot_request {
  const char* method;
  const char* target;         /* path and query, percent-encoded: "/v1/datasets?..." */
  const char* const* headers; /* name, value, name, value, ..., NULL */
  bowshot_read_body read_body; /* NULL: no body */
  void* read_context;
} bowshot_request;

/* The answer to a request of the protocol as HTTP has it: status, headers, bytes. For hosts that
 * speak HTTP themselves and mount the protocol: whoever may call this may ask anything, so access
 * (tokens, Host, Origin) is the host's to check. `read_body` is called on another thread, until the
 * head of the answer is there. The texts of `request` are copied. Never NULL. */
typedef struct bowshot_answer bowshot_answer;
BOWSHOT_EXPORT bowshot_answer* bowshot_handle(bowshot_core* core, const bowshot_request* request);
/* Waits for the head: the status. 0: there is no answer, for the request was stopped. */
BOWSHOT_EXPORT int32_t bowshot_answer_status(bowshot_answer* answer);
/* Waits for the head: name, value, name, value, ..., NULL. Lives as long as the answer. Among them
 * Content-Length, where the length of the body is known. */
BOWSHOT_EXPORT const char* const* bowshot_answer_headers(bowshot_answer* answer);
/* Waits for the next bytes of the body: their number; 0 at its end; -1: the body broke off, and
 * what has come of it must not pass for the whole. The bytes live until the next call. What waits
 * to be taken is bounded; whoever takes nothing for stalled_reader_seconds is broken off. */
BOWSHOT_EXPORT int64_t bowshot_answer_next(bowshot_answer* answer, const char** bytes);
/* Stops the request; from any thread, also while another waits in one of the three above. */
BOWSHOT_EXPORT void bowshot_answer_stop(bowshot_answer* answer);
/* Stops the request if it still runs. NULL is nothing. */
BOWSHOT_EXPORT void bowshot_answer_free(bowshot_answer* answer);

#ifdef __cplusplus
}
#endif

#endif
