//! Resource limits for input files. Every limit is here; `docs/limits.md` lists them for users.
//!
//! Files may come from strangers. With these limits `netc check` refuses any of them within a
//! second and 200 MB, and no count overflows 64 bits.

/// Bytes of one `.net` file.
pub const MAX_FILE_BYTES: usize = 1 << 20;
/// Bytes of one line.
pub const MAX_LINE_BYTES: usize = 1 << 16;
/// Bytes of a name.
pub const MAX_NAME_BYTES: usize = 128;
/// Bytes of all files of one net together.
pub const MAX_PROJECT_BYTES: usize = 4 << 20;
/// Files of one net.
pub const MAX_FILES: usize = 256;
/// Files beside one that are searched for blocks that it does not import.
pub const MAX_NEIGHBOURS: usize = 64;
/// Bytes of all of these together.
pub const MAX_NEIGHBOUR_BYTES: usize = 256 << 10;
/// Words and arrows of all files of one net together, comments not counted.
pub const MAX_PARTS: usize = 100_000;
/// Lines of one file, empty lines and comments not counted.
pub const MAX_LINES: usize = 20_000;

/// How deep brackets may nest. The grammar recurses once per bracket, and a debug build of its
/// parser needs about 10 KiB of stack for each.
pub const MAX_NESTING: usize = 64;
/// How deep a tree may be: brackets, operators, indexing and `else` each count one.
pub const MAX_DEPTH: usize = 128;
/// The maximum depth of block calls.
pub const MAX_CALL_DEPTH: usize = 64;

/// Iterations of one `repeat`.
pub const MAX_ROUNDS: i64 = 10_000;
/// Ops that a net may expand to, blocks and repeats included.
pub const MAX_ELEMENTS_PLACED: usize = 200_000;
/// Steps of expansion: each statement executed, each argument or parameter visited, each operand
/// of an expression.
pub const MAX_STEPS: u64 = 2_000_000;
/// Bytes of the path of a node.
pub const MAX_PATH_BYTES: usize = 1024;
/// Bytes of the paths of all nodes together.
pub const MAX_PATHS_BYTES: usize = 4 << 20;
/// Items of a list, those of lists within it included.
pub const MAX_ITEMS: usize = 4096;
/// Values that a join reads.
pub const MAX_OPERANDS: usize = 1024;
/// Values that all nodes together read.
pub const MAX_EDGES: usize = 400_000;

/// Sizes of a shape, the batch not counted.
pub const MAX_RANK: usize = 8;
/// The largest size along one dimension, and the largest product of sizes, that a shape may have.
/// With them no count of this crate can overflow 64 bits.
pub const MAX_DIM: u64 = 1 << 31;
/// See [`MAX_DIM`].
pub const MAX_ELEMENTS: u64 = 1 << 40;
/// Sizes and counts of one argument.
pub const MAX_COUNT: i64 = 1 << 31;
/// Trained values of one net.
pub const MAX_PARAMS: u64 = 1 << 36;

/// Errors, and warnings, that are collected for one net.
pub const MAX_PROBLEMS: usize = 100;
/// How many errors of the grammar are looked for in a file.
pub const MAX_SYNTAX_ERRORS: usize = 20;
/// Problems of one code that are shown to a person; the rest are counted.
pub const MAX_SHOWN: usize = 8;
/// How many errors are looked for, counting each node or value at one place.
pub const MAX_FOUND: usize = 1000;
/// Names that a misspelt one is compared with.
pub const MAX_COMPARED: usize = 500;

/// Nodes, and bytes in all, of a net whose shape errors are repaired: a repair is tried by
/// compiling again.
pub const MAX_REPAIRED_NODES: usize = 5_000;
/// See [`MAX_REPAIRED_NODES`].
pub const MAX_REPAIRED_BYTES: usize = 64 << 10;

/// Nodes of all nets together that are tried for the shapes in blocks that nothing calls, for one
/// answer to an editor.
pub const MAX_PROBED_NODES: usize = 20_000;

/// Nodes of a net whose memory `check` predicts: the passes and the schedule of larger ones take
/// longer than the check itself.
pub const MAX_PREDICTED_NODES: usize = 5_000;

