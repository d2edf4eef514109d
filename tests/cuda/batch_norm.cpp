#include "batch_norm.hpp"

template <class T>
struct Kernels {
  using E = typename T::Element;
  void (*statistics)(const E*, const float*, const float*, float*, float*, float*, float*,
                     unsigned*, unsigned, unsigned, double, double);
  void (*normalise[2])(const E*, E*, const E*, const float*, unsigned, unsigned, unsigned,
                       unsigned, float);
};
#define OF(NAME)                                                         \
  {                                                                      \
    statistics_##NAME<>, { normalise_##NAME<>, normalise_pool_##NAME<> } \
  }

template <class T>
static void check_statistics(const Kernels<T>& kernels, const Layer<T>& layer) {
  const unsigned c = layer.channels;
  const double count = layer.pixels;
  const Buffer<float> running = random_floats(2 * c);
  Buffer<unsigned> tickets(layer.tiles, 0);
  for (unsigned blocks : {layer.least, layer.least + below(6)}) {
    Buffer<float> first(4 * c);
    for (unsigned seed = 0; seed < seeds(); seed++) {
      emulator::seed(seed);
      Buffer<float> moved = running, moments(4 * c);
      Buffer<float> partials(size_t(layer.tiles) * blocks * 2 * WIDTH);
      launch(blocks, layer.tiles, THREADS, [&] {
        kernels.statistics(layer.input.data(), layer.gamma.data(), layer.beta.data(), moved.data(),
                           moved.data() + c, moments.data(), partials.data(), tickets.data(),
                           layer.pixels, c, 0.1, layer.EPS);
      });
      const std::string name = "statistics" + layer.name;
      demand(tickets == Buffer<unsigned>(layer.tiles, 0), name + " leaves tickets");
      if (seed > 0) {
        demand(moments == first, name + " differs by the order of threads");
        continue;
      }
      first = moments;
      Check check{name, layer.shape.text() + " blocks " + std::to_string(blocks)};
      for (unsigned i = 0; i < c; i++) {
        const double mean = layer.moments[i], inverse = layer.moments[c + i];
        const double scale = layer.scale(i), shift = layer.shift(i);
        const double deviation = std::sqrt(layer.var[i]);
        const double unbiased = layer.var[i] * count / std::max(1.0, count - 1);
        check.add(moments[i], mean, 1e-6 * (std::fabs(mean) + deviation) + 1e-30);
        check.add(moments[c + i], inverse, 4e-6 * inverse);
        check.add(moments[2 * c + i], scale, 4e-6 * std::fabs(scale) + 1e-30);
        check.add(moments[3 * c + i], shift,
                  4e-6 * (std::fabs(layer.beta[i]) + std::fabs(scale * mean)) +
                      1e-6 * std::fabs(scale) * deviation + 1e-30);
        check.add(moved[i], 0.9 * running[i] + 0.1 * mean,
                  1e-6 * (std::fabs(running[i]) + std::fabs(mean) + deviation));
        check.add(moved[c + i], 0.9 * running[c + i] + 0.1 * unbiased,
                  2e-6 * (std::fabs(running[c + i]) + unbiased));
      }
    }
  }
}

template <class T>
static void check_normalise(const Kernels<T>& kernels, const Layer<T>& layer) {
  const unsigned c = layer.channels;
  for_tails<T>(layer, [&](const Tail<T>& tail, bool two, const std::string& where) {
    const auto residual = random_numbers<T>(size_t(tail.pixels) * c);
    Buffer<typename T::Element> output(size_t(tail.pixels) * c);
    const unsigned blocks = 1 + below(layer.least + 5);
    emulator::seed(blocks);
    launch(blocks, layer.tiles, THREADS, [&] {
      kernels.normalise[tail.pool](layer.input.data(), output.data(),
                                   two ? residual.data() : nullptr, layer.moments.data(),
                                   tail.pixels, c, tail.width, tail.activation.kind,
                                   tail.activation.parameter);
    });
    Check check{std::string("normalise") + (tail.pool ? "_pool" : "") + layer.name,
                where + " blocks " + std::to_string(blocks)};
    for (unsigned p = 0; p < tail.pixels; p++) {
      for (unsigned i = 0; i < c; i++) {
        const size_t at = size_t(p) * c + i;
        double value, slope;
        const unsigned from = tail.route(p, i, value, slope);
        const double product = layer.at(from, i) * layer.scale(i);
        const double more = two ? T::widen(residual[at]) : 0;
        const double terms = std::fabs(product) + std::fabs(layer.shift(i)) + std::fabs(more) +
                             tail.activation.curved();
        check.add(T::widen(output[at]), value + more, allowed<T>(value + more, terms));
      }
    }
  });
}

// NaN goes through pool and activation.
template <class T>
static void check_nan(const Kernels<T>& kernels) {
  const unsigned c = 8, pixels = 4;
  Buffer<typename T::Element> input(pixels * 4 * c, T::narrow(1)), output(pixels * c);
  input[c + 1] = T::narrow(NAN);
  const Buffer<float> moments(4 * c, 1.0f);
  for (bool pool : {false, true}) {
    for (const Applied& activation : applied) {
      launch(1, 1, THREADS, [&] {
        kernels.normalise[pool](input.data(), output.data(), nullptr, moments.data(), pixels, c, 2,
                                activation.kind, activation.parameter);
      });
      const unsigned at = pool ? 1 : c + 1;
      demand(std::isnan(T::widen(output[at])) && !std::isnan(T::widen(output[0])),
             "normalise loses a NaN:" + activation.text());
    }
  }
}

// Whatever block comes last: it finds what all others have written.
template <class T>
static void check_last_block(const Kernels<T>& kernels, unsigned v) {
  const Layer<T> layer({1, 8, 8, 8}, v, NORMAL);
  Buffer<float> first(4 * 8), running(2 * 8, 0.0f);
  Buffer<unsigned> tickets(1, 0);
  for (unsigned seed = 0; seed < 400; seed++) {
    emulator::seed(seed);
    Buffer<float> moments(4 * 8), partials(2 * 2 * WIDTH);
    launch(2, 1, THREADS, [&] {
      kernels.statistics(layer.input.data(), layer.gamma.data(), layer.beta.data(), running.data(),
                         running.data() + 8, moments.data(), partials.data(), tickets.data(),
                         layer.pixels, 8, 0.1, layer.EPS);
    });
    if (seed == 0) first = moments;
    demand(moments == first, "statistics: the last block does not find what others wrote");
  }
}

template <class T, unsigned WIDE>
static void all(const Kernels<T>& wide, const Kernels<T>& single) {
  for_shapes<T, WIDE>([&](const Shape& shape, unsigned v, Kind kind) {
    const Layer<T> layer(shape, v, kind);
    check_statistics(v == 1 ? single : wide, layer);
    check_normalise(v == 1 ? single : wide, layer);
  });
  check_nan<T>(wide);
  check_last_block<T>(wide, WIDE);
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
