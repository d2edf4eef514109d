// Number formats: fp16, bf16 and fp32. Arithmetic is in fp32; numbers are converted when they are
// loaded and rounded to nearest, ties to even, when they are stored. A pair of 16-bit numbers has
// the first one in its low half.

typedef unsigned short Bits;

struct F16 {
  typedef Bits Element;

#ifdef __CUDACC__
  static DEVICE float low(unsigned pair) {
    float number;
    asm("{ .reg .b16 a, b; mov.b32 {a, b}, %1; cvt.f32.f16 %0, a; }" : "=f"(number) : "r"(pair));
    return number;
  }
  static DEVICE float high(unsigned pair) {
    float number;
    asm("{ .reg .b16 a, b; mov.b32 {a, b}, %1; cvt.f32.f16 %0, b; }" : "=f"(number) : "r"(pair));
    return number;
  }
  static DEVICE unsigned pack(float low, float high) {
    unsigned pair;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
  }
#else
  static float low(unsigned pair) { return emulator::from_f16(pair); }
  static float high(unsigned pair) { return emulator::from_f16(pair >> 16); }
  static unsigned pack(float low, float high) {
    return emulator::to_f16(low) | emulator::to_f16(high) << 16;
  }
#endif
  static DEVICE float widen(Bits number) { return low(number); }
  static DEVICE Bits narrow(float number) { return static_cast<Bits>(pack(number, 0.0f)); }
};

struct B16 {
  typedef Bits Element;

  static DEVICE float low(unsigned pair) { return __uint_as_float(pair << 16); }
  static DEVICE float high(unsigned pair) { return __uint_as_float(pair & 0xffff0000u); }
#ifdef __CUDACC__
  static DEVICE unsigned pack(float low, float high) {
    unsigned pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
  }
#else
  static unsigned pack(float low, float high) {
    return emulator::to_b16(low) | emulator::to_b16(high) << 16;
  }
#endif
  static DEVICE float widen(Bits number) { return low(number); }
  static DEVICE Bits narrow(float number) { return static_cast<Bits>(pack(number, 0.0f)); }
};

struct F32 {
  typedef float Element;

  static DEVICE float widen(float number) { return number; }
  static DEVICE float narrow(float number) { return number; }
};

// V numbers of neighbouring channels as they lie in memory: accessed by 16 bytes, to which they have
// to be aligned, or 1.
template <class T, int V>
struct Vector {
  unsigned words[(V + 1) / 2];

  static DEVICE Vector load(const Bits* from) {
    Vector vector;
    if constexpr (V == 8) {
      const uint4 all = *reinterpret_cast<const uint4*>(from);
      vector.words[0] = all.x;
      vector.words[1] = all.y;
      vector.words[2] = all.z;
      vector.words[3] = all.w;
    } else {
      vector.words[0] = *from;
    }
    return vector;
  }
  DEVICE void store(Bits* to) const {
    if constexpr (V == 8) {
      *reinterpret_cast<uint4*>(to) = make_uint4(words[0], words[1], words[2], words[3]);
    } else {
      *to = static_cast<Bits>(words[0]);
    }
  }
  DEVICE float get(int i) const {
    return i % 2 == 0 ? T::low(words[i / 2]) : T::high(words[i / 2]);
  }
  static DEVICE Vector of(const float (&numbers)[V]) {
    Vector vector;
#pragma unroll
    for (int i = 0; i < V; i += 2) {
      vector.words[i / 2] = T::pack(numbers[i], i + 1 < V ? numbers[i + 1 < V ? i + 1 : i] : 0.0f);
    }
    return vector;
  }
};

template <int V>
struct Vector<F32, V> {
  float numbers[V];

  static DEVICE Vector load(const float* from) {
    Vector vector;
    if constexpr (V % 4 == 0) {
#pragma unroll
      for (int i = 0; i < V; i += 4) {
        const float4 four = reinterpret_cast<const float4*>(from)[i / 4];
        vector.numbers[i] = four.x;
        vector.numbers[i + 1] = four.y;
        vector.numbers[i + 2] = four.z;
        vector.numbers[i + 3] = four.w;
      }
    } else {
      vector.numbers[0] = *from;
    }
    return vector;
  }
  DEVICE void store(float* to) const {
    if constexpr (V % 4 == 0) {
#pragma unroll
      for (int i = 0; i < V; i += 4) {
        reinterpret_cast<float4*>(to)[i / 4] =
            make_float4(numbers[i], numbers[i + 1], numbers[i + 2], numbers[i + 3]);
      }
    } else {
      *to = numbers[0];
    }
  }
  DEVICE float get(int i) const { return numbers[i]; }
  static DEVICE Vector of(const float (&numbers)[V]) {
    Vector vector;
#pragma unroll
    for (int i = 0; i < V; i++) vector.numbers[i] = numbers[i];
    return vector;
  }
};
