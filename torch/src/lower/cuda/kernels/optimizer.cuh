// What happens to all weights in one launch: a block for each CHUNK numbers of a weight.

constexpr unsigned CHUNK = 2048;

// A weight of `count` numbers. The gradient and the 16-bit copy have the input channels innermost,
// `padded` of them, of which `channels` are numbers of the weight. weight, first and second are
// fp32 without padding, and where `plane` is above 1 they have the `plane` pixels of a filter
// innermost instead. If 8 divides count, the pointers are aligned to 16 bytes.
struct Weight {
  float *weight, *first, *second;  // first: the velocity of SGD, the mean of AdamW; second: AdamW's
                                   // mean square, null for SGD
  const void* gradient;
  Bits* copy;  // or null
  unsigned count, channels, padded, plane;
  unsigned group;
  unsigned wide;  // whether the gradient is fp32
};

struct Chunk {
  unsigned weight, first;
};

DEVICE Weight load_weight(const Weight* weights, const Chunk& chunk) {
  const Weight w = weights[chunk.weight];
  assume_global(w.weight);
  assume_global(w.first);
  assume_global(w.second);
  assume_global(w.gradient);
  assume_global(w.copy);
  return w;
}

// Whether all of a weight's arrays have its numbers in the same order.
DEVICE bool is_packed(const Weight& w) {
  return w.plane <= 1 && w.channels == w.padded && w.count % 8 == 0;
}

// Where a number of a weight lies.
struct Place {
  size_t master, padded;  // in the fp32 arrays; in the gradient and the copy
  unsigned channel;

  DEVICE Place(const Weight& w, unsigned at) : master(at) {
    channel = at % w.channels;
    const unsigned pixel = at / w.channels;
    padded = static_cast<size_t>(pixel) * w.padded + channel;
    if (w.plane > 1) {
      const size_t filter = pixel / w.plane;
      master = (filter * w.channels + channel) * w.plane + pixel % w.plane;
    }
  }
};

template <class T>
DEVICE float gradient_at(const Weight& w, size_t padded) {
  return w.wide ? static_cast<const float*>(w.gradient)[padded]
                : T::widen(static_cast<const Bits*>(w.gradient)[padded]);
}

// Sets state->nonfinite to 1 if a gradient is infinite or NaN.
template <class T>
DEVICE void finite(const Weight* weights, const Chunk* chunks, State* state) {
  const Chunk chunk = chunks[blockIdx.x];
  const Weight w = load_weight(weights, chunk);
  bool finite = true;
  if (is_packed(w) && !w.wide) {
    const unsigned at = chunk.first + threadIdx.x * 8;
    if (at >= w.count) return;
    const Vector<T, 8> gradient = Vector<T, 8>::load(static_cast<const Bits*>(w.gradient) + at);
#pragma unroll
    for (int i = 0; i < 8; i++) finite &= is_finite(gradient.get(i));
  } else {
    for (unsigned i = threadIdx.x; i < CHUNK && chunk.first + i < w.count; i += THREADS) {
      finite &= is_finite(gradient_at<T>(w, Place(w, chunk.first + i).padded));
    }
  }
  if (!finite) state->nonfinite = 1;
}

// Writes the 16-bit copies, with zeros in their padding.
template <class T>
DEVICE void copy_weights(const Weight* weights, const Chunk* chunks) {
  const Chunk chunk = chunks[blockIdx.x];
  const Weight w = load_weight(weights, chunk);
  if (!w.copy) return;
  for (unsigned i = threadIdx.x; i < CHUNK && chunk.first + i < w.count; i += THREADS) {
    const Place place(w, chunk.first + i);
    w.copy[place.padded] = T::narrow(w.weight[place.master]);
    if (place.channel != w.channels - 1) continue;
    for (unsigned c = 1; c <= w.padded - w.channels; c++) w.copy[place.padded + c] = 0;
  }
}

struct Pair {
  float* to;
  const float* from;
  unsigned count, unused;
};

// to = torch.lerp(to, from, part), where `part` is a scalar of the state: moving averages.
DEVICE void lerp_pairs(const Pair* pairs, const Chunk* chunks, const State* state,
                       unsigned scalar) {
  if (state->nonfinite) return;
  const Chunk chunk = chunks[blockIdx.x];
  const Pair pair = pairs[chunk.weight];
  assume_global(pair.to);
  assume_global(pair.from);
  const float part = state->scalars[scalar];
  for (unsigned i = threadIdx.x; i < CHUNK && chunk.first + i < pair.count; i += THREADS) {
    const unsigned at = chunk.first + i;
    const float from = pair.from[at], to = pair.to[at], way = from - to;
    pair.to[at] = part < 0.5f ? fmaf(way, part, to) : fmaf(-way, 1.0f - part, from);
  }
}
