#include "check.hpp"

// Known answers of Philox4x32-10, as Random123's kat_vectors has them.
static void check_known() {
  const struct {
    Four counter;
    unsigned key0, key1;
    Four answer;
  } known[] = {
      {{{0, 0, 0, 0}}, 0, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{~0u, ~0u, ~0u, ~0u}}, ~0u, ~0u, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
       0xa4093822,
       0x299f31d0,
       {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  };
  Check check{"philox", "known answers"};
  for (const auto& of : known) {
    const Four found = philox(of.counter, of.key0, of.key1);
    for (int i = 0; i < 4; i++) check.add(found.of[i], of.answer.of[i], 1e-9);
  }
}

template <class T>
using Kernel = void (*)(const typename T::Element*, typename T::Element*, const State*,
                        unsigned long long, float, unsigned);

template <class T>
static void check(Kernel<T> kernel) {
  const unsigned long long seed = 0x123456789abcdefull;
  Check check{std::string("dropout_") + Format<T>::name, "with a rest"};
  Buffer<State> state(1, State{});
  for (unsigned count : {1u, 7u, 8u, 9u, 1000u, 2048u, 2049u, 5000u}) {
    for (float keep : {0.25f, 0.9f, 1.0f}) {
      state[0].total = 3 + count;
      const auto x = random_numbers<T>(count);
      Buffer<typename T::Element> y(count), in_place = x;
      const unsigned blocks = (count - 1) / (8 * THREADS) + 1;
      launch(blocks, 1, THREADS,
             [&] { kernel(x.data(), y.data(), state.data(), seed, keep, count); });
      launch(blocks, 1, THREADS, [&] {
        kernel(in_place.data(), in_place.data(), state.data(), seed, keep, count);
      });
      demand(y == in_place, "dropout differs in place");
      for (unsigned i = 0; i < count; i++) {
        const Four random = philox({{i / 4, state[0].total, 0, 0}}, 0x89abcdef, 0x1234567);
        const double expected =
            random.of[i % 4] / 256 < keep * 0x1p24 ? T::widen(x[i]) / keep : 0.0;
        check.add(T::widen(y[i]), expected, allowed<T>(expected, std::fabs(expected)));
      }
    }
  }
}

int main() {
  return run_tests([] {
    check_known();
    check<F16>(dropout_f16<>);
#ifndef QUICK
    check<B16>(dropout_b16<>);
    check<F32>(dropout_f32<>);
#endif
  });
}
