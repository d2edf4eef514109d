// Batch normalisation backward, with the pool and the activation behind it, which are recomputed
// from the input. The gradient by the output is grad_output, or with a second one (may be null) the sum of
// both. `pixels` and `width` are those of the output.

// The pixels of a thread that it loads before it computes.
template <class T, int V, bool POOL>
struct Window {
  static constexpr int CORNERS = POOL ? 4 : 1;
  Vector<T, V> input[CORNERS], grad, second;

  DEVICE void load(const typename T::Element* x, const typename T::Element* grad_output,
                   const typename T::Element* grad_second, unsigned pixel, unsigned channels,
                   unsigned width, unsigned first) {
    const typename T::Element* from =
        x + static_cast<size_t>(corner<POOL>(pixel, width)) * channels + first;
#pragma unroll
    for (int k = 0; k < CORNERS; k++) {
      input[k] = Vector<T, V>::load(from + static_cast<size_t>(neighbour(k, width)) * channels);
    }
    const size_t at = static_cast<size_t>(pixel) * channels + first;
    grad = Vector<T, V>::load(grad_output + at);
    if (grad_second) second = Vector<T, V>::load(grad_second + at);
  }
  // The gradient that pool and activation pass on in channel i, and by `at` which pixel gets it.
  template <class A>
  DEVICE float route(int i, bool two, float scale, float shift, const A& activation,
                     float (&numbers)[CORNERS], int& at) const {
    float normal[CORNERS], values[CORNERS];
#pragma unroll
    for (int k = 0; k < CORNERS; k++) {
      numbers[k] = input[k].get(i);
      normal[k] = fmaf(numbers[k], scale, shift);
      values[k] = POOL && !A::MONOTONE ? activation(normal[k]) : normal[k];
    }
    at = winner<POOL>(values);
    const float whole = grad.get(i) + (two ? second.get(i) : 0.0f);
    return activation.backward(whole, taken(normal, at));
  }
};

// grad_gamma and grad_beta, and `factors`, [3, channels]: a, b and c with which
// grad_input = a * routed + b * input + c, where `routed` is the gradient behind pool and activation.
template <class T, int V, bool POOL, class A>
DEVICE void gradient_sums(const typename T::Element* __restrict__ input,
                          const typename T::Element* __restrict__ grad_output,
                          const typename T::Element* __restrict__ grad_second,
                          const float* __restrict__ moments, const float* gamma, float* grad_gamma,
                          float* grad_beta, float* factors, float* partials, unsigned* tickets,
                          unsigned pixels, unsigned channels, unsigned width, const A& activation) {
  constexpr int CORNERS = POOL ? 4 : 1, BATCH = POOL || !A::MONOTONE ? 1 : 2;
  const Tile<V> tile(channels);
  float sums[2][V] = {};
  if (!tile.idle()) {
    float scale[V], shift[V], mean[V];
    load_floats(mean, moments + tile.first);
    load_floats(scale, moments + 2 * channels + tile.first);
    load_floats(shift, moments + 3 * channels + tile.first);
    const unsigned stride = tile.stride();
    for (unsigned first = tile.pixel(); first < pixels; first += BATCH * stride) {
      Window<T, V, POOL> windows[BATCH];
#pragma unroll
      for (int u = 0; u < BATCH; u++) {
        if (first + u * stride >= pixels) continue;
        const unsigned pixel = pixels - 1 - (first + u * stride);
        windows[u].load(input, grad_output, grad_second, pixel, channels, width, tile.first);
      }
#pragma unroll
      for (int u = 0; u < BATCH; u++) {
        if (first + u * stride >= pixels) continue;
#pragma unroll
        for (int i = 0; i < V; i++) {
          float numbers[CORNERS];
          int at;
          const float routed = windows[u].route(i, grad_second != nullptr, scale[i], shift[i],
                                                activation, numbers, at);
          sums[0][i] += routed;
          sums[1][i] = fmaf(routed, taken(numbers, at) - mean[i], sums[1][i]);
        }
      }
    }
  }
  double totals[2];
  if (!reduce<V>(sums, tile, partials, tickets, totals)) return;
  const unsigned channel = blockIdx.y * WIDTH + threadIdx.x;
  const double count = static_cast<double>(pixels) * CORNERS;
  const double mean = moments[channel], inverse = moments[channels + channel];
  const double by_gamma = totals[1] * inverse, a = gamma[channel] * inverse;
  const double b = -a * inverse * by_gamma / count;
  grad_gamma[channel] = static_cast<float>(by_gamma);
  grad_beta[channel] = static_cast<float>(totals[0]);
  factors[channel] = static_cast<float>(a);
  factors[channels + channel] = static_cast<float>(b);
  factors[2 * channels + channel] = static_cast<float>(-a * totals[0] / count - b * mean);
}

// grad_input, which may be the input itself.
template <class T, int V, bool POOL, class A>
DEVICE void gradient_input(const typename T::Element* input,
                           const typename T::Element* __restrict__ grad_output,
                           const typename T::Element* __restrict__ grad_second,
                           typename T::Element* grad_input, const float* __restrict__ moments,
                           const float* __restrict__ factors, unsigned pixels, unsigned channels,
                           unsigned width, const A& activation) {
  constexpr int CORNERS = POOL ? 4 : 1, BATCH = POOL || !A::MONOTONE ? 1 : 2;
  const Tile<V> tile(channels);
  if (tile.idle()) return;
  float scale[V], shift[V], a[V], b[V], c[V];
  load_floats(scale, moments + 2 * channels + tile.first);
  load_floats(shift, moments + 3 * channels + tile.first);
  load_floats(a, factors + tile.first);
  load_floats(b, factors + channels + tile.first);
  load_floats(c, factors + 2 * channels + tile.first);
  const unsigned stride = tile.stride();
  for (unsigned first = tile.pixel(); first < pixels; first += BATCH * stride) {
    Window<T, V, POOL> windows[BATCH];
#pragma unroll
    for (int u = 0; u < BATCH; u++) {
      const unsigned pixel = first + u * stride;
      if (pixel >= pixels) continue;
      windows[u].load(input, grad_output, grad_second, pixel, channels, width, tile.first);
    }
#pragma unroll
    for (int u = 0; u < BATCH; u++) {
      const unsigned pixel = first + u * stride;
      if (pixel >= pixels) continue;
      float out[CORNERS][V];
#pragma unroll
      for (int i = 0; i < V; i++) {
        float numbers[CORNERS];
        int at;
        const float routed = windows[u].route(i, grad_second != nullptr, scale[i], shift[i],
                                              activation, numbers, at);
#pragma unroll
        for (int k = 0; k < CORNERS; k++) {
          out[k][i] = fmaf(a[i], at == k ? routed : 0.0f, fmaf(b[i], numbers[k], c[i]));
        }
      }
      typename T::Element* to =
          grad_input + static_cast<size_t>(corner<POOL>(pixel, width)) * channels + tile.first;
#pragma unroll
      for (int k = 0; k < CORNERS; k++) {
        Vector<T, V>::of(out[k]).store(to + static_cast<size_t>(neighbour(k, width)) * channels);
      }
    }
  }
}
