#include "check.hpp"

template <class T>
struct Kernels {
  using E = typename T::Element;
  void (*forward)(const E*, E*, unsigned, unsigned, unsigned);
  void (*backward)(const E*, const E*, E*, unsigned, unsigned, unsigned);
};
#define OF(NAME) {global_max_##NAME<>, global_max_gradient_##NAME<>}

template <class T>
static void check(const Kernels<T>& kernels, const Shape& s, unsigned v, Kind kind) {
  using E = typename T::Element;
  const unsigned c = s.channels, pixels = s.height * s.width;
  const unsigned blocks = (s.images * (c / v) - 1) / THREADS + 1;
  const std::string name = "_v" + std::to_string(v) + "_" + Format<T>::name;
  const auto input = random_numbers<T>(size_t(s.images) * pixels * c, kind);
  const auto grad = random_numbers<T>(s.images * c);
  Buffer<E> output(s.images * c);
  launch(blocks, 1, THREADS,
         [&] { kernels.forward(input.data(), output.data(), s.images, pixels, c); });
  for (bool in_place : {false, true}) {
    Buffer<E> found = input;
    if (!in_place) std::memset(found.data(), 0xff, found.size() * sizeof(E));
    launch(blocks, 1, THREADS, [&] {
      kernels.backward(in_place ? found.data() : input.data(), grad.data(), found.data(), s.images,
                       pixels, c);
    });
    Check forward{"global_max" + name, s.text()};
    Check backward{"global_max_gradient" + name, s.text() + (in_place ? " in place" : "")};
    for (unsigned n = 0; n < s.images; n++) {
      for (unsigned i = 0; i < c; i++) {
        const auto at = [&](unsigned p) { return (size_t(n) * pixels + p) * c + i; };
        unsigned best = 0;
        for (unsigned p = 1; p < pixels; p++) {
          if (T::widen(input[at(p)]) > T::widen(input[at(best)])) best = p;
        }
        forward.add(T::widen(output[n * c + i]), T::widen(input[at(best)]), 1e-30);
        for (unsigned p = 0; p < pixels; p++) {
          const double expected = p == best ? T::widen(grad[n * c + i]) : 0;
          backward.add(T::widen(found[at(p)]), expected, 1e-30);
        }
      }
    }
  }
}

template <class T>
static void check_nan(const Kernels<T>& kernels) {
  const unsigned c = 8, pixels = 3;
  Buffer<typename T::Element> input(pixels * c, T::narrow(1)), output(c);
  input[c + 1] = T::narrow(NAN);
  launch(1, 1, THREADS, [&] { kernels.forward(input.data(), output.data(), 1, pixels, c); });
  demand(std::isnan(T::widen(output[1])) && T::widen(output[0]) == 1, "global_max loses a NaN");
}

template <class T, unsigned WIDE>
static void all(const Kernels<T>& wide, const Kernels<T>& single) {
  for_shapes<T, WIDE>([&](const Shape& shape, unsigned v, Kind kind) {
    if (shape.height == 32) return;
    check(v == 1 ? single : wide, shape, v, kind == FAR ? TIES : kind);
  });
  check(wide, {17, 512, 4, 4}, WIDE, TIES);
  check_nan(wide);
}

int main() {
  return run_tests([] {
    all<F16, 8>(OF(v8_f16), OF(v1_f16));
#ifndef QUICK
    all<B16, 8>(OF(v8_b16), OF(v1_b16));
#endif
  });
}
