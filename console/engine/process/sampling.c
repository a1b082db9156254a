/* The cut to the top 40 and the keyed choice of console.verification, in one pass over each row of logits.

   Right after a decode the caches hold weights. What numpy and Python need for the same (machine code, tables,
   objects) then comes back from memory piece by piece, and takes six times as long as the work; this touches
   little but the logits, and stands in the same call as the decode. A row that it cannot decide for certain is
   left to console.verification.cut, which is the definition. */
#include <math.h>
#include <stdint.h>
#include <time.h>

/* One library for every x86 processor, which takes the wider registers where there are some (glibc only). */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

enum { TOP = 40, REACHED = TOP + 4, LANES = 64, BLOCKS = 512 };

typedef struct {
    uint32_t id;
    int32_t q;
} Candidate;

static const float GRID = 1024.0f;
static const float LARGE = 524288.0f; /* beyond it a rounded logit is no longer exact in 32 bits */

/* The largest of `lines` times LANES logits; NaN when one of them is no number. */
static inline float largest(const float *x, int lines) {
    float best[LANES], sum[LANES];
    for (int j = 0; j < LANES; j++) best[j] = sum[j] = x[j];
    for (int i = 1; i < lines; i++) {
        x += LANES;
        for (int j = 0; j < LANES; j++) {
            best[j] = x[j] > best[j] ? x[j] : best[j];
            sum[j] += x[j];
        }
    }
    for (int half = LANES / 2; half; half /= 2)
        for (int j = 0; j < half; j++) {
            best[j] = best[j + half] > best[j] ? best[j + half] : best[j];
            sum[j] += sum[j + half];
        }
    return sum[0] != sum[0] ? sum[0] : best[0];
}

/* The REACHED-th largest of `maxima`: at least so many logits reach it. */
static float border_of(const float *maxima, int count) {
    float best[REACHED];
    int held = 0;
    for (int i = 0; i < count; i++) {
        float value = maxima[i];
        if (held == REACHED && !(value > best[held - 1])) continue;
        int at = held < REACHED ? held++ : REACHED - 1;
        for (; at > 0 && best[at - 1] < value; at--) best[at] = best[at - 1];
        best[at] = value;
    }
    return best[REACHED - 1];
}

/* Keep the best TOP, q downwards; ids come in rising order, so equal q stay in it. */
static int keep(Candidate *best, int held, uint32_t id, int32_t q) {
    if (held == TOP && q <= best[TOP - 1].q) return held;
    int at = held < TOP ? held++ : TOP - 1;
    for (; at > 0 && best[at - 1].q < q; at--) best[at] = best[at - 1];
    best[at].id = id;
    best[at].q = q;
    return held;
}

/* 0 when `out` holds the definition's candidates for certain. */
WIDE static int cut(const float *x, int size, Candidate *out) {
    if (size < REACHED * LANES) return 1;
    float maxima[BLOCKS + 1];
    int width = (size / BLOCKS + LANES) / LANES * LANES;
    int whole = size / width, count = whole, odd = 0;
    for (int b = 0; b < whole; b++) {
        maxima[b] = largest(x + (long)b * width, width / LANES);
        odd |= maxima[b] != maxima[b];
    }
    if (whole * width < size) {
        float most = x[whole * width];
        for (int i = whole * width; i < size; i++) {
            most = x[i] > most ? x[i] : most;
            odd |= x[i] != x[i];
        }
        maxima[count++] = most;
    }
    if (odd || count < REACHED) return 1;
    float border = border_of(maxima, count), top = maxima[0];
    for (int b = 1; b < count; b++) top = maxima[b] > top ? maxima[b] : top;
    if (!(top < LARGE && border > -LARGE)) return 1;
    int held = 0;
    for (int b = 0; b < count; b++) {
        if (maxima[b] < border) continue;
        int end = (b + 1) * width < size ? (b + 1) * width : size;
        for (int i = b * width; i < end; i++)
            if (x[i] >= border) held = keep(out, held, (uint32_t)i, (int32_t)lrintf(x[i] * GRID));
    }
    /* What stayed below the border may round to the same q as the border does, and no higher. */
    return !(out[TOP - 1].q > (int32_t)lrintf(border * GRID));
}

static uint64_t mixed(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* The place among the 40 that the key picks. */
static int chosen(const Candidate *of, uint64_t key, double scale) {
    double most = -INFINITY;
    int at = 0;
    for (int i = 0; i < TOP; i++) {
        uint64_t x = mixed(key + ((uint64_t)of[i].id + 1) * 0x9E3779B97F4A7C15u);
        double u = ((double)(x >> 11) + 0.5) * 0x1p-53;
        double score = of[i].q * scale + -log(-log(u));
        if (score > most) {
            most = score;
            at = i;
        }
    }
    return at;
}

/* As llama.h has it; console.engine.process.compiled compares the layout. */
typedef struct {
    int32_t n_tokens;
    int32_t *token;
    float *embd;
    int32_t *pos, *n_seq_id, **seq_id;
    int8_t *logits;
} Batch;

typedef int32_t Decode(void *, Batch);
typedef float *Get(void *);

/* All that a call is about, so that it has one argument: each one more costs the caller a microsecond, cold. */
typedef struct {
    Decode *decode;
    Get *get;
    void *context;
    const Batch *batch;
    int64_t status;      /* what llama_decode returned; NO_LOGITS; LEFT: a row is left to the definition */
    int64_t sampling_ns; /* from then on, for the benches; 0 where there is no monotonic clock */
    const float *logits;
    int64_t rows, size;
    const uint64_t *keys;
    const double *scales; /* 0: the largest is asked for */
    Candidate *out;
    int32_t *tokens;
} Call;

enum { NO_LOGITS = 1000, LEFT = 1001 };

static int64_t now_ns(void) {
#ifdef CLOCK_MONOTONIC
    struct timespec now;
    if (!clock_gettime(CLOCK_MONOTONIC, &now)) return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
#endif
    return 0;
}

/* Candidates of each row. In `tokens` 0, or -1: left to the definition.
   The number in the names is the version: console.engine.process.compiled asks for it. */
void cut_rows_3(const Call *call) {
    for (int64_t r = 0; r < call->rows; r++)
        call->tokens[r] = -cut(call->logits + r * call->size, (int)call->size, call->out + r * TOP);
}

/* The same, and in `tokens` what the row's key picks. */
void sample_rows_3(const Call *call) {
    cut_rows_3(call);
    for (int64_t r = 0; r < call->rows; r++) {
        const Candidate *best = call->out + r * TOP;
        double scale = call->scales[r];
        if (call->tokens[r] == 0) call->tokens[r] = (int32_t)best[scale > 0 ? chosen(best, call->keys[r], scale) : 0].id;
    }
}

/* One decode, and what `sample_rows` says of its logits. */
void decode_rows_3(Call *call) {
    call->status = call->decode(call->context, *call->batch);
    int64_t decoded_ns = now_ns();
    if (call->status) return;
    call->logits = call->get(call->context);
    if (!call->logits) {
        call->status = NO_LOGITS;
        return;
    }
    sample_rows_3(call);
    for (int64_t r = 0; r < call->rows; r++)
        if (call->tokens[r] < 0) call->status = LEFT;
    call->sampling_ns = now_ns() - decoded_ns;
}
