#include "check.hpp"

template <class T>
using Kernel = void (*)(const typename T::Element*, const long long*, typename T::Element*, State*,
                        unsigned, unsigned, float);

static void begin(State& state, float grad_scale) {
  state = {};
  state.sums[0] = 5;
  state.sums[1] = 7;
  state.grad_scale = grad_scale;
}

template <class T>
static void check(Kernel<T> kernel, const char* lanes, unsigned count, unsigned classes,
                  float smoothing, Kind kind) {
  const std::string name = std::string("cross_entropy_") + lanes + "_" + Format<T>::name;
  const float grad_scale = 0.25f;
  auto logits = random_numbers<T>(size_t(count) * classes, kind);
  Buffer<long long> labels(count);
  for (long long& label : labels) label = below(classes);
  // A class that cannot be, which costs nothing where it has no part in the loss.
  if (smoothing == 0 && classes > 1) {
    logits[labels[0] == 0] = T::narrow(-INFINITY);
  }
  Buffer<State> state(1);
  Buffer<typename T::Element> grad(logits.size()), first(logits.size());
  for (unsigned seed = 0; seed < seeds(); seed++) {
    emulator::seed(seed);
    begin(state[0], grad_scale);
    launch(1, 1, EXAMPLES, [&] {
      kernel(logits.data(), labels.data(), grad.data(), state.data(), count, classes,
             smoothing);
    });
    if (seed == 0) first = grad;
    demand(grad == first, name + " differs by the order of threads");
  }
  Check check{name, std::to_string(count) + "x" + std::to_string(classes) +
                        (smoothing > 0 ? " smoothing" : "")};
  double loss = 0, right = 0;
  std::vector<double> z(classes);
  for (unsigned n = 0; n < count; n++) {
    const size_t row = size_t(n) * classes;
    for (unsigned i = 0; i < classes; i++) z[i] = T::widen(logits[row + i]);
    const unsigned best = std::max_element(z.begin(), z.end()) - z.begin();
    double sum = 0;
    for (double number : z) sum += std::exp(number - z[best]);
    for (unsigned i = 0; i < classes; i++) {
      const double log = z[i] - z[best] - std::log(sum);
      const double target = smoothing / classes + (int(i) == labels[n] ? 1 - smoothing : 0);
      const double expected = (std::exp(log) - target) * grad_scale;
      if (target > 0) loss -= target * log;
      check.add(T::widen(grad[row + i]), expected,
                allowed<T>(expected, std::exp(log) + target) + 1e-6 * std::exp(log));
    }
    right += int(best) == labels[n];
  }
  check.add(state[0].sums[0] - 5, loss, 2e-6 * (loss + count * 0.1));
  check.add(state[0].sums[1] - 7, right, 1e-9);
  Buffer<State> other(1);
  begin(other[0], grad_scale);
  launch(1, 1, EXAMPLES, [&] {
    kernel(logits.data(), labels.data(), nullptr, other.data(), count, classes, smoothing);
  });
  demand(other == state,
         name + " differs without a gradient");
}

template <class T>
static void all(Kernel<T> thread, Kernel<T> warp) {
  for (unsigned count : {1u, 3u, 17u, 100u, 700u}) {
    for (unsigned classes : {1u, 2u, 10u, 33u, 300u}) {
      if (count * classes > (quick ? 3000 : 10000)) continue;
      for (bool by_warp : {false, true}) {
        check<T>(by_warp ? warp : thread, by_warp ? "warp" : "thread", count, classes, 0, NORMAL);
        check<T>(by_warp ? warp : thread, by_warp ? "warp" : "thread", count, classes, 0.2f, TIES);
      }
    }
  }
}

int main() {
  return run_tests([] {
    all<F16>(cross_entropy_thread_f16<>, cross_entropy_warp_f16<>);
#ifndef QUICK
    all<B16>(cross_entropy_thread_b16<>, cross_entropy_warp_b16<>);
    all<F32>(cross_entropy_thread_f32<>, cross_entropy_warp_f32<>);
#endif
  });
}
