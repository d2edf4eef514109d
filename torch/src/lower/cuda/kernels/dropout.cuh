// Dropout, with numbers that depend on the seed, the step and the place alone, so that the backward
// pass draws those of the forward pass again.

struct Four {
  unsigned of[4];
};

// Philox4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", 2011).
DEVICE Four philox(Four counter, unsigned key0, unsigned key1) {
#pragma unroll
  for (int round = 0; round < 10; round++) {
    const unsigned long long first = 0xd2511f53ull * counter.of[0];
    const unsigned long long second = 0xcd9e8d57ull * counter.of[2];
    counter = {{static_cast<unsigned>(second >> 32) ^ counter.of[1] ^ key0,
                static_cast<unsigned>(second),
                static_cast<unsigned>(first >> 32) ^ counter.of[3] ^ key1,
                static_cast<unsigned>(first)}};
    key0 += 0x9e3779b9u;
    key1 += 0xbb67ae85u;
  }
  return counter;
}

// y = x / keep where the random number of a place, in [0, 1), is below `keep`, 0 elsewhere. y may
// be x. A thread for each 8 numbers; x and y are aligned to 16 bytes.
template <class T>
DEVICE void dropout(const typename T::Element* x, typename T::Element* y, const State* state,
                    unsigned long long seed, float keep, unsigned count) {
  const unsigned eight = blockIdx.x * blockDim.x + threadIdx.x;
  if (eight >= (count + 7) / 8) return;
  const float inverse = 1.0f / keep;
  float factors[8];
#pragma unroll
  for (int i = 0; i < 8; i += 4) {
    const Four random =
        philox({{2 * eight + i / 4, state->total, 0, 0}}, static_cast<unsigned>(seed),
               static_cast<unsigned>(seed >> 32));
#pragma unroll
    for (int k = 0; k < 4; k++) {
      factors[i + k] = static_cast<float>(random.of[k] >> 8) * 0x1p-24f < keep ? inverse : 0.0f;
    }
  }
  const size_t first = static_cast<size_t>(eight) * 8;
  if (first + 8 <= count) {
    const Vector<T, 8> all = Vector<T, 8>::load(x + first);
    float numbers[8];
#pragma unroll
    for (int i = 0; i < 8; i++) numbers[i] = factors[i] > 0.0f ? all.get(i) * factors[i] : 0.0f;
    Vector<T, 8>::of(numbers).store(y + first);
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; i++) {
    if (first + i >= count) continue;
    const float number = T::widen(x[first + i]);
    y[first + i] = T::narrow(factors[i] > 0.0f ? number * factors[i] : 0.0f);
  }
}
