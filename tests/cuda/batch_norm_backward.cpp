#include "batch_norm.hpp"

template <class T>
struct Kernels {
  using E = typename T::Element;
  void (*sums[2])(const E*, const E*, const E*, const float*, const float*, float*, float*, float*,
                  float*, unsigned*, unsigned, unsigned, unsigned, unsigned, float);
  void (*input[2])(const E*, const E*, const E*, E*, const float*, const float*, unsigned, unsigned,
                   unsigned, unsigned, float);
};
#define OF(NAME)                                             \
  {                                                          \
    {gradient_sums_##NAME<>, gradient_sums_pool_##NAME<>}, { \
      gradient_input_##NAME<>, gradient_input_pool_##NAME<>  \
    }                                                        \
  }

// One of the backward passes: its operands, and what has to come of them.
template <class T>
struct Backward {
  const Kernels<T>& kernels;
  const Tail<T>& tail;
  bool two;
  std::string name, where;
  const Layer<T>& layer = tail.layer;
  unsigned c = layer.channels;
  Buffer<typename T::Element> grad = random_numbers<T>(size_t(tail.pixels) * c);
  Buffer<typename T::Element> second = random_numbers<T>(size_t(tail.pixels) * c);
  Buffer<float> factors{3 * c};
  // By number of the output: the pixel of the input that it is of, and the slope there.
  std::vector<unsigned> routes = std::vector<unsigned>(grad.size());
  std::vector<double> slopes = std::vector<double>(grad.size());
  // The means over the input's pixels of g, g z, and of their sizes, where z is the input
  // normalised.
  std::vector<double> g_mean = std::vector<double>(c), gz_mean = g_mean;
  std::vector<double> g_size = g_mean, gz_size = g_mean;

  double gradient(unsigned pixel, unsigned channel) const {
    const size_t at = size_t(pixel) * c + channel;
    return T::widen(grad[at]) + (two ? double(T::widen(second[at])) : 0.0);
  }
  // What the size of a routed gradient is at least, for the error of its slope.
  double size(unsigned pixel, unsigned channel) const {
    const double slope = slopes[size_t(pixel) * c + channel];
    return std::fabs(gradient(pixel, channel)) *
           std::max(std::fabs(slope), tail.activation.curved() ? 1.0 : 0.0);
  }
  double normalised(unsigned pixel, unsigned channel) const {
    return (layer.at(pixel, channel) - layer.moments[channel]) * layer.moments[c + channel];
  }
  void expect() {
    for (unsigned i = 0; i < c; i++) {
      for (unsigned p = 0; p < tail.pixels; p++) {
        double value;
        const size_t number = size_t(p) * c + i;
        const unsigned at = routes[number] = tail.route(p, i, value, slopes[number]);
        const double g = gradient(p, i) * slopes[number], z = normalised(at, i), gz = g * z;
        g_mean[i] += g / layer.pixels;
        gz_mean[i] += gz / layer.pixels;
        g_size[i] += size(p, i) / layer.pixels;
        gz_size[i] += size(p, i) * std::fabs(z) / layer.pixels;
      }
    }
  }
  void check_sums() {
    const unsigned blocks = (layer.least + tail.corners - 1) / tail.corners + below(5);
    Buffer<unsigned> tickets(layer.tiles, 0);
    Buffer<float> by_gamma(c), by_beta(c);
    for (unsigned seed = 0; seed < seeds(); seed++) {
      emulator::seed(100 + seed);
      Buffer<float> grad_gamma(c), grad_beta(c), found(3 * c);
      Buffer<float> partials(size_t(layer.tiles) * blocks * 2 * WIDTH);
      launch(blocks, layer.tiles, THREADS, [&] {
        kernels.sums[tail.pool](layer.input.data(), grad.data(), two ? second.data() : nullptr,
                                layer.moments.data(), layer.gamma.data(), grad_gamma.data(),
                                grad_beta.data(), found.data(), partials.data(), tickets.data(),
                                tail.pixels, c, tail.width, tail.activation.kind,
                                tail.activation.parameter);
      });
      demand(tickets == Buffer<unsigned>(layer.tiles, 0), "gradient_sums leaves tickets");
      if (seed == 0) {
        factors = found;
        by_gamma = grad_gamma;
        by_beta = grad_beta;
      }
      demand(found == factors && grad_gamma == by_gamma && grad_beta == by_beta,
             "gradient_sums" + name + " differs by the order of threads");
    }
    Check check{"gradient_sums" + name, where + " blocks " + std::to_string(blocks)};
    const double count = layer.pixels;
    for (unsigned i = 0; i < c; i++) {
      check.add(by_beta[i], count * g_mean[i], 2e-6 * count * g_size[i] + 1e-30);
      check.add(by_gamma[i], count * gz_mean[i], 2e-6 * count * gz_size[i] + 1e-30);
    }
  }
  void check_input(bool in_place) {
    Buffer<typename T::Element> found = layer.input;
    if (!in_place) std::memset(found.data(), 0xff, found.size() * sizeof(typename T::Element));
    const unsigned blocks = 1 + below(layer.least + 5);
    emulator::seed(blocks);
    launch(blocks, layer.tiles, THREADS, [&] {
      kernels.input[tail.pool](in_place ? found.data() : layer.input.data(), grad.data(),
                               two ? second.data() : nullptr, found.data(), layer.moments.data(),
                               factors.data(), tail.pixels, c, tail.width, tail.activation.kind,
                               tail.activation.parameter);
    });
    Check check{"gradient_input" + name,
                where + (in_place ? " in place" : "") + " blocks " + std::to_string(blocks)};
    for (unsigned p = 0; p < tail.pixels; p++) {
      for (unsigned i = 0; i < c; i++) {
        const size_t number = size_t(p) * c + i;
        const unsigned routed = routes[number];
        const double mean = layer.moments[i], inverse = layer.moments[c + i];
        const double a = layer.gamma[i] * inverse;
        for (unsigned k = 0; k < tail.corners; k++) {
          const unsigned at = tail.source(p, k);
          const double own = at == routed ? gradient(p, i) * slopes[number] : 0;
          const double own_size = at == routed ? size(p, i) : 0, z = normalised(at, i);
          const double expected = a * (own - g_mean[i] - z * gz_mean[i]);
          const double offset = (std::fabs(layer.at(at, i)) + std::fabs(mean)) * inverse;
          const double terms = own_size + g_size[i] + std::fabs(z) * gz_size[i] +
                               offset * std::fabs(gz_mean[i]);
          check.add(T::widen(found[size_t(at) * c + i]), expected,
                    allowed<T>(expected, std::fabs(a) * terms));
        }
      }
    }
  }
};

template <class T, unsigned WIDE>
static void all(const Kernels<T>& wide, const Kernels<T>& single) {
  for_shapes<T, WIDE>([&](const Shape& shape, unsigned v, Kind kind) {
    const Layer<T> layer(shape, v, kind);
    for_tails<T>(layer, [&](const Tail<T>& tail, bool two, const std::string& where) {
      Backward<T> pass{v == 1 ? single : wide, tail, two, (tail.pool ? "_pool" : "") + layer.name,
                       where};
      pass.expect();
      pass.check_sums();
      pass.check_input(two != tail.pool);
    });
  });
}

int main() {
  return run_tests([] {
    all<F16, 8>(OF(v8_f16), OF(v1_f16));
#ifndef QUICK
    all<B16, 8>(OF(v8_b16), OF(v1_b16));
    all<F32, 4>(OF(v4_f32), OF(v1_f32));
#endif
  });
}
