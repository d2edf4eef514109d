// How a block is laid over pixels and channels, and sums over all blocks.
//
// A block is a tile of WIDTH channels, which blockIdx.y counts. Its threads are rows of one thread
// for each V channels. Pixels go round the rows of all blocks of a blockIdx.y; where sums are taken
// in fp32 the grid has to be so large that no row gets more than RUN of them. Sums begin with the
// last pixel and the kernels that follow them with the first, so that each finds in the L2 cache
// what the kernel before it touched last.

constexpr unsigned THREADS = 256, WIDTH = 64, SLICES = THREADS / 32;
[[maybe_unused]] constexpr unsigned RUN = 128;

template <int V>
struct Tile {
  unsigned channels;       // of the block
  unsigned column, first;  // of the thread: its place in the row, its first channel of all
  unsigned row, rows;      // threads from `rows` on are idle

  DEVICE explicit Tile(unsigned all) {
    const unsigned start = blockIdx.y * WIDTH;
    channels = all - start < WIDTH ? all - start : WIDTH;
    const unsigned columns = channels / V;
    rows = THREADS / columns;
    column = threadIdx.x % columns;
    row = threadIdx.x / columns;
    first = start + column * V;
  }
  DEVICE bool idle() const { return row >= rows; }
  DEVICE unsigned pixel() const { return blockIdx.x * rows + row; }
  DEVICE unsigned stride() const { return gridDim.x * rows; }
};

template <int V>
DEVICE void load_floats(float (&to)[V], const float* from) {
#pragma unroll
  for (int i = 0; i < V; i++) to[i] = from[i];
}

// Adds two sums of each channel over all blocks, in an order that the grid alone decides. True in
// the thread of each channel in the block that comes last, which gets the totals. All threads of a
// block have to come, with zeros if they are idle. partials: 2 * WIDTH floats a block, aligned to
// 16 bytes; tickets: one for each blockIdx.y, 0 before and after.
template <int V>
DEVICE bool reduce(const float (&sums)[2][V], const Tile<V>& tile, float* partials,
                   unsigned* tickets, double (&totals)[2]) {
  constexpr unsigned ROW = THREADS + 4;  // Neither writes nor reads meet in a bank.
  SHARED(float, parts, 2 * V * ROW);
  SHARED(double, slices, SLICES * 2 * WIDTH);
  SHARED(unsigned, last, 1);
#pragma unroll
  for (int i = 0; i < 2 * V; i++) parts[i * ROW + threadIdx.x] = sums[i / V][i % V];
  __syncthreads();
  if (threadIdx.x < 2 * WIDTH) {
    const unsigned channel = threadIdx.x % WIDTH, columns = tile.channels / V;
    float sum = 0.0f;
    if (channel < tile.channels) {
      const unsigned start = (threadIdx.x / WIDTH * V + channel % V) * ROW + channel / V;
#pragma unroll 8
      for (unsigned row = 0; row < tile.rows; row++) sum += parts[start + row * columns];
    }
    const size_t block = static_cast<size_t>(blockIdx.y) * gridDim.x + blockIdx.x;
    partials[block * 2 * WIDTH + threadIdx.x] = sum;
  }
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    const bool is_last = atomicAdd(tickets + blockIdx.y, 1u) == gridDim.x - 1;
    if (is_last) tickets[blockIdx.y] = 0;
    last[0] = is_last;
  }
  __syncthreads();
  if (!last[0]) return false;
  __threadfence();
  const unsigned four = threadIdx.x % 32, slice = threadIdx.x / 32;
  const size_t start = static_cast<size_t>(blockIdx.y) * gridDim.x * 2 * WIDTH;
  const float4* from = reinterpret_cast<const float4*>(partials + start) + four;
  double all[4] = {0.0, 0.0, 0.0, 0.0};
#pragma unroll 8
  for (unsigned block = slice; block < gridDim.x; block += SLICES) {
    const float4 part = __ldcg(from + block * 32);
    all[0] += part.x;
    all[1] += part.y;
    all[2] += part.z;
    all[3] += part.w;
  }
#pragma unroll
  for (int i = 0; i < 4; i++) slices[slice * 2 * WIDTH + four * 4 + i] = all[i];
  __syncthreads();
  if (threadIdx.x >= tile.channels) return false;
#pragma unroll
  for (int s = 0; s < 2; s++) {
    totals[s] = 0.0;
#pragma unroll
    for (unsigned i = 0; i < SLICES; i++) {
      totals[s] += slices[i * 2 * WIDTH + s * WIDTH + threadIdx.x];
    }
  }
  return true;
}
