#include "check.hpp"

template <class T>
struct Kernels {
  using E = typename T::Element;
  void (*forward)(const E*, E*, unsigned, unsigned, unsigned);
  void (*backward)(const E*, const E*, E*, unsigned, unsigned, unsigned);
  void (*pool)(const E*, E*, unsigned, unsigned, unsigned, unsigned);
  void (*pool_backward)(const E*, const E*, E*, unsigned, unsigned, unsigned, unsigned);
};
#define OF(NAME)                                                                     \
  {                                                                                  \
    global_max_##NAME<>, global_max_gradient_##NAME<>, max_pool_##NAME<>,            \
        max_pool_gradient_##NAME<>                                                   \
  }

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
static void check_pool(const Kernels<T>& kernels, const Shape& s, unsigned v, Kind kind) {
  using E = typename T::Element;
  const unsigned c = s.channels, height = s.height / 2, width = s.width / 2;
  const unsigned tiles = (c - 1) / WIDTH + 1, pixels = s.images * height * width;
  const std::string name = "_v" + std::to_string(v) + "_" + Format<T>::name;
  const auto input = random_numbers<T>(size_t(s.images) * s.height * s.width * c, kind);
  const auto grad = random_numbers<T>(size_t(pixels) * c);
  Buffer<E> output(size_t(pixels) * c);
  launch(1 + below(3), tiles, THREADS,
         [&] { kernels.pool(input.data(), output.data(), pixels, c, s.height, s.width); });
  for (bool in_place : {false, true}) {
    Buffer<E> found = input;
    if (!in_place) std::memset(found.data(), 0xff, found.size() * sizeof(E));
    launch(1 + below(3), tiles, THREADS, [&] {
      kernels.pool_backward(in_place ? found.data() : input.data(), grad.data(), found.data(),
                            pixels, c, s.height, s.width);
    });
    Check forward{"max_pool" + name, s.text()};
    Check backward{"max_pool_gradient" + name, s.text() + (in_place ? " in place" : "")};
    // An odd last row or column is in no window.
    for (size_t at = 0; at < found.size(); at++) {
      const size_t column = at / c % s.width, row = at / c / s.width % s.height;
      if (row < 2 * height && column < 2 * width) continue;
      backward.add(T::widen(found[at]), 0, 1e-30);
    }
    for (unsigned p = 0; p < pixels; p++) {
      for (unsigned i = 0; i < c; i++) {
        const auto at = [&](unsigned k) {
          const size_t image = p / width / height;
          const size_t row = p / width % height * 2 + k / 2, column = p % width * 2 + k % 2;
          return ((image * s.height + row) * s.width + column) * c + i;
        };
        unsigned best = 0;
        for (unsigned k = 1; k < 4; k++) {
          if (T::widen(input[at(k)]) > T::widen(input[at(best)])) best = k;
        }
        const size_t to = size_t(p) * c + i;
        forward.add(T::widen(output[to]), T::widen(input[at(best)]), 1e-30);
        for (unsigned k = 0; k < 4; k++) {
          backward.add(T::widen(found[at(k)]), k == best ? T::widen(grad[to]) : 0, 1e-30);
        }
      }
    }
  }
}

template <class T>
static void check_nan(const Kernels<T>& kernels) {
  const unsigned c = 8, pixels = 4;
  Buffer<typename T::Element> input(pixels * c, T::narrow(1)), output(c);
  input[c + 1] = T::narrow(NAN);
  launch(1, 1, THREADS, [&] { kernels.forward(input.data(), output.data(), 1, pixels, c); });
  demand(std::isnan(T::widen(output[1])) && T::widen(output[0]) == 1, "global_max loses a NaN");
  launch(1, 1, THREADS, [&] { kernels.pool(input.data(), output.data(), 1, c, 2, 2); });
  demand(std::isnan(T::widen(output[1])) && T::widen(output[0]) == 1, "max_pool loses a NaN");
}

template <class T, unsigned WIDE>
static void all(const Kernels<T>& wide, const Kernels<T>& single) {
  for_shapes<T, WIDE>([&](const Shape& shape, unsigned v, Kind kind) {
    if (shape.height == 32) return;
    check(v == 1 ? single : wide, shape, v, kind == FAR ? TIES : kind);
    if (shape.height < 2) return;
    check_pool(v == 1 ? single : wide, shape, v, kind == FAR ? TIES : kind);
  });
  check(wide, {17, 512, 4, 4}, WIDE, TIES);
  for (const Shape& shape : {Shape{3, 8, 2, 3}, {3, 8, 3, 2}, {2, 72, 15, 15}}) {
    check_pool(wide, shape, WIDE, NORMAL);
  }
  check_nan(wide);
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
