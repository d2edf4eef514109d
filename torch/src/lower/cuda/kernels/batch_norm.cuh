// Batch normalisation forward. Activations are [pixels of all images, channels]. `moments` is
// [4, channels]: mean, 1 / deviation, and the scale and shift with which a normalised number is
// scale * x + shift.

// Takes the moments of a batch, and moves running mean and variance by `momentum` towards them.
template <class T, int V>
DEVICE void statistics(const typename T::Element* __restrict__ input, const float* gamma,
                       const float* beta, float* running_mean, float* running_var, float* moments,
                       float* partials, unsigned* tickets, unsigned pixels, unsigned channels,
                       double momentum, double eps) {
  constexpr int BATCH = 4;
  const Tile<V> tile(channels);
  float sums[2][V] = {};
  if (!tile.idle()) {
    // Sums are of the differences from the first pixel, so that a mean far from 0 costs no digits.
    float pivot[V];
    const Vector<T, V> start = Vector<T, V>::load(input + tile.first);
#pragma unroll
    for (int i = 0; i < V; i++) pivot[i] = start.get(i);
    const unsigned stride = tile.stride();
    for (unsigned first = tile.pixel(); first < pixels; first += BATCH * stride) {
      Vector<T, V> batch[BATCH];
#pragma unroll
      for (int u = 0; u < BATCH; u++) {
        // Pixels that do not exist count as the pivot.
        const unsigned at = first + u * stride;
        batch[u] = at < pixels
                       ? Vector<T, V>::load(
                             input + static_cast<size_t>(pixels - 1 - at) * channels + tile.first)
                       : start;
      }
#pragma unroll
      for (int u = 0; u < BATCH; u++) {
#pragma unroll
        for (int i = 0; i < V; i++) {
          const float off = batch[u].get(i) - pivot[i];
          sums[0][i] += off;
          sums[1][i] = fmaf(off, off, sums[1][i]);
        }
      }
    }
  }
  double totals[2];
  if (!reduce<V>(sums, tile, partials, tickets, totals)) return;
  const unsigned channel = blockIdx.y * WIDTH + threadIdx.x;
  const double count = pixels, off = totals[0] / count;
  const double mean = static_cast<double>(T::widen(input[channel])) + off;
  const double spread = totals[1] / count - off * off;
  const double var = spread > 0.0 || spread != spread ? spread : 0.0;
  const double inverse = 1.0 / sqrt(var + eps), scale = gamma[channel] * inverse;
  moments[channel] = static_cast<float>(mean);
  moments[channels + channel] = static_cast<float>(inverse);
  moments[2 * channels + channel] = static_cast<float>(scale);
  moments[3 * channels + channel] = static_cast<float>(beta[channel] - scale * mean);
  const double unbiased = var * count / (count > 1.0 ? count - 1.0 : 1.0);
  running_mean[channel] =
      static_cast<float>((1.0 - momentum) * running_mean[channel] + momentum * mean);
  running_var[channel] =
      static_cast<float>((1.0 - momentum) * running_var[channel] + momentum * unbiased);
}

// output = pool(activation(scale * input + shift)) + residual; the residual may be null. `pixels`
// and `width` are those of the output.
template <class T, int V, bool POOL, class A>
DEVICE void normalise(const typename T::Element* __restrict__ input,
                      typename T::Element* __restrict__ output,
                      const typename T::Element* __restrict__ residual,
                      const float* __restrict__ moments, unsigned pixels, unsigned channels,
                      unsigned width, const A& activation) {
  constexpr int CORNERS = POOL ? 4 : 1, BATCH = POOL || !A::MONOTONE ? 1 : 4;
  const Tile<V> tile(channels);
  if (tile.idle()) return;
  float scale[V], shift[V];
  load_floats(scale, moments + 2 * channels + tile.first);
  load_floats(shift, moments + 3 * channels + tile.first);
  const unsigned stride = tile.stride();
  for (unsigned first = tile.pixel(); first < pixels; first += BATCH * stride) {
    Vector<T, V> window[BATCH][CORNERS], more[BATCH];
#pragma unroll
    for (int u = 0; u < BATCH; u++) {
      const unsigned pixel = first + u * stride;
      if (pixel >= pixels) continue;
      const typename T::Element* from =
          input + static_cast<size_t>(corner<POOL>(pixel, width)) * channels + tile.first;
#pragma unroll
      for (int k = 0; k < CORNERS; k++) {
        window[u][k] =
            Vector<T, V>::load(from + static_cast<size_t>(neighbour(k, width)) * channels);
      }
      if (residual) {
        more[u] = Vector<T, V>::load(residual + static_cast<size_t>(pixel) * channels + tile.first);
      }
    }
#pragma unroll
    for (int u = 0; u < BATCH; u++) {
      const unsigned pixel = first + u * stride;
      if (pixel >= pixels) continue;
      float numbers[V];
#pragma unroll
      for (int i = 0; i < V; i++) {
        float number = fmaf(window[u][0].get(i), scale[i], shift[i]);
        if (!A::MONOTONE) number = activation(number);
#pragma unroll
        for (int k = 1; k < CORNERS; k++) {
          const float next = fmaf(window[u][k].get(i), scale[i], shift[i]);
          number = max_nan(number, A::MONOTONE ? next : activation(next));
        }
        if (A::MONOTONE) number = activation(number);
        if (residual) number += more[u].get(i);
        numbers[i] = number;
      }
      Vector<T, V>::of(numbers).store(output + static_cast<size_t>(pixel) * channels + tile.first);
    }
  }
}
