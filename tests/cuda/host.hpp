// What the kernels take from CUDA, on a CPU. Only a GPU can tell whether they hold under its memory
// model (here every write is seen at once, so a __threadfence or a __ldcg too few has no effect),
// and whether the PTX lines do what stands here in their place (max.NaN, cvt.rn).
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

#ifdef FAST
#include "fast.hpp"
#else
#include "emulator.hpp"
#endif

#define DEVICE inline
// A template, so that a test compiles no kernel but its own.
#define KERNEL(threads, blocks) \
  template <class = void>       \
  inline void
#define KERNEL_CONSTANT const
#ifdef FAST
#define SHARED(type, name, count) alignas(16) static type name[count]
#define __syncthreads() emulator::barrier()
#else
#define SHARED(type, name, count) emulator::Shared<type> name(__FILE__, __LINE__, count)
#define __syncthreads() emulator::barrier(__LINE__)
#endif

struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }

namespace emulator {

template <class To, class From>
To bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

inline float from_f16(unsigned number) {
  const unsigned sign = (number & 0x8000u) << 16, rest = number & 0x7fffu;
  if (rest >= 0x7c00u) return bits<float>(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
  const float size = bits<float>(rest << 13) * 0x1p112f;
  return bits<float>(sign | bits<unsigned>(size));
}

inline unsigned to_f16(float number) {
  const unsigned all = bits<unsigned>(number), sign = all >> 16 & 0x8000u, rest = all & 0x7fffffffu;
  if (rest > 0x7f800000u) return 0x7fffu;
  if (rest >= 0x477ff000u) return sign | 0x7c00u;
  if (rest < 0x38800000u) {
    return sign | (bits<unsigned>(bits<float>(rest) + 0.5f) - 0x3f000000u);
  }
  return sign | ((rest + 0xfffu + (rest >> 13 & 1u) - 0x38000000u) >> 13);
}

inline unsigned to_b16(float number) {
  const unsigned all = bits<unsigned>(number);
  if (number != number) return 0x7fffu;
  return (all + 0x7fffu + (all >> 16 & 1u)) >> 16;
}

}  // namespace emulator

inline void __threadfence() {}
inline unsigned atomicAdd(unsigned* to, unsigned more) {
  const unsigned old = *to;
  *to += more;
  return old;
}
inline float4 __ldcg(const float4* from) { return *from; }
inline float __uint_as_float(unsigned all) { return emulator::bits<float>(all); }
template <class E>
E __shfl_xor_sync(unsigned, E value, unsigned with) {
  return emulator::bits<E>(emulator::exchange(emulator::bits<unsigned>(value), with));
}