/// Bytes of a checkpoint.
pub const MAX_CHECKPOINT_BYTES: u64 = 1 << 40;
/// Bytes of the header of a checkpoint: safetensors accepts no more.
pub const MAX_TENSOR_HEADER_BYTES: u64 = 100_000_000;
/// Bytes of the log of a run.
pub const MAX_RUN_FILE_BYTES: usize = 64 << 20;
/// Bytes of a run's `run.json`.
pub const MAX_RUN_INFO_BYTES: usize = 16 << 20;
/// Bytes of a recipe.
pub const MAX_RECIPE_BYTES: usize = 64 << 10;

/// Bytes of a message to the language server.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// Bytes of a message's header.
pub const MAX_HEADER_BYTES: usize = 4 << 10;

/// Bytes of the pixels of a data set: all of it is held in memory.
pub const MAX_DATA_BYTES: u64 = 16 << 30;
/// Classes of a data set.
pub const MAX_CLASSES: usize = 1 << 16;
/// Pixels along a side of an image.
pub const MAX_IMAGE_SIDE: usize = 8192;
/// Bytes of one PNG or JPEG file.
pub const MAX_IMAGE_FILE_BYTES: u64 = 256 << 20;
/// Approximate bytes of the images of a folder that are decoded at one time; one is always
/// decoded.
pub const MAX_DECODING_BYTES: usize = 512 << 20;
/// Bytes that a `.npz` file may unpack to, all arrays together, whatever its own size.
pub const MAX_UNPACKED_BYTES: u64 = 256 << 20;
/// The multiple of its own size that it may unpack to beyond that.
pub const MAX_UNPACKED_RATIO: u64 = 200;
/// Bytes that an archive of CIFAR may unpack to; the official ones hold less than half of it.
pub const MAX_ARCHIVE_BYTES: u64 = 512 << 20;
/// Bytes of the array with the names of a data set's classes.
pub const MAX_CLASS_NAMES_BYTES: u64 = 64 << 20;
/// Bytes of one class's name.
pub const MAX_CLASS_NAME_BYTES: usize = 1000;
/// Bytes of all classes' names. `run.json`, which is read up to [`MAX_RUN_INFO_BYTES`], holds them
/// in quotes.
pub const MAX_CLASS_TEXT_BYTES: usize = 4 << 20;

/// Bytes of the plan of a search.
pub const MAX_PLAN_BYTES: usize = 512 << 20;
/// Bytes of the file of a run of a search.
pub const MAX_RECORD_BYTES: usize = 64 << 20;
/// Bytes of a small file of a search: who works on a run, which jobs were submitted.
pub const MAX_NOTE_BYTES: usize = 1 << 20;
/// Names in the folder of a run of a search.
pub const MAX_RUN_NAMES: usize = 1_000;
/// Bytes of a name, path or condition in the plan of a search.
pub const MAX_TEXT_BYTES: usize = 4096;
/// Bytes of the reason why a run failed.
pub const MAX_REASON_BYTES: usize = 16 << 10;
/// Variants of one search.
pub const MAX_VARIANTS: usize = 100_000;
/// Values of one parameter that a search varies over its domain.
pub const MAX_VALUES: usize = 64;
/// Runs of one search.
pub const MAX_RUNS: usize = 1_000_000;
/// Epochs of one run of a search.
pub const MAX_EPOCHS: u32 = 100_000;
/// The largest N for which successive halving keeps one in N variants.
pub const MAX_HALVING: u32 = 1_000;
/// The seed of a run of a search.
pub const MAX_SEED: u64 = 1 << 62;
/// Images of a search's `limit_train` and `limit_test`.
pub const MAX_IMAGES: u64 = 1 << 40;
/// Multiply-accumulate operations of a variant of a search for one image.
pub const MAX_MACS: u64 = 1 << 60;
/// Jobs that were submitted for a search.
pub const MAX_JOBS: usize = 10_000;
/// How often a run of a search may change hands.
pub const MAX_LEASES: u32 = 1_000_000;
/// Connections to the page of a search at the same time.
pub const MAX_CONNECTIONS: usize = 16;
/// Bytes of the head of a request to it.
pub const MAX_REQUEST_BYTES: usize = 16 << 10;
