// The 2 x 2 max pool with a stride of 2, alone and as a normalisation takes it in, and the global
// max pool. The first of equal numbers wins.

// The first pixel of the input that pixel `pixel` of the output is taken from, if height and width
// of the input are even; `width`: of the output.
template <bool POOL>
DEVICE unsigned corner(unsigned pixel, unsigned width) {
  return POOL ? pixel / width * 4 * width + pixel % width * 2 : pixel;
}

// How far the k-th pixel of a window lies behind its first.
DEVICE unsigned neighbour(int k, unsigned width) { return (k >> 1) * 2 * width + (k & 1); }

// The pixel of a window that the pool takes, -1 if one is NaN.
template <bool POOL, int CORNERS>
DEVICE int winner(const float (&numbers)[CORNERS]) {
  float largest = numbers[0];
#pragma unroll
  for (int k = 1; k < CORNERS; k++) largest = max_nan(largest, numbers[k]);
  int at = POOL ? -1 : 0;
#pragma unroll
  for (int k = CORNERS - 1; POOL && k >= 0; k--) at = numbers[k] == largest ? k : at;
  return at;
}

// The number of that pixel.
template <int CORNERS>
DEVICE float taken(const float (&numbers)[CORNERS], int at) {
  float number = numbers[0];
#pragma unroll
  for (int k = 1; k < CORNERS; k++) number = at == k ? numbers[k] : number;
  return number;
}

// The window of pixel `pixel` of the output in an input of any height and width from 2 on. An odd
// one has a last row or column outside of all windows.
struct PoolWindow {
  unsigned width, start;  // of the input; its first pixel
  // How far window and pixels outside of all windows reach from there, those of this thread.
  unsigned rows, columns;

  DEVICE PoolWindow(unsigned pixel, unsigned height, unsigned width) : width(width) {
    const unsigned row = pixel / (width / 2), x = pixel % (width / 2);
    const unsigned image = row / (height / 2), y = row % (height / 2);
    start = (image * height + 2 * y) * width + 2 * x;
    rows = y == height / 2 - 1 ? 2 + height % 2 : 2;
    columns = x == width / 2 - 1 ? 2 + width % 2 : 2;
  }
  DEVICE size_t at(unsigned row, unsigned column) const { return start + row * width + column; }
  DEVICE size_t at(int k) const { return at(k >> 1, k & 1); }
};

// The 2 x 2 max pool. `pixels` are those of the output, `height` and `width` those of the input.
template <class T, int V>
DEVICE void max_pool(const typename T::Element* __restrict__ input,
                     typename T::Element* __restrict__ output, unsigned pixels, unsigned channels,
                     unsigned height, unsigned width) {
  const Tile<V> tile(channels);
  if (tile.idle()) return;
  for (unsigned pixel = tile.pixel(); pixel < pixels; pixel += tile.stride()) {
    const PoolWindow place(pixel, height, width);
    Vector<T, V> window[4];
#pragma unroll
    for (int k = 0; k < 4; k++) {
      window[k] = Vector<T, V>::load(input + place.at(k) * channels + tile.first);
    }
    float numbers[V];
#pragma unroll
    for (int i = 0; i < V; i++) {
      numbers[i] = window[0].get(i);
#pragma unroll
      for (int k = 1; k < 4; k++) numbers[i] = max_nan(numbers[i], window[k].get(i));
    }
    Vector<T, V>::of(numbers).store(output + static_cast<size_t>(pixel) * channels + tile.first);
  }
}

