// Stochastic gradient descent with momentum, of all weights in one launch: a block for each CHUNK
// numbers of a weight.

constexpr unsigned CHUNK = 2048;

// A weight of `count` numbers. The gradient and the 16-bit copy have the input channels innermost,
// `padded` of them, of which `channels` are numbers of the weight; the padding of the copy is not
// written. weight and velocity in fp32 have no padding, and where `plane` is above 1 they have the
// `plane` pixels of a filter innermost instead. If 8 divides count, the pointers are aligned to 16
// bytes.
struct Weight {
  float *weight, *velocity;
  const void* gradient;
  Bits* copy;  // or null
  unsigned count, channels, padded, plane;
  unsigned group;
  unsigned wide;  // whether the gradient is fp32
};

struct Chunk {
  unsigned weight, first;
};

DEVICE void descend(float& weight, float& velocity, float gradient, Rate rate, float momentum,
                    bool nesterov) {
  const float change = fmaf(-rate.rate, gradient, -rate.decay * weight);
  velocity = fmaf(momentum, velocity, change);
  weight += nesterov ? fmaf(momentum, velocity, change) : velocity;
}

DEVICE float component(const float4& four, int i) {
  return i == 0 ? four.x : i == 1 ? four.y : i == 2 ? four.z : four.w;
}

template <class T>
DEVICE void sgd(const Weight* weights, const Chunk* chunks, const Rates& rates, float momentum,
                bool nesterov) {
  const Chunk chunk = chunks[blockIdx.x];
  const Weight w = weights[chunk.weight];
  const Rate rate = rates.of[w.group];
  assume_global(w.weight);
  assume_global(w.velocity);
  assume_global(w.gradient);
  assume_global(w.copy);
  const bool packed = w.plane <= 1 && w.channels == w.padded && w.count % 8 == 0;
  if (packed && !w.wide && w.copy) {
    const unsigned at = chunk.first + threadIdx.x * 8;
    if (at >= w.count) return;
    float4* weight = reinterpret_cast<float4*>(w.weight + at);
    float4* velocity = reinterpret_cast<float4*>(w.velocity + at);
    const Vector<T, 8> gradient = Vector<T, 8>::load(static_cast<const Bits*>(w.gradient) + at);
    const float4 old[4] = {weight[0], weight[1], velocity[0], velocity[1]};
    float moved[8], speed[8];
#pragma unroll
    for (int i = 0; i < 8; i++) {
      moved[i] = component(old[i / 4], i % 4);
      speed[i] = component(old[2 + i / 4], i % 4);
      descend(moved[i], speed[i], gradient.get(i), rate, momentum, nesterov);
    }
    weight[0] = make_float4(moved[0], moved[1], moved[2], moved[3]);
    weight[1] = make_float4(moved[4], moved[5], moved[6], moved[7]);
    velocity[0] = make_float4(speed[0], speed[1], speed[2], speed[3]);
    velocity[1] = make_float4(speed[4], speed[5], speed[6], speed[7]);
    Vector<T, 8>::of(moved).store(w.copy + at);
    return;
  }
  for (unsigned i = threadIdx.x; i < CHUNK; i += THREADS) {
    const unsigned at = chunk.first + i;
    if (at >= w.count) return;
    const unsigned channel = at % w.channels, pixel = at / w.channels;
    const size_t padded = static_cast<size_t>(pixel) * w.padded + channel;
    size_t master = at;
    if (w.plane > 1) {
      const size_t filter = pixel / w.plane;
      master = (filter * w.channels + channel) * w.plane + pixel % w.plane;
    }
    const float gradient = w.wide ? static_cast<const float*>(w.gradient)[padded]
                                  : T::widen(static_cast<const Bits*>(w.gradient)[padded]);
    float weight = w.weight[master], velocity = w.velocity[master];
    descend(weight, velocity, gradient, rate, momentum, nesterov);
    w.weight[master] = weight;
    w.velocity[master] = velocity;
    if (w.copy) w.copy[padded] = T::narrow(weight);
  }
}
