// What the kernels take from CUDA. A host that runs them on a CPU defines the same names itself.

#ifdef __CUDACC__
#define DEVICE __device__ __forceinline__
// `blocks`: how many of them a multiprocessor has to have room for.
#define KERNEL(threads, blocks) extern "C" __global__ void __launch_bounds__(threads, blocks)
#define SHARED(type, name, count) __shared__ __align__(16) type name[count]
#define KERNEL_CONSTANT const __grid_constant__
#endif

// max(a, b); NaN if either is NaN, so that a net that has diverged shows it behind a pool or a
// ReLU.
DEVICE float max_nan(float a, float b) {
#ifdef __CUDACC__
  float c;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(c) : "f"(a), "f"(b));
  return c;
#else
  return a != a || b != b ? a + b : a > b ? a : b;
#endif
}

// min(a, b), NaN likewise.
DEVICE float min_nan(float a, float b) {
#ifdef __CUDACC__
  float c;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(c) : "f"(a), "f"(b));
  return c;
#else
  return a != a || b != b ? a + b : a < b ? a : b;
#endif
}

// 1 / x, off by one unit in the last place.
DEVICE float reciprocal(float x) {
#ifdef __CUDACC__
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
#else
  return 1.0f / x;
#endif
}

DEVICE bool is_finite(float number) { return number - number == 0.0f; }

// Tells the compiler that a pointer read from memory points to global memory.
DEVICE void assume_global([[maybe_unused]] const void* pointer) {
#ifdef __CUDACC__
  __builtin_assume(__isGlobal(pointer));
#endif
}