// grad_input, which may be the input itself.
template <class T, int V>
DEVICE void max_pool_gradient(const typename T::Element* input,
                              const typename T::Element* __restrict__ grad_output,
                              typename T::Element* grad_input, unsigned pixels, unsigned channels,
                              unsigned height, unsigned width) {
  const Tile<V> tile(channels);
  if (tile.idle()) return;
  for (unsigned pixel = tile.pixel(); pixel < pixels; pixel += tile.stride()) {
    const PoolWindow place(pixel, height, width);
    Vector<T, V> window[4];
#pragma unroll
    for (int k = 0; k < 4; k++) {
      window[k] = Vector<T, V>::load(input + place.at(k) * channels + tile.first);
    }
    const Vector<T, V> grad =
        Vector<T, V>::load(grad_output + static_cast<size_t>(pixel) * channels + tile.first);
    float out[4][V];
#pragma unroll
    for (int i = 0; i < V; i++) {
      const float numbers[4] = {window[0].get(i), window[1].get(i), window[2].get(i),
                                window[3].get(i)};
      const int at = winner<true>(numbers);
#pragma unroll
      for (int k = 0; k < 4; k++) out[k][i] = at == k ? grad.get(i) : 0.0f;
    }
#pragma unroll
    for (int k = 0; k < 4; k++) {
      Vector<T, V>::of(out[k]).store(grad_input + place.at(k) * channels + tile.first);
    }
    const float zeros[V] = {};
    for (unsigned row = 0; row < place.rows; row++) {
      for (unsigned column = row < 2 ? 2 : 0; column < place.columns; column++) {
        Vector<T, V>::of(zeros).store(grad_input + place.at(row, column) * channels + tile.first);
      }
    }
  }
}

// output[images, channels]: the largest of each image and channel. A thread for each V channels.
template <class T, int V>
DEVICE void global_max(const typename T::Element* __restrict__ input,
                       typename T::Element* __restrict__ output, unsigned images, unsigned pixels,
                       unsigned channels) {
  const unsigned columns = channels / V, at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= images * columns) return;
  const unsigned image = at / columns, first = at % columns * V;
  const typename T::Element* from = input + static_cast<size_t>(image) * pixels * channels + first;
  float largest[V];
  const Vector<T, V> start = Vector<T, V>::load(from);
#pragma unroll
  for (int i = 0; i < V; i++) largest[i] = start.get(i);
#pragma unroll 8
  for (unsigned pixel = 1; pixel < pixels; pixel++) {
    const Vector<T, V> next = Vector<T, V>::load(from + static_cast<size_t>(pixel) * channels);
#pragma unroll
    for (int i = 0; i < V; i++) largest[i] = max_nan(largest[i], next.get(i));
  }
  Vector<T, V>::of(largest).store(output + static_cast<size_t>(image) * channels + first);
}

// grad_input, which may be the input itself.
template <class T, int V>
DEVICE void global_max_gradient(const typename T::Element* input,
                                const typename T::Element* __restrict__ grad_output,
                                typename T::Element* grad_input, unsigned images, unsigned pixels,
                                unsigned channels) {
  const unsigned columns = channels / V, at = blockIdx.x * blockDim.x + threadIdx.x;
  if (at >= images * columns) return;
  const unsigned image = at / columns, first = at % columns * V;
  const size_t from = static_cast<size_t>(image) * pixels * channels + first;
  const Vector<T, V> grad =
      Vector<T, V>::load(grad_output + static_cast<size_t>(image) * channels + first);
  float largest[V];
  unsigned where[V];
  const Vector<T, V> start = Vector<T, V>::load(input + from);
#pragma unroll
  for (int i = 0; i < V; i++) {
    largest[i] = start.get(i);
    where[i] = 0;
  }
#pragma unroll 8
  for (unsigned pixel = 1; pixel < pixels; pixel++) {
    const Vector<T, V> next =
        Vector<T, V>::load(input + from + static_cast<size_t>(pixel) * channels);
#pragma unroll
    for (int i = 0; i < V; i++) {
      const float number = next.get(i);
      if (number > largest[i]) {
        largest[i] = number;
        where[i] = pixel;
      }
    }
  }
  for (unsigned pixel = 0; pixel < pixels; pixel++) {
    float numbers[V];
#pragma unroll
    for (int i = 0; i < V; i++) numbers[i] = where[i] == pixel ? grad.get(i) : 0.0f;
    Vector<T, V>::of(numbers).store(grad_input + from + static_cast<size_t>(pixel) * channels);
  }
}
