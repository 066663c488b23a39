// The binary interface between a worker and a model of your own, in C: it depends neither on the
// compiler nor on the release of Paceline. In C++, include paceline_model.h, which has it too.
#ifndef PACELINE_MODEL_ABI_H_
#define PACELINE_MODEL_ABI_H_

#include <stdint.h>

// Of this interface. A worker loads libraries of its own major version whose minor version is
// at most its own. Within a major version structs grow at their end only; those that are
// elements of arrays (PacelineTable, PacelineOption, PacelineRows) stay as they are.
#define PACELINE_MODEL_MAJOR 1
#define PACELINE_MODEL_MINOR 0

#ifdef __cplusplus
extern "C" {
#endif

typedef struct PacelineTable {
  const char* name;
  uint64_t rows;  // 0 if sparse
  uint32_t dim;   // values per row
  uint32_t sparse;
} PacelineTable;

typedef struct PacelineOption {
  const char* name;
  const char* value;
} PacelineOption;

// What a model is made for. Valid during `create`.
typedef struct PacelineJob {
  uint64_t struct_size;
  uint64_t features;  // of the data: indices are below it
  uint64_t seed;      // train.seed
  uint32_t classes;   // of the data: largest label + 1 where labels are whole numbers, else 0
  uint32_t table_count;
  const PacelineTable* tables;  // in name order
  uint64_t option_count;
  const PacelineOption* options;  // model.library.options
} PacelineJob;

// What Predict says of a record: PacelineScores.kind.
enum {
  PACELINE_SCORE_VALUE = 1,        // the value expected of the label; width 1
  PACELINE_SCORE_PROBABILITY = 2,  // of label 1; width 1
  PACELINE_SCORE_CLASSES = 3       // probabilities of labels 0, 1, ...; width: their number
};

typedef struct PacelineScores {
  uint64_t struct_size;
  uint32_t kind;
  uint32_t width;
} PacelineScores;

// PacelineBatch.form.
enum {
  PACELINE_BATCH_SPARSE = 1,  // CSR
  PACELINE_BATCH_DENSE = 2,
  PACELINE_BATCH_FIELDS = 3  // data.train.format ratings: user and item
};

// Records of a mini-batch. Valid during the call that gets it.
typedef struct PacelineBatch {
  uint64_t struct_size;
  uint32_t form;
  uint32_t fields;          // fields: keys of a record
  uint64_t records;         // n
  uint64_t columns;         // dense: features; fields: numbers beside the keys; sparse: 0
  uint64_t entries;         // of indices
  const float* labels;      // [n]
  const uint64_t* offsets;  // sparse: [n + 1]; record i has the entries from offsets[i] on
  const uint64_t* indices;  // sparse: [entries], ascending in a record; fields: [n, fields]
  const float* values;      // sparse: [entries]
  const float* dense;       // [n, columns] row-major
  uint64_t iteration;       // in training, with `rank`: whose batch it is; else 0
  uint32_t rank;
  uint32_t reserved;
} PacelineBatch;

// Rows of a table that a call gets: all of a dense one; of a sparse one those whose keys `keys`
// named, and maybe others.
typedef struct PacelineRows {
  uint64_t count;
  const uint64_t* keys;  // sparse: [count], ascending and distinct; dense: null
  const float* values;   // [count, dim] row-major
} PacelineRows;

// Gets the text of an error, up to capacity bytes with the 0 at its end.
typedef struct PacelineError {
  char* text;
  uint64_t capacity;
} PacelineError;

// Gets keys, in any order and any number of times.
typedef struct PacelineKeys {
  void* context;
  void (*add)(void* context, const uint64_t* keys, uint64_t count);
} PacelineKeys;

// A model. Functions that return int32_t return 0, or something else and the text of an error,
// which fails the job. No exception may leave them.
typedef struct PacelineModel {
  uint32_t major;
  uint32_t minor;
  uint64_t struct_size;
  // Fills *scores. Null: an error.
  void* (*create)(const PacelineJob* job, PacelineScores* scores, PacelineError* error);
  void (*destroy)(void* model);
  // The keys that a batch needs of a sparse table. On any thread, beside all others.
  int32_t (*keys)(const void* model, const PacelineBatch* batch, uint32_t table,
                  const PacelineKeys* keys, PacelineError* error);
  // Adds scale * the gradient of the sum of the records' losses to gradients[table] [count, dim]
  // which are 0 before, and sets *loss to that sum, not scaled.
  int32_t (*gradient)(void* model, const PacelineBatch* batch, const PacelineRows* parameters,
                      float scale, float* const* gradients, double* loss, PacelineError* error);
  // Fills scores [n, width] and losses [n].
  int32_t (*predict)(void* model, const PacelineBatch* batch, const PacelineRows* parameters,
                     float* scores, float* losses, PacelineError* error);
} PacelineModel;

// The one symbol of a library. What it returns lives as long as the process.
__attribute__((visibility("default"))) const PacelineModel* paceline_model(void);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // PACELINE_MODEL_ABI_H_
