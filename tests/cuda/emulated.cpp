// The kernels on the CPU as a library with one function, which takes what cuLaunchKernel takes.
// With FAST defined it is for whole trainings, and what a kernel does wrong stays unseen.
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "kernels.hpp"

using Call = std::function<void(void**)>;

template <class... A, size_t... I>
static Call call(void (*kernel)(A...), std::index_sequence<I...>) {
  return [kernel](void** args) { kernel(*static_cast<A*>(args[I])...); };
}

template <class... A>
static Call of(void (*kernel)(A...)) {
  return call(kernel, std::index_sequence_for<A...>());
}

#define ONE(NAME) {#NAME, of(NAME<>)}
#define LAYERS(NAME)                                                                         \
  ONE(statistics_##NAME), ONE(normalise_##NAME), ONE(normalise_pool_##NAME),                 \
      ONE(gradient_sums_##NAME), ONE(gradient_sums_pool_##NAME), ONE(gradient_input_##NAME), \
      ONE(gradient_input_pool_##NAME), ONE(max_pool_##NAME), ONE(max_pool_gradient_##NAME),  \
      ONE(global_max_##NAME), ONE(global_max_gradient_##NAME)
#define ALL(V, NAME)                                                                        \
  LAYERS(v##V##_##NAME), LAYERS(v1_##NAME), ONE(dropout_##NAME),                            \
      ONE(cross_entropy_thread_##NAME), ONE(cross_entropy_warp_##NAME), ONE(augment_##NAME)
#define WEIGHTS(NAME)                                                              \
  ONE(sgd_##NAME), ONE(adamw_##NAME), ONE(finite_##NAME), ONE(copy_weights_##NAME)

static const std::map<std::string, Call> kernels = {
    ALL(8, f16), ALL(8, b16), ALL(4, f32), WEIGHTS(f16), WEIGHTS(b16), ONE(lerp), ONE(advance),
};

// 0, or 1 if there is no such kernel. Several threads may call it: one kernel runs at a time.
extern "C" [[gnu::visibility("default")]] int launch(const char* name, unsigned blocks_x,
                                                       unsigned blocks_y, unsigned threads,
                                                       void** args) {
  static std::mutex one;
  const std::lock_guard lock(one);
  const auto found = kernels.find(name);
  if (found == kernels.end()) return 1;
  emulator::launch(blocks_x, blocks_y, threads, [&] { found->second(args); });
  return 0;
}
