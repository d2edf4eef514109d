// Cross-entropy with label smoothing of logits[count, classes]: one block of EXAMPLES threads,
// LANES of them an example.

constexpr unsigned EXAMPLES = 512;

// Adds the loss and the number of correct predictions to the state; the first of equal logits is
// the prediction. The gradient by the logits is multiplied by the state's grad_scale; without a
// place for it (null) none is written.
template <class T, int LANES>
DEVICE void cross_entropy(const typename T::Element* __restrict__ logits,
                          const long long* __restrict__ labels,
                          typename T::Element* __restrict__ grad_logits, State* state,
                          unsigned count, unsigned classes, float smoothing) {
  SHARED(double, losses, EXAMPLES);
  SHARED(unsigned, rights, EXAMPLES);
  const unsigned lane = threadIdx.x % LANES;
  const float grad_scale = state->grad_scale;
  double loss = 0.0;
  unsigned right = 0;
  for (unsigned start = 0; start < count; start += EXAMPLES / LANES) {
    // All lanes of a warp go on to the exchange, also those without an example.
    const unsigned example = start + threadIdx.x / LANES;
    const unsigned at = example < count ? example : count - 1;
    const typename T::Element* row = logits + static_cast<size_t>(at) * classes;
    unsigned guess = lane < classes ? lane : 0;
    float largest = T::widen(row[guess]);
    for (unsigned i = lane; i < classes; i += LANES) {
      const float number = T::widen(row[i]);
      if (number > largest) {
        largest = number;
        guess = i;
      }
    }
#pragma unroll
    for (int off = LANES / 2; off > 0; off /= 2) {
      const float other = __shfl_xor_sync(0xffffffffu, largest, off);
      const unsigned other_guess = __shfl_xor_sync(0xffffffffu, guess, off);
      if (other > largest || (other == largest && other_guess < guess)) {
        largest = other;
        guess = other_guess;
      }
    }
    float sum = 0.0f, all = 0.0f;
    for (unsigned i = lane; i < classes; i += LANES) {
      const float off = T::widen(row[i]) - largest;
      sum += expf(off);
      all += off;
    }
#pragma unroll
    for (int off = LANES / 2; off > 0; off /= 2) {
      sum += __shfl_xor_sync(0xffffffffu, sum, off);
      all += __shfl_xor_sync(0xffffffffu, all, off);
    }
    if (example >= count) continue;
    const float each = smoothing / classes, log_sum = logf(sum);
    const unsigned label = static_cast<unsigned>(labels[example]);
    if (lane == 0) {
      const float own = T::widen(row[label]) - largest - log_sum;
      loss -= (1.0f - smoothing) * own;
      if (smoothing > 0.0f) loss -= each * (all - classes * log_sum);
      right += guess == label;
    }
    if (!grad_logits) continue;
    const float inverse = 1.0f / sum;
    for (unsigned i = lane; i < classes; i += LANES) {
      const float probability = expf(T::widen(row[i]) - largest) * inverse;
      const float grad = probability - each - (i == label ? 1.0f - smoothing : 0.0f);
      grad_logits[static_cast<size_t>(example) * classes + i] = T::narrow(grad * grad_scale);
    }
  }
  losses[threadIdx.x] = loss;
  rights[threadIdx.x] = right;
  for (unsigned half = EXAMPLES / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      losses[threadIdx.x] += losses[threadIdx.x + half];
      rights[threadIdx.x] += rights[threadIdx.x + half];
    }
  }
  if (threadIdx.x == 0) {
    state->sums[0] += losses[0];
    state->sums[1] += rights[0];
  }
}
